"""How findings and spots look: their colours on pictures, on phones and in desktop GIS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from rs_governance.detect.findings import FINDINGS
from rs_governance.publish.titles import titles_of
from rs_governance.rules import SPOTS
from rs_governance.table import Table

Rgb = tuple[int, int, int]
"""Colour, 0..255 each."""


@dataclass(frozen=True, kw_only=True)
class ScoreClass:
    """A range of scores that is drawn in one colour."""

    lower: float
    """Smallest score of the class."""
    upper: float
    """Where the next class begins; the last one includes it."""
    rgb: Rgb
    """Colour of the outline, 0..255."""


SCORE_CLASSES = (
    ScoreClass(lower=0.0, upper=0.5, rgb=(255, 242, 102)),
    ScoreClass(lower=0.5, upper=0.7, rgb=(255, 178, 36)),
    ScoreClass(lower=0.7, upper=0.85, rgb=(255, 98, 32)),
    ScoreClass(lower=0.85, upper=1.0, rgb=(255, 26, 68)),
)
"""Yellow to red: the more certain, the darker and the redder."""

SEVERITY_RGB: Mapping[str, Rgb] = {"red": (255, 32, 64), "yellow": (255, 190, 0), "green": (40, 200, 110)}
"""Colour of the outlines of each severity, the most urgent first."""

SEVERITY_MARK: Mapping[str, str] = {"red": "▲", "yellow": "◆", "green": "●"}
"""Mark of each severity, so that those who cannot tell the colours apart can tell the marks apart."""

UNSEEN_RGB: Rgb = (120, 130, 145)
"""Colour of what could not be seen."""

CASING_RGB: Rgb = (20, 24, 31)
"""Dark edge on both sides of an outline, so that it shows on bright ground too."""


def score_class(score: float) -> ScoreClass:
    """Return the class of a score in 0..1.

    Examples
    --------
    >>> score_class(0.5).lower, score_class(1.0).upper
    (0.5, 1.0)
    """
    edges = [each.lower for each in SCORE_CLASSES[1:]]
    return SCORE_CLASSES[int(np.searchsorted(edges, score, side="right"))]


def score_style() -> str:
    """Return the default QGIS style (QML) of findings: cased outlines coloured by score."""
    root = _document()
    renderer = ElementTree.SubElement(
        root, "renderer-v2", type="graduatedSymbol", attr="score", graduatedMethod="GraduatedColor", enableorderby="0"
    )
    ranges = ElementTree.SubElement(renderer, "ranges")
    for index, each in enumerate(SCORE_CLASSES):
        ElementTree.SubElement(
            ranges,
            "range",
            symbol=str(index),
            lower=f"{each.lower:.2f}",
            upper=f"{each.upper:.2f}",
            label=f"{each.lower:.2f} – {each.upper:.2f}",
            render="true",
        )
    _add_cased_outlines(renderer, [each.rgb for each in SCORE_CLASSES])
    _add_aliases(root, FINDINGS)
    return _text(root)


def severity_style() -> str:
    """Return the default QGIS style (QML) of spots: cased outlines coloured by severity, green below red."""
    root = _document()
    renderer = ElementTree.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr="severity", symbollevels="0", enableorderby="0"
    )
    categories = ElementTree.SubElement(renderer, "categories")
    for index, severity in enumerate(SEVERITY_RGB):
        label = " ".join(titles_of("severity", severity))
        ElementTree.SubElement(
            categories, "category", symbol=str(index), value=severity, label=label, type="string", render="true"
        )
    _add_cased_outlines(renderer, list(SEVERITY_RGB.values()))
    _add_aliases(root, SPOTS)
    return _text(root)


def unseen_style() -> str:
    """Return the default QGIS style (QML) of what could not be seen: grey hatching."""
    root = _document()
    renderer = ElementTree.SubElement(root, "renderer-v2", type="singleSymbol", enableorderby="0")
    symbol = _add_symbol(ElementTree.SubElement(renderer, "symbols"), 0)
    colour = _colour(UNSEEN_RGB)
    _add_layer(
        symbol,
        "SimpleFill",
        {
            "color": colour,
            "style": "b_diagonal",
            "outline_color": colour,
            "outline_style": "solid",
            "outline_width": "0.26",
        },
    )
    return _text(root)


def _document() -> ElementTree.Element:
    return ElementTree.Element("qgis", version="3.22.0", styleCategories="Symbology|Fields")


def _add_aliases(root: ElementTree.Element, table: Table) -> None:
    aliases = ElementTree.SubElement(root, "aliases")
    for index, column in enumerate(table.columns, start=1):  # field 0 is fid
        ElementTree.SubElement(aliases, "alias", index=str(index), field=column.name, name=column.alias_zh)


def _add_cased_outlines(renderer: ElementTree.Element, colours: Sequence[Rgb]) -> None:
    symbols = ElementTree.SubElement(renderer, "symbols")
    for index, rgb in enumerate(colours):
        symbol = _add_symbol(symbols, index)
        for line, width_mm in ((CASING_RGB, 0.9), (rgb, 0.46)):
            settings = {
                "joinstyle": "round",
                "capstyle": "round",
                "line_style": "solid",
                "line_color": _colour(line),
                "line_width": f"{width_mm:g}",
                "line_width_unit": "MM",
            }
            _add_layer(symbol, "SimpleLine", settings)


def _add_symbol(symbols: ElementTree.Element, index: int) -> ElementTree.Element:
    return ElementTree.SubElement(symbols, "symbol", type="fill", name=str(index), alpha="1", clip_to_extent="1")


def _add_layer(symbol: ElementTree.Element, kind: str, settings: dict[str, str]) -> None:
    layer = ElementTree.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    options = ElementTree.SubElement(layer, "Option", type="Map")
    for name, value in settings.items():
        ElementTree.SubElement(options, "Option", name=name, value=value, type="QString")
    for name, value in settings.items():  # QGIS before 3.26 reads these
        ElementTree.SubElement(layer, "prop", k=name, v=value)


def _colour(rgb: Rgb) -> str:
    return ",".join(str(part) for part in (*rgb, 255))


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}"
