"""Digests: one letter a person about the terms that run out, as text, as a page, and as an e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.life.words import STATES
from rs_governance.cases.people.reminding import LEVELS, Warned
from rs_governance.cases.shown.names import NO_NAMES, Names
from rs_governance.db import Person
from rs_governance.rules import KINDS, SEVERITIES, THEMES, Word

_STYLE = """\
body { font: 15px/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif; color: #181d26;
  max-width: 860px; margin: 0 auto; padding: 16px; }
h1 { font-size: 20px; border-top: 4px solid #b01828; padding-top: 12px; }
h2 { font-size: 16px; margin: 22px 0 6px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 8px; border-bottom: 1px solid #d6dae0; }
th { color: #68707c; font-weight: 400; }
.wide { overflow-x: auto; }
.red { color: #b01828; font-weight: 700; }
small { color: #68707c; font-size: 11px; }
p.note { color: #68707c; font-size: 13px; }
"""
_HEADER = (
    Word("案件号", "case"),
    Word("等级", "severity"),
    Word("类型", "kind"),
    Word("专题", "theme"),
    Word("状态", "state"),
    Word("期限", "due"),
    Word("街镇", "town"),
)


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What a person is told."""

    login: str
    """Account of the person."""
    address: str | None
    """E-mail address, where there is one."""
    subject: str
    """Subject, in both languages."""
    text: str
    """The letter as plain text."""
    page: str
    """The letter as one HTML page that loads nothing."""


def write_digest(person: Person, warned: Sequence[Warned], *, now: datetime, names: Names = NO_NAMES) -> Digest:
    """Write what a person is told.

    Parameters
    ----------
    person
        To whom.
    warned
        Their cases, in the order in which they are shown under each level.
    now
        Aware time.
    names
        What the towns are called; without it they are told by their codes.
    """
    day = now.astimezone(CHINA).date()
    subject = f"案件期限提醒 {day}：{len(warned)} 件 / Case terms {day}: {len(warned)}"
    levels = [(level, [each for each in warned if each.level == level]) for level in sorted(LEVELS, reverse=True)]
    levels = [(level, cases) for level, cases in levels if cases]
    lines = [f"{person.name}（{person.login}）", subject, ""]
    sections = []
    for level, cases in levels:
        word = LEVELS[level]
        lines += [f"{word.zh} / {word.en}（{len(cases)}）"]
        lines += ["  " + "  ".join(" ".join(filter(None, cell)) for cell in _cells(each.case, names)) for each in cases]
        lines += [""]
        heads = "".join(f"<th>{escape(head.zh)}<br>{escape(head.en)}</th>" for head in _HEADER)
        rows = "\n".join(
            f'<tr class="{escape(each.case["severity"])}">'
            + "".join(f"<td>{_cell(*cell)}</td>" for cell in _cells(each.case, names))
            + "</tr>"
            for each in cases
        )
        sections.append(
            f"<h2>{escape(word.zh)} / {escape(word.en)}（{len(cases)}）</h2>\n"
            f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'
        )
    note = "系统只提示线索，认定由人作出。/ The system points to clues; people decide."
    page = (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(subject)}</title>\n'
        f"<style>\n{_STYLE}</style></head><body>\n<h1>{escape(subject)}</h1>\n<p>{escape(person.name)}</p>\n"
        + "\n".join(sections)
        + f'\n<p class="note">{escape(note)}</p>\n</body></html>\n'
    )
    return Digest(
        login=person.login, address=person.email, subject=subject, text="\n".join([*lines, note, ""]), page=page
    )


def _cells(case: Any, names: Names) -> tuple[tuple[str, str], ...]:
    """Return what a row says of a case: words, and a code for small print."""
    plain = (
        case["number"],
        SEVERITIES[case["severity"]].zh,
        KINDS[case["kind"]].zh,
        THEMES[case["theme"]].zh,
        STATES[case["state"]].zh,
        str(case["due_on"]),
    )
    code, town = case["town_code"], names.place(case["town_code"])
    return (*((cell, "") for cell in plain), (code, "") if town is None else (town, code))


def _cell(words: str, code: str) -> str:
    return escape(words) + (f" <small>{escape(code)}</small>" if code else "")


def keep_digest(digest: Digest, folder: Path) -> None:
    """Write a digest as `<login>.txt` and `<login>.html` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{digest.login}.txt").write_text(digest.text, encoding="utf-8")
    (folder / f"{digest.login}.html").write_text(digest.page, encoding="utf-8")


def to_message(digest: Digest, *, sender: str, now: datetime) -> EmailMessage:
    """Write a digest as an e-mail of text and page.

    Parameters
    ----------
    digest
        Of a person with an address.
    sender
        Address it comes from.
    now
        Aware time; the message is named by it, so that one that is sent twice is known to be the same.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = digest.address
    message["Subject"] = digest.subject
    message["Date"] = now.astimezone(CHINA)
    message["Message-ID"] = f"<terms.{now:%Y%m%dT%H%M%S}.{digest.login.replace('@', '.')}@{sender.partition('@')[2]}>"
    message.set_content(digest.text)
    message.add_alternative(digest.page, subtype="html")
    return message
