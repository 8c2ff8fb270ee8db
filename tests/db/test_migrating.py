"""From one version of the schema to the next: all of it or nothing, and never without a backup."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from rs_governance.db import SCHEMA, STORE_FILE, Base, open_store
from rs_governance.db.checking import check_database
from rs_governance.db.copying import read_backup
from rs_governance.db.creating import stamp
from rs_governance.db.migrating import MIGRATIONS, differences, run_migrations, upgrade_store
from rs_governance.db.migrations import __file__ as migrations_file
from rs_governance.errors import StoreInvalid

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("clues", sa.Column("mood", sa.Text()))
    with op.batch_alter_table("cases", recreate="always") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), server_default="red", nullable=False))
    with op.batch_alter_table("events", recreate="always") as batch:
        batch.add_column(sa.Column("place", sa.Text()))
    {last}
"""


@pytest.fixture
def next_version(tmp_path):
    """Function that writes steps which go one further than the program's."""

    def write(last: str = "pass") -> str:
        folder = tmp_path / "steps"
        (folder / "versions").mkdir(parents=True)
        ours = Path(migrations_file).parent
        for file in (ours / "env.py", *(ours / "versions").glob("*.py")):
            (folder / file.relative_to(ours)).write_text(file.read_text("utf-8"), "utf-8")
        (folder / "versions" / "0002_next.py").write_text(NEXT.format(last=last))
        return str(folder)

    return write


def lines_of(engine: sa.Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").all()
    return {name: sorted(re.sub(r",?\s*$", "", line) for line in sql.splitlines()) for name, sql in rows}


def test_the_steps_lead_to_the_models() -> None:
    migrated, made = sa.create_engine("sqlite://"), sa.create_engine("sqlite://")
    with migrated.begin() as connection:
        stamp(connection)
        connection.exec_driver_sql("DELETE FROM alembic_version")
        run_migrations(connection)
        assert differences(connection) == []
    with made.begin() as connection:
        Base.metadata.create_all(connection)
        stamp(connection)
    assert lines_of(migrated) == lines_of(made), (
        "write the next step: python -m rs_governance.db.migrations 'what changed'"
    )


def test_the_program_knows_the_last_step() -> None:
    package, folder = MIGRATIONS.split(":")
    script = ScriptDirectory(str(Path(migrations_file).parent))
    assert (package, folder) == ("rs_governance.db", "migrations")
    assert script.get_heads() == [SCHEMA]
    revisions = [each.revision for each in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True), "revisions are compared as texts"


def test_an_upgrade_keeps_rows_guards_and_indices(store, next_version, tmp_path, now) -> None:
    assert upgrade_store(store.folder, backups=tmp_path / "backups", now=now).backup is None
    done = upgrade_store(store.folder, backups=tmp_path / "backups", now=now, migrations=next_version(), schema="0002")
    assert (done.found, done.made) == ("0001", "0002")
    assert done.backup is not None
    assert read_backup(done.backup.folder).schema == "0001"
    assert check_database(store) == []
    with store.read() as session:
        assert session.execute(sa.text("SELECT number, colour FROM cases")).all() == [
            ("C0", "red"), ("C1", "red"), ("C2", "red")
        ]  # fmt: skip
        assert session.execute(sa.text("SELECT count(*) FROM rtree_cases_outline")).scalar() == 3
    with pytest.raises(sa.exc.IntegrityError), store.write() as session:
        session.execute(sa.text("DELETE FROM events"))


def test_a_newer_store_is_refused_and_says_why(store, next_version, tmp_path, now) -> None:
    steps = next_version()
    upgrade_store(store.folder, backups=tmp_path / "backups", now=now, migrations=steps, schema="0002")
    with pytest.raises(StoreInvalid, match=r"newer version 0002.*install the newer program"):
        open_store(store.folder)
    with pytest.raises(StoreInvalid, match="newer version 0002"):
        upgrade_store(store.folder, backups=tmp_path / "backups", now=now)


def test_an_older_store_asks_for_the_upgrade(store) -> None:
    with store.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StoreInvalid, match=r"older version 0000.*rsg db upgrade"):
        open_store(store.folder)


@pytest.mark.parametrize(
    ("last", "error"),
    [
        ("raise RuntimeError('half-way')", RuntimeError),
        (
            "op.execute(\"INSERT INTO findings SELECT 1,'i','s',0,99,NULL,1,'k','t','u','v',0,0,'','','','','','','','',x''\")",
            Exception,
        ),
    ],
)
def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    store, next_version, tmp_path, now, dump, last, error
) -> None:
    before = dump(store.folder / STORE_FILE)
    with pytest.raises(error):
        upgrade_store(store.folder, backups=tmp_path / "backups", now=now, migrations=next_version(last), schema="0002")
    assert dump(store.folder / STORE_FILE) == before
    assert open_store(store.folder).setting("district_code") == "450108"
