"""A picture of the best, typical and worst pairs: before, after, reference, found."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pylopdf_fonts_zh_cn
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rs_governance.errors import OutputFailed
from rs_governance.learn.dataset import LabelledPair, open_pair
from rs_governance.learn.evaluate import Evaluation, PairRow, read_mask
from rs_governance.learn.scoring import ratios
from rs_governance.scenes import PairBlock

SHEET_PNG = "sheet.png"

PAIRS_PER_GROUP = 3
"""Rows of each of best, typical and worst."""

_PANEL = 288
_GAP = 8
_MARGIN = 24
_TITLE_BAND = 104
_ROW_CAPTION = 34
_TEXT = (28, 32, 38)
_QUIET = (104, 112, 122)
_PAPER = (255, 255, 255)
_UNSCORED = 128

# Okabe and Ito's colours: told apart with any colour vision.
_RIGHT = (0, 158, 115)
_FALSE = (230, 97, 0)
_MISSED = (60, 170, 240)
_REFERENCE = (240, 228, 66)

_COLUMNS = ("变化前 Before", "变化后 After", "参考 Reference", "检出 Found")
_LEGEND = ((_RIGHT, "正确 right (TP)"), (_FALSE, "误检 false (FP)"), (_MISSED, "漏检 missed (FN)"))
_GROUPS = ("最好 Best", "典型 Typical", "最差 Worst")


@dataclass(frozen=True, kw_only=True)
class _Entry:
    group: str
    row: PairRow
    labelled: LabelledPair


def draw_sheet(evaluation: Evaluation, out: Path) -> Path:
    """Draw `sheet.png` from the images and the masks that the evaluation wrote.

    Pairs are ranked by the pixel F1 of the primary detector; those without a changed reference
    pixel have none to speak of and are drawn only when there is no other.

    Parameters
    ----------
    evaluation
        The measurements, made with `out` given.
    out
        The folder that holds the masks; the sheet is put beside them.

    Returns
    -------
    Path
        The picture.

    Raises
    ------
    OutputFailed
        If the picture cannot be written.
    """
    entries = _choose(evaluation)
    row_height = _ROW_CAPTION + _PANEL + _GAP
    width = 2 * _MARGIN + len(_COLUMNS) * _PANEL + (len(_COLUMNS) - 1) * _GAP
    sheet = Image.new("RGB", (width, _TITLE_BAND + len(entries) * row_height + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _draw_heading(draw, evaluation)
    for i, entry in enumerate(entries):
        top = _TITLE_BAND + i * row_height
        draw.text((_MARGIN, top + 6), entry.group, font=_font(17), fill=_TEXT)
        draw.text((_MARGIN + 130, top + 8), _caption(entry.row, evaluation.primary), font=_font(15), fill=_QUIET)
        for column, panel in enumerate(_panels(evaluation, entry, out)):
            sheet.paste(panel, (_MARGIN + column * (_PANEL + _GAP), top + _ROW_CAPTION))
    path = out / SHEET_PNG
    try:
        sheet.save(path)
    except OSError as error:
        raise OutputFailed(f"{path}: the sheet could not be written ({error}); check room and permission.") from error
    return path


def _choose(evaluation: Evaluation) -> list[_Entry]:
    """Pick up to three best, typical (around the median) and worst pairs, none twice."""
    labelled = {pair.stem: pair for pair in evaluation.dataset.pairs}
    name = evaluation.primary
    changed = [row for row in evaluation.rows if row.counts[name].true_positive + row.counts[name].false_negative]
    ranked = sorted(changed or evaluation.rows, key=lambda row: (-(ratios(row.counts[name])["f1"] or 0.0), row.stem))
    size = min(PAIRS_PER_GROUP, -(-len(ranked) // len(_GROUPS)))
    best, rest = ranked[:size], ranked[size:]
    worst, middle = rest[max(len(rest) - size, 0) :], rest[: max(len(rest) - size, 0)]
    first = max(len(middle) - size, 0) // 2
    groups = (best, middle[first : first + size], worst)
    return [
        _Entry(group=group, row=row, labelled=labelled[row.stem])
        for group, rows in zip(_GROUPS, groups, strict=True)
        for row in rows
    ]


def _draw_heading(draw: ImageDraw.ImageDraw, evaluation: Evaluation) -> None:
    scores = evaluation.scores[evaluation.primary]
    figures = [
        f"{title} {estimate.value:.3f}" if estimate.value is not None else f"{title} –"
        for title, estimate in (("像元 F1 Pixel F1", scores.f1), ("对象 F1 Object F1", scores.object_f1))
    ]
    title = f"{evaluation.dataset.name} · {evaluation.primary}"
    draw.text((_MARGIN, 14), title, font=_font(24), fill=_TEXT)
    draw.text((_MARGIN, 50), " · ".join(figures), font=_font(16), fill=_QUIET)
    left = _MARGIN + 2 * (_PANEL + _GAP)
    for colour, words in _LEGEND:
        draw.rectangle((left, 54, left + 16, 70), fill=colour)
        draw.text((left + 23, 50), words, font=_font(16), fill=_TEXT)
        left += 46 + round(draw.textlength(words, font=_font(16)))
    for column, words in enumerate(_COLUMNS):
        draw.text((_MARGIN + column * (_PANEL + _GAP), 80), words, font=_font(17), fill=_TEXT)


def _caption(row: PairRow, detector: str) -> str:
    counts = row.counts[detector]
    f1 = ratios(counts)["f1"]
    return (
        f"{row.stem} · F1 {'–' if f1 is None else format(f1, '.3f')}"
        f" · 参考对象命中 hit {counts.reference_hit}/{counts.reference_objects}"
        f" · 检出对象正确 right {counts.found_right}/{counts.found_objects}"
    )


def _panels(evaluation: Evaluation, entry: _Entry, out: Path) -> list[Image.Image]:
    opened = open_pair(evaluation.dataset, entry.labelled)
    with opened.aligned as pair:
        block = pair.read(pair.grid.window)
    reference = opened.reference[opened.grid_slices]
    found = read_mask(out, entry.row.stem)[opened.grid_slices]
    before, after = (_photo(bands, block, pair.roles) for bands in (block.before, block.after))
    quiet = np.repeat(after.mean(axis=2, keepdims=True), 3, axis=2) * 0.55
    with_reference, with_found = quiet.copy(), quiet
    scored = block.valid & opened.known[opened.grid_slices]
    for picture, mask, colour in (
        (with_reference, reference & scored, _REFERENCE),
        (with_found, found & reference & scored, _RIGHT),
        (with_found, found & ~reference & scored, _FALSE),
        (with_found, ~found & reference & scored, _MISSED),
    ):
        picture[mask] = 0.3 * picture[mask] + 0.7 * np.array(colour)
    return [_fit(picture) for picture in (before, after, with_reference, with_found)]


def _photo(bands: NDArray[np.generic], block: PairBlock, roles: tuple[str, ...]) -> NDArray[np.float64]:
    """Turn bands into (y, x, 3) in 0..255; all but 8-bit images are stretched between percentiles."""
    colours = [role for role in ("red", "green", "blue") if role in roles]
    chosen = [roles.index(role) for role in colours] if len(colours) == 3 else [0, len(roles) // 2, len(roles) - 1]
    picture = np.stack([bands[i] for i in chosen], axis=-1).astype(np.float64)
    if bands.dtype != np.uint8 and block.valid.any():
        low, high = np.percentile(picture[block.valid], [2, 98], axis=0)
        picture = np.clip((picture - low) / np.maximum(high - low, 1e-9), 0.0, 1.0) * 255.0
    picture[~block.valid] = _UNSCORED
    return picture


def _fit(picture: NDArray[np.float64]) -> Image.Image:
    """Scale a picture into a square panel, at the top."""
    image = Image.fromarray(np.round(picture).astype(np.uint8))
    scale = _PANEL / max(image.size)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    panel = Image.new("RGB", (_PANEL, _PANEL), _PAPER)
    scaled = image.resize(size, Image.Resampling.LANCZOS)
    panel.paste(scaled, ((_PANEL - size[0]) // 2, 0))
    return panel


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(pylopdf_fonts_zh_cn.sans_path(), size)
