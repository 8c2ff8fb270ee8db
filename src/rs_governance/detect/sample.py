"""The pixels that statistics are learnt from: windows whose places depend on the grid alone."""

import math
from collections.abc import Iterator

from rs_governance.scenes import PixelGrid, Window

_MARGIN_PX = 24


def sample_windows(grid: PixelGrid, *, count: int, side: int) -> tuple[Window, ...]:
    """Spread windows evenly over a grid.

    They lie within cells of `side`, as the tiles of most files do, a little inside: a shift between the dates does
    not make them touch the next tiles. A grid with no more than `count` such cells is taken whole.

    Parameters
    ----------
    grid
        Grid of the pair.
    count
        Number of windows at most.
    side
        Their side in pixels.

    Examples
    --------
    >>> from affine import Affine
    >>> grid = PixelGrid(crs=None, transform=Affine.identity(), height=1024, width=2048)
    >>> [(window.row, window.col, window.width) for window in sample_windows(grid, count=2, side=512)]
    [(536, 536, 464), (536, 1560, 464)]
    """
    rows, cols = math.ceil(grid.height / side), math.ceil(grid.width / side)
    if rows * cols > count:
        # As many rows as columns for each cell, within what there is.
        rows_taken = min(rows, count, max(1, round(math.sqrt(count * rows / cols))))
        cols_taken = min(cols, max(1, count // rows_taken))
        margin = _MARGIN_PX
    else:
        rows_taken, cols_taken, margin = rows, cols, 0
    cells = (
        Window(row=row * side, col=col * side, height=side, width=side).clipped(grid.height, grid.width)
        for row in _spread(rows, rows_taken)
        for col in _spread(cols, cols_taken)
    )
    return tuple(cell.grown(-margin) if min(cell.height, cell.width) == side else cell for cell in cells)


def _spread(cells: int, taken: int) -> Iterator[int]:
    """Choose cells from the middle of equal parts."""
    return (cells * (2 * index + 1) // (2 * taken) for index in range(taken))
