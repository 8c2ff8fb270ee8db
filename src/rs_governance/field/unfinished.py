"""Packages whose making was cut off: what lies on the disk tells whether anybody can have got them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from rs_governance.cases import SYSTEM, Clocks
from rs_governance.db import Event, Export, Store
from rs_governance.db.files import sha256_of
from rs_governance.field.ledger import TASKS_PURPOSE, void_export
from rs_governance.publish.output_folder import is_left_behind, remove_left_behind

MAKING = "making"
"""Fact of an entry whose folder has not appeared yet; it is taken away when it has."""

_CUT_OFF = "生成中断，无人收到 / cut off while it was made, nobody got it"

Fate = Literal["whole", "cut_off", "unknown"]
"""What became of a package: its folder is there, it never appeared, or the disk does not tell."""


def making(out: Path) -> dict[str, Any]:
    """Return the facts of an entry whose package is about to appear in a folder."""
    return {MAKING: {"folder": str(out.resolve())}}


def settle_exports(store: Store, *, now: datetime, clocks: Clocks) -> Mapping[str, Fate]:
    """End every package whose making was cut off: one whose folder is there counts, one that never appeared is made void.

    Parameters
    ----------
    store
        The store; it is written only where something was cut off.
    now
        Aware time.
    clocks
        Clocks of the store.

    Returns
    -------
    mapping
        What became of each package that was not ended yet, by number. One that is being made right now, or whose folder
        was moved before this could be told, is `unknown` and left as it is.
    """
    with store.read() as session:
        query = sa.select(Export.number, Export.facts, Export.files).where(Export.purpose == TASKS_PURPOSE)
        open_ones = [row for row in session.execute(query.order_by(Export.id)) if MAKING in row.facts]
    fates: dict[str, Fate] = {}
    for row in open_ones:
        out = Path(row.facts[MAKING]["folder"])
        fates[row.number] = "whole" if is_whole(out, row.files) else "cut_off" if is_left_behind(out) else "unknown"
        end_export(store, row.number, fates[row.number], now=now, clocks=clocks)
        if fates[row.number] == "cut_off":
            remove_left_behind(out)
    return fates


def end_export(store: Store, number: str, fate: Fate, *, now: datetime, clocks: Clocks) -> None:
    """Write down what became of a package; once, whoever comes first.

    Parameters
    ----------
    store
        The store.
    number
        Number of the package.
    fate
        What became of it; nothing is written where it is unknown.
    now
        Aware time.
    clocks
        Clocks of the store.
    """
    if fate == "unknown":
        return
    with store.write() as session:
        export = session.scalar(sa.select(Export).where(Export.number == number))
        if export is None or MAKING not in export.facts:
            return
        export.facts = {name: fact for name, fact in export.facts.items() if name != MAKING}
        if fate == "cut_off" and "void" not in export.facts:
            last = session.scalar(sa.select(sa.func.max(Event.at)).where(Event.case_number.in_(export.case_numbers)))
            void_export(session, number, _CUT_OFF, actor=SYSTEM, now=max(now, last or export.at), clocks=clocks)


def is_whole(out: Path, files: Mapping[str, str]) -> bool:
    """Tell whether a folder holds the files of a package, byte by byte."""
    return bool(files) and all((out / name).is_file() and sha256_of(out / name) == told for name, told in files.items())
