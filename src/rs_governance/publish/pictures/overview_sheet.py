"""The sheet around the overview's pictures: titles, figures, scale bar, north arrow, legend, list."""

import io
import math
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
from PIL import Image, ImageDraw

from rs_governance.detect.findings import FINDINGS, LAND_CLASSES_ZH
from rs_governance.publish.pictures.outlines import draw_numbers, draw_outlines, place_findings
from rs_governance.publish.pictures.typography import INK, MUTED, Rgb, put_text, shortened, text_width
from rs_governance.publish.style import CASING_RGB, SCORE_CLASSES, score_class
from rs_governance.rules.amounts import in_m2, in_mu
from rs_governance.scenes import PixelGrid, Registration

_PAPER: Rgb = (255, 255, 255)
_RULE: Rgb = (214, 218, 224)
_ACCENT: Rgb = (176, 24, 40)
_MARGIN = 64
_GAP = 32
_PANEL_AT_MOST = 900
_COLUMN_AT_LEAST = 640
_HEAD = 214
_PANEL_HEAD = 92
_MAP_FOOT = 128
_ROW = 46


@dataclass(frozen=True, kw_only=True)
class SheetFacts:
    """What the sheet says besides the findings."""

    grid: PixelGrid
    """Grid that the pictures show."""
    before_image: str
    """Identifier of the earlier image."""
    after_image: str
    """Identifier of the later image."""
    before_on: date | None
    """Day of the earlier image."""
    after_on: date | None
    """Day of the later image."""
    registration: Registration | None
    """Shift between the images; None leaves it out."""
    observable_share: float
    """Share of the grid that was usable on both dates, 0..1."""
    listed: int
    """How many findings to number and list."""


@dataclass(frozen=True, kw_only=True)
class _Panel:
    picture: Image.Image
    title: str
    small: str
    day: date | None
    image: str


