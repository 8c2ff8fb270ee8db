"""Lists that fit the terminal: words are cut only where it has no room for them."""

import shutil
from collections.abc import Sequence

_GAP = 2
_NO_TERMINAL = 100


def fit_columns(lines: Sequence[Sequence[str]], least: Sequence[int | None]) -> list[list[str]]:
    """Cut the widest columns of a list until it fits the terminal, or `COLUMNS`.

    Parameters
    ----------
    lines
        Header and rows.
    least
        Width to which a column may be cut; None for one that is never cut. Chinese characters are two wide.

    Returns
    -------
    list
        Header and rows; what was cut ends in an ellipsis.
    """
    from rich.cells import cell_len, set_cell_size

    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    room = shutil.get_terminal_size((_NO_TERMINAL, 24)).columns - _GAP * (len(widths) - 1)
    while sum(widths) > room:
        spare = [
            (width - most, place)
            for place, (width, most) in enumerate(zip(widths, least, strict=True))
            if most is not None and width > most
        ]
        if not spare:
            break
        widths[max(spare)[1]] -= 1
    return [
        [
            cell if cell_len(cell) <= width else set_cell_size(cell, width - 1).rstrip() + "…"
            for cell, width in zip(line, widths, strict=True)
        ]
        for line in lines
    ]
