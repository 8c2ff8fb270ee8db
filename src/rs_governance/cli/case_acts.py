"""`rsg cases act` and `assign`: do something to a case."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import options
from rs_governance.cli.case_clocks import warn_of_holidays
from rs_governance.cli.console import print_json
from rs_governance.cli.language import language_code, say, speak
from rs_governance.errors import UsageError

if TYPE_CHECKING:
    from rs_governance.cases import Clocks
    from rs_governance.db import Event, Store

_NEEDED = "动作所需 / What the action needs"
_MOST_BYTES = 200_000_000


def _value(name: str, metavar: str, zh: str, en: str) -> Any:
    return typer.Option(name, metavar=metavar, help=f"{zh}\n\n{en}.", show_default=False, rich_help_panel=_NEEDED)


Note = Annotated[str, _value("--note", "TEXT", "说明", "Words")]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="幂等键：同一键只计一次\n\nKey under which twice counts once."),
]


def act(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="案件号\n\nNumber of the case.", show_default=False)],
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION", help="动作（见 rsg cases show）\n\nAction (see rsg cases show).", show_default=False
        ),
    ],
    login: options.As,
    store: options.Store = options.DEFAULT_STORE,
    verdict: Annotated[str | None, _value("--verdict", "CODE", "认定", "Verdict")] = None,
    resolution: Annotated[str | None, _value("--resolution", "CODE", "销号结论", "Resolution")] = None,
    reason: Annotated[str | None, _value("--reason", "CODE", "退回理由", "Reason of a return")] = None,
    assignee: Annotated[
        str | None,
        _value("--assignee", "WHO", "派给：账号、town:代码、department:部门", "Account, town:CODE or department:NAME"),
    ] = None,
    measure: Annotated[str | None, _value("--measure", "CODE", "处置措施", "Measure")] = None,
    step: Annotated[str | None, _value("--step", "CODE", "处置步骤", "Step of the measure")] = None,
    referral: Annotated[str | None, _value("--referral", "CODE", "移送对象", "Whom it is referred to")] = None,
    into: Annotated[str | None, _value("--into", "NUMBER", "并入的案件", "Case that it is merged into")] = None,
    days: Annotated[int | None, _value("--days", "N", "延长天数", "Days to add")] = None,
    rating: Annotated[int | None, _value("--rating", "1-5", "评分", "Rating")] = None,
    outline: Annotated[
        Path | None,
        _value("--outline", "FILE", "修正后的范围（GeoJSON，WGS84）", "Corrected outline, GeoJSON in WGS84"),
    ] = None,
    kind: Annotated[str | None, _value("--kind", "CODE", "修正后的类型", "Corrected kind")] = None,
    theme: Annotated[str | None, _value("--theme", "CODE", "修正后的专题", "Corrected theme")] = None,
    severity: Annotated[str | None, _value("--severity", "CODE", "修正后的等级", "Corrected severity")] = None,
    parts: Annotated[
        Path | None, _value("--parts", "FILE", "拆分后的各部分（GeoJSON，WGS84）", "Parts of a split, GeoJSON in WGS84")
    ] = None,
    note: Note = "",
    evidence: Annotated[
        list[Path] | None, _value("--evidence", "FILE", "证据文件，可重复", "File of evidence; may be repeated")
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--version",
            metavar="N",
            help="所见版本，已变化则拒绝\n\nVersion that you saw; refused where it has changed.",
        ),
    ] = None,
    key: Key = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """办理案件：动作不允许时说明可做什么 / Act on a case; what is not allowed is refused with what is.

    退出码：6 不允许，7 与他人冲突 / Exit codes: 6 refused, 7 in conflict with somebody else.
    """
    speak(lang)
    from rs_governance.cases import ACTIONS, Act, clocks_of, find_case, read_actor
    from rs_governance.cases import act as act_on
    from rs_governance.db import open_store

    if action not in ACTIONS:
        en, zh = (
            ", ".join(f"{name} ({getattr(word, lang)})" for name, word in ACTIONS.items()) for lang in ("en", "zh")
        )
        raise UsageError(f"{action!r} is no action; it is one of {en}.", zh=f"{action!r} 不是操作；可用 {zh}。")
    opened = open_store(store)
    corrected = {"kind": kind, "theme": theme, "severity": severity}
    correction: dict[str, Any] = {name: value for name, value in corrected.items() if value is not None}
    if outline is not None:
        correction["outline"] = _only(outline, opened)
    given = {
        "verdict": verdict,
        "resolution": resolution,
        "assignee": assignee,
        "measure": measure,
        "step": step,
        "referral": referral,
        "into": into,
        "days": days,
        "rating": rating,
        "correction": correction or None,
        "parts": None if parts is None else _drawing(parts, opened),
    }
    clocks, now = clocks_of(opened), options.time_of(at)
    with opened.read() as session:
        actor = read_actor(session, login)
    asked = Act(
        action=action,  # type: ignore[arg-type]  # looked up above
        actor=actor,
        version=version,
        reason=reason,
        note=note,
        evidence=tuple(_keep(opened, path) for path in evidence or ()),
        values={name: value for name, value in given.items() if value is not None},
        key=key,
    )
    with opened.write() as session:
        event = act_on(session, number, asked, now=now, clocks=clocks)
        due_on = find_case(session, number).due_on
    _tell([(event, due_on)], clocks, as_json=as_json)


def assign(
    numbers: Annotated[
        list[str], typer.Argument(metavar="NUMBER...", help="案件号\n\nNumbers of the cases.", show_default=False)
    ],
    to: Annotated[str, typer.Option("--to", metavar="LOGIN", help="交给谁\n\nWho takes them.", show_default=False)],
    login: options.As,
    store: options.Store = options.DEFAULT_STORE,
    note: Note = "",
    key: Key = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """指派经办人；要么全部成功，要么都不变 / Put cases into somebody's hands: all of them or none."""
    speak(lang)
    from rs_governance.cases import Act, clocks_of, find_case, read_actor
    from rs_governance.cases import act as act_on
    from rs_governance.db import open_store

    opened = open_store(store)
    clocks, now = clocks_of(opened), options.time_of(at)
    with opened.write() as session:
        actor = read_actor(session, login)
        events = [
            act_on(
                session,
                number,
                Act(
                    action="assign",
                    actor=actor,
                    note=note,
                    values={"assignee": to},
                    key=None if key is None else f"{key}:{number}",
                ),
                now=now,
                clocks=clocks,
            )
            for number in dict.fromkeys(numbers)
        ]
        told = [(event, find_case(session, event.case_number).due_on) for event in events]
    _tell(told, clocks, as_json=as_json)


