"""Runs inside a transaction that `rs_governance.db.migrating` began; alembic begins none of its own."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from rs_governance.db.base import Base
from rs_governance.db.guards import VERSION_TABLE
from rs_governance.db.types import Moment, Outline, Plain


def _render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, Outline | Moment | Plain):
        autogen.imports.add("from rs_governance.db import types")
        argument = repr(item.kind) if isinstance(item, Outline) else ""
        return f"types.{type(item).__name__}({argument})".replace("'", '"')
    return False


def _is_ours(name: str | None, kind: str, _: Any) -> bool:
    # Not the tables about tables and the spatial indices, which are made anew after each upgrade.
    return kind != "table" or name in Base.metadata.tables


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        # A change of type is written by hand: SQLite's names of geometries are none that the comparison knows.
        compare_type=False,
        render_as_batch=True,
        render_item=_render,
        include_name=_is_ours,
    )
    context.run_migrations()


if hasattr(context, "config"):  # alembic has it while it runs this file
    _run()
