"""`rsg people`: who acts on cases."""

import typer

from rs_governance.cli import options
from rs_governance.cli.case_clocks import Table, tell_intake
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.language import language_code, say, speak

app = typer.Typer(help="人员：角色、辖区与专题 / People: roles, areas and themes.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Table,
    login: options.AsKeeper = None,
    store: options.Store = options.DEFAULT_STORE,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导入人员（CSV 或 Excel），重复导入只计一次 / Take in people; twice counts once.

    列 / Columns: login, name, role, prefix, themes, department, email, capacity, active.
    """
    speak(lang)
    from rs_governance.cases.people.register import read_keeper, take_people
    from rs_governance.db import open_store

    with open_store(store).write() as session:
        keeper = read_keeper(session, login, "people")
        counts, refused = take_people(session, file, actor=keeper, now=options.time_of(at))
    tell_intake(counts, refused, as_json=as_json, noun=("人员", "people"))


@app.command("list")
def list_(
    store: options.Store = options.DEFAULT_STORE,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """列出人员 / List people."""
    speak(lang)
    import sqlalchemy as sa

    from rs_governance.cases.shown.showing import show_word
    from rs_governance.db import Person, open_store

    names = ("login", "name", "role", "prefix", "themes", "department", "email", "capacity", "active")
    columns = [getattr(Person, name) for name in names]
    with open_store(store).read() as session:
        people = session.execute(sa.select(*columns).order_by(Person.login)).all()
    if as_json:
        print_json({"people": [dict(person._mapping) for person in people]})
        return
    language = language_code()
    rows = [
        [
            person.login,
            person.name,
            show_word("role", person.role, language),
            person.prefix or say("全区", "all"),
            ", ".join(show_word("theme", theme, language) for theme in person.themes) or say("全部", "all"),
            "-" if person.department is None else show_word("department", person.department, language),
            "" if person.active else say("离岗", "away"),
        ]
        for person in people
    ]
    header = say("账号|姓名|角色|辖区|专题|部门|", "account|name|role|area|themes|department|").split("|")
    print_columns(header, rows, title=say(f"人员 {len(rows)} 名", f"{len(rows)} people"))