def _tell(told: "list[tuple[Event, date | None]]", clocks: "Clocks", *, as_json: bool) -> None:
    """Tell what was done, and until when what follows has to be done: a term that stays the same is a term all the same."""
    from rs_governance.cases.shown.sheet import plain_event
    from rs_governance.cases.shown.showing import show_word

    events = [event for event, _ in told]
    by_working_days = [state for state, clock in clocks.by_state.items() if clock.unit == "working"]
    dues = [
        event.changes["due_on"] for event in events if event.changes.get("due_on") and event.to_state in by_working_days
    ]
    warnings = warn_of_holidays(clocks, [event.at for event in events], dues)
    if as_json:
        content = {"events": [{"number": event.case_number, **plain_event(event)} for event in events]}
        print_json(content | {"warnings": warnings})
        return
    language = language_code()
    for event, due in told:
        state = show_word("state", event.to_state, language)
        term = "" if due is None else say(f"，期限 {due}", f", due {due}")
        waiting = _WAITING[event.action] if event.changes.get("pending") else ("", "")
        typer.echo(
            f"{event.case_number}  {show_word('action', event.action, language)}  → {state}"
            f"（v{event.version}）{term}{say(*waiting)}"
        )


_WAITING = {
    "reject": ("，待第二人复核", ", waits for a second person"),
    "refer": ("，待接收机关答复", ", waits for the answer of the receiving body"),
}


def _drawing(path: Path, store: "Store") -> Any:
    from rs_governance.cases.life.drawings import read_drawing

    return read_drawing(path, store.crs)


def _only(path: Path, store: "Store") -> Any:
    outlines = _drawing(path, store)
    if len(outlines) != 1:
        raise UsageError(
            f"'{path.name}' holds {len(outlines)} outlines; a case has one, perhaps of several polygons.",
            zh=f"'{path.name}' 中有 {len(outlines)} 个范围；一个案件只有一个（可由多个面组成）。",
        )
    return outlines[0]


def _keep(store: "Store", path: Path) -> str:
    from rs_governance.db import keep_evidence

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(
                f"'{path.name}' is larger than {_MOST_BYTES // 1_000_000} MB; give a smaller file.",
                zh=f"'{path.name}' 超过 {_MOST_BYTES // 1_000_000} MB；请换小一些的文件。",
            )
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"The evidence '{path}' cannot be read: {error.strerror}.",
            zh=f"证据 '{path}' 读不出来（{error.strerror}）；请核对路径。",
        ) from None
    if not data:
        raise UsageError(
            f"The evidence '{path}' is empty; give the file itself.", zh=f"证据 '{path}' 是空文件；请给出原件。"
        )
    suffix = path.suffix.lower()
    return keep_evidence(
        store, data, suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 9 else ""
    )