def draw_sheet(before: Image.Image, after: Image.Image, findings: gpd.GeoDataFrame | None, facts: SheetFacts) -> bytes:
    """Compose the sheet and return it as a PNG.

    Parameters
    ----------
    before, after
        RGB pictures of the whole grid, of one size.
    findings
        Declared findings in the grid's CRS; None leaves out the third panel and the list.
    facts
        What else to say.
    """
    size, metres_per_px = _panel_size(facts.grid)
    ranked = None if findings is None else ranked_findings(FINDINGS.validate(findings))
    panels = _panels(before, after, ranked, facts, size)
    column = max(size[0], _COLUMN_AT_LEAST)
    width = 2 * _MARGIN + len(panels) * column + (len(panels) - 1) * _GAP
    top = _HEAD + _PANEL_HEAD
    foot = top + size[1]
    lines = 0 if ranked is None else 1 + max(1, math.ceil(min(len(ranked), facts.listed) / 2))
    sheet = Image.new("RGB", (width, foot + _MAP_FOOT + lines * _ROW + (56 if lines else 0)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _draw_head(draw, width, ranked, facts)
    for index, panel in enumerate(panels):
        left = _MARGIN + index * (column + _GAP)
        _draw_panel_head(draw, left, column, panel)
        x = left + (column - size[0]) // 2
        sheet.paste(panel.picture, (x, top))
        draw.rectangle((x, top, x + size[0] - 1, top + size[1] - 1), outline=(120, 126, 136))
    _draw_scale(draw, _MARGIN, foot + 58, metres_per_px, size[0] * 0.5)
    if facts.grid.crs is not None:  # a plain picture says nothing of north
        _draw_north(draw, _MARGIN + column - 40, foot + 62, facts.grid)
    if ranked is not None:
        _draw_legend(draw, _MARGIN + column + _GAP, foot + 40, column, facts.observable_share < 1)
        _draw_caution(draw, width - _MARGIN, foot + 50)
        _draw_list(draw, ranked.head(facts.listed), foot + _MAP_FOOT, width)
    file = io.BytesIO()
    sheet.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _panels(
    before: Image.Image, after: Image.Image, ranked: gpd.GeoDataFrame | None, facts: SheetFacts, size: tuple[int, int]
) -> list[_Panel]:
    before, after = (picture.resize(size, Image.Resampling.LANCZOS) for picture in (before, after))
    panels = [
        _Panel(picture=before, title="前时相", small="Before", day=facts.before_on, image=facts.before_image),
        _Panel(picture=after, title="后时相", small="After", day=facts.after_on, image=facts.after_image),
    ]
    if ranked is not None:
        marked = after.copy()
        placed = place_findings(ranked, facts.grid, size)
        draw_outlines(marked, placed)
        draw_numbers(marked, placed, listed=facts.listed)
        small = "After, with suspected changes"
        panels.append(
            _Panel(picture=marked, title="疑似变化", small=small, day=facts.after_on, image=facts.after_image)
        )
    return panels


def ranked_findings(findings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort findings by score times area, the worst first, then by number."""
    weight = (findings["score"] * findings["area_m2"]).to_numpy()
    return findings.iloc[np.lexsort((findings["finding_id"].to_numpy(dtype=str), -weight))]


def round_length(longest_m: float) -> float:
    """Return the longest of 1, 2 or 5 times a power of ten that fits.

    Examples
    --------
    >>> round_length(730.0), round_length(2.4)
    (500.0, 2.0)
    """
    power = 10.0 ** math.floor(math.log10(longest_m))
    # 0.5 because the logarithm of a number just below a power of ten is rounded up
    return max(step * power for step in (0.5, 1.0, 2.0, 5.0) if step * power <= longest_m)


def _panel_size(grid: PixelGrid) -> tuple[tuple[int, int], float]:
    """Return (width, height) of a panel with square ground metres, and the metres of one of its pixels."""
    size_y, size_x = grid.pixel_size_m
    ground = (grid.width * size_x, grid.height * size_y)
    metres_per_px = max(ground) / _PANEL_AT_MOST
    return (max(1, round(ground[0] / metres_per_px)), max(1, round(ground[1] / metres_per_px))), metres_per_px


def _draw_head(draw: ImageDraw.ImageDraw, width: int, findings: gpd.GeoDataFrame | None, facts: SheetFacts) -> None:
    draw.rectangle((0, 0, width, 10), fill=_ACCENT)
    title, small = ("两期影像对比", "Two images compared")
    figures = [(f"{_floor_percent(facts.observable_share)} %", "两期均可观测", "observable on both dates")]
    if findings is not None:
        title, small = ("疑似变化概览", "Suspected changes between two images")
        area = float(findings["area_m2"].sum())
        figures = [
            (f"{len(findings):,}", "处疑似图斑", "suspected places"),
            (in_mu(area), f"亩（{in_m2(area)} 平方米）", "mu, total area"),
            *figures,
        ]
    put_text(draw, (_MARGIN, 104), title, 64, bold=True)
    put_text(draw, (_MARGIN, 148), small, 27, fill=MUTED)
    if facts.registration is not None:
        figures.append(_registration_figure(facts.registration, facts.grid))
    x = float(width - _MARGIN)
    for value, label, small in reversed(figures):
        breadth = max(text_width(value, 56) + 4, text_width(label, 25), text_width(small, 20))
        x -= breadth
        put_text(draw, (x, 84), value, 56, bold=True)
        put_text(draw, (x, 122), label, 25)
        put_text(draw, (x, 150), small, 20, fill=MUTED)
        x -= 30
        draw.line((x, 40, x, 150), fill=_RULE, width=2)
        x -= 30
    draw.line((_MARGIN, _HEAD - 32, width - _MARGIN, _HEAD - 32), fill=_RULE, width=2)


def _floor_percent(share: float) -> str:
    """Format a share so that less than everything never reads 100."""
    return "100" if share >= 1 else f"{math.floor(share * 1000) / 10:.1f}"


def _registration_figure(registration: Registration, grid: PixelGrid) -> tuple[str, str, str]:
    if not registration.reliable or registration.residual_px is None:
        return "—", "未能估计配准残差", "registration not estimated"
    metres = registration.residual_px * math.sqrt(math.prod(grid.pixel_size_m))
    return f"{registration.residual_px:.2f}", f"像元配准残差（{metres:.1f} 米）", "px registration residual"


def _draw_panel_head(draw: ImageDraw.ImageDraw, left: int, column: int, panel: _Panel) -> None:
    baseline = _HEAD + 34
    day = panel.day
    x = left + put_text(draw, (left, baseline), panel.title, 40, bold=True) + 20
    put_text(draw, (x, baseline), "日期不详" if day is None else f"{day.year} 年 {day.month} 月 {day.day} 日", 32)
    line = f"{panel.small} · {'date unknown' if day is None else day.isoformat()} · {panel.image}"
    put_text(draw, (left, baseline + 38), shortened(line, 22, column), 22, fill=MUTED)


def _draw_scale(draw: ImageDraw.ImageDraw, x: float, y: float, metres_per_px: float, longest_px: float) -> None:
    length_m = round_length(longest_px * metres_per_px)
    end = x + length_m / metres_per_px
    quarter = (end - x) / 4
    for index in range(4):
        box = (x + index * quarter, y, x + (index + 1) * quarter, y + 12)
        draw.rectangle(box, fill=INK if index % 2 == 0 else _PAPER, outline=INK, width=2)
    for at, metres in ((x, 0.0), ((x + end) / 2, length_m / 2), (end, length_m)):
        put_text(draw, (at, y - 14), _length_text(metres, length_m), 24, anchor="ls" if at == x else "ms")
    put_text(draw, (x, y + 46), "比例尺 Scale", 20, fill=MUTED)


def _length_text(metres: float, longest_m: float) -> str:
    if metres == 0:
        return "0"
    unit = (1000.0, " 公里 km") if longest_m >= 2000 else (1.0, " 米 m")
    return f"{metres / unit[0]:g}" + (unit[1] if metres == longest_m else "")


def _draw_north(draw: ImageDraw.ImageDraw, x: float, y: float, grid: PixelGrid) -> None:
    """Point to grid north, which is up unless the grid is turned."""
    to_pixel, (size_y, size_x) = ~grid.transform, grid.pixel_size_m
    east, south = to_pixel.b * size_x, to_pixel.e * size_y
    length = math.hypot(east, south)
    up = (east / length, south / length)
    side = (-up[1], up[0])

    def at(along: float, across: float) -> tuple[float, float]:
        return x + along * up[0] + across * side[0], y + along * up[1] + across * side[1]

    draw.polygon([at(34, 0), at(-22, 17), at(-10, 0)], fill=INK)
    draw.polygon([at(34, 0), at(-22, -17), at(-10, 0)], fill=_PAPER)
    draw.line([at(34, 0), at(-22, 17), at(-10, 0), at(-22, -17), at(34, 0)], fill=INK, width=2, joint="curve")
    put_text(draw, (x - 34, y), "北 N", 24, anchor="rm")


def _draw_legend(draw: ImageDraw.ImageDraw, x: float, y: float, column: int, hatched: bool) -> None:
    put_text(draw, (x, y + 16), "变化得分", 25, bold=True)
    put_text(draw, (x, y + 46), "Change score", 20, fill=MUTED)
    x += 150
    step = min(170.0, (column - 150) / (5 if hatched else 4))
    for each in SCORE_CLASSES:
        _draw_swatch(draw, x, y + 6, each.rgb)
        put_text(draw, (x, y + 46), f"{each.lower:.2f}–{each.upper:.2f}", 20, fill=MUTED)
        x += step
    if hatched:
        draw.rectangle((x, y - 4, x + 44, y + 16), fill=(236, 236, 236), outline=(202, 202, 202))
        for offset in range(4, 44, 12):
            draw.line((x + offset, y + 16, x + offset + 10, y - 4), fill=(202, 202, 202), width=3)
        put_text(draw, (x, y + 46), "未观测 unseen", 20, fill=MUTED)


def _draw_swatch(draw: ImageDraw.ImageDraw, x: float, y: float, rgb: Rgb) -> None:
    draw.line((x, y, x + 44, y), fill=CASING_RGB, width=11)
    draw.line((x, y, x + 44, y), fill=rgb, width=6)


def _draw_caution(draw: ImageDraw.ImageDraw, right: float, y: float) -> None:
    put_text(draw, (right, y + 6), "均为疑似线索，须经人工核查认定", 25, anchor="rs", fill=_ACCENT, bold=True)
    put_text(draw, (right, y + 36), "Suspected only: verify before acting", 20, anchor="rs", fill=MUTED)


def _draw_list(draw: ImageDraw.ImageDraw, listed: gpd.GeoDataFrame, top: int, width: int) -> None:
    draw.line((_MARGIN, top, width - _MARGIN, top), fill=_RULE, width=2)
    if listed.empty:
        put_text(draw, (_MARGIN, top + 56), "未发现疑似变化", 30, bold=True)
        put_text(draw, (_MARGIN + 250, top + 56), "No suspected change was found", 22, fill=MUTED)
        return
    half = (width - 2 * _MARGIN - 2 * _GAP) / 2
    per_column = math.ceil(len(listed) / 2)
    for start in (0, per_column):
        left = _MARGIN + (0 if start == 0 else half + 2 * _GAP)
        part = listed.iloc[start : start + per_column]
        if not part.empty:
            _draw_columns(draw, part, start, left, half, top)
    order, y = "按得分 × 面积从大到小排列", top + (1 + per_column) * _ROW + 34
    put_text(draw, (_MARGIN, y), order, 20, fill=MUTED)
    put_text(
        draw,
        (_MARGIN + text_width(order, 20) + 12, y),
        "In the order of score times area, largest first",
        18,
        fill=MUTED,
    )


def _draw_columns(
    draw: ImageDraw.ImageDraw, part: gpd.GeoDataFrame, start: int, left: float, breadth: float, top: float
) -> None:
    stops = tuple(left + breadth * share for share in (0.0, 0.08, 0.36, 0.51, 0.56, 1.0))
    head = top + 36
    for at, zh, small, anchor in (
        (stops[0], "序号", "", "ls"),
        (stops[1], "图斑编号", " ID", "ls"),
        (stops[2], "面积", " m²", "rs"),
        (stops[3], "亩", " mu", "rs"),
        (stops[4], "前 → 后地类", " before → after", "ls"),
        (stops[5], "得分", " score", "rs"),
    ):
        wide = text_width(zh, 22) + text_width(small, 19)
        x = at - wide if anchor == "rs" else at
        put_text(draw, (x, head), zh, 22, fill=MUTED)
        put_text(draw, (x + text_width(zh, 22), head), small, 19, fill=MUTED)
    for index, row in enumerate(part.itertuples(index=False)):
        baseline = head + (index + 1) * _ROW
        change = f"{LAND_CLASSES_ZH[row.before_class]} → {LAND_CLASSES_ZH[row.after_class]}"
        put_text(draw, (stops[0] + 18, baseline - 9), str(start + index + 1), 25, anchor="mm", bold=True)
        put_text(draw, (stops[1], baseline), row.finding_id, 25)
        put_text(draw, (stops[2], baseline), in_m2(row.area_m2), 25, anchor="rs")
        put_text(draw, (stops[3], baseline), in_mu(row.area_m2), 25, anchor="rs")
        put_text(draw, (stops[4], baseline), change, 25)
        put_text(draw, (stops[5], baseline), f"{row.score:.2f}", 25, anchor="rs")
        _draw_swatch(draw, stops[5] - 130, baseline - 9, score_class(row.score).rgb)
        draw.line((left, baseline + 15, left + breadth, baseline + 15), fill=(236, 238, 241), width=1)
