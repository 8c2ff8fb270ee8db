"""How a finding looks: the colours of the score, on the overview and in desktop GIS."""

from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from rs_governance.detect.findings import FINDINGS


@dataclass(frozen=True, kw_only=True)
class ScoreClass:
    """A range of scores that is drawn in one colour."""

    lower: float
    """Smallest score of the class."""
    upper: float
    """Where the next class begins; the last one includes it."""
    rgb: tuple[int, int, int]
    """Colour of the outline, 0..255."""


SCORE_CLASSES = (
    ScoreClass(lower=0.0, upper=0.5, rgb=(255, 242, 102)),
    ScoreClass(lower=0.5, upper=0.7, rgb=(255, 178, 36)),
    ScoreClass(lower=0.7, upper=0.85, rgb=(255, 98, 32)),
    ScoreClass(lower=0.85, upper=1.0, rgb=(255, 26, 68)),
)
"""Yellow to red: the more certain, the darker and the redder."""

CASING_RGB = (20, 24, 31)
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


def qgis_style() -> str:
    """Return the default QGIS style (QML) of the findings layer: cased outlines coloured by score."""
    root = ElementTree.Element("qgis", version="3.22.0", styleCategories="Symbology|Fields")
    renderer = ElementTree.SubElement(
        root, "renderer-v2", type="graduatedSymbol", attr="score", graduatedMethod="GraduatedColor", enableorderby="0"
    )
    ranges = ElementTree.SubElement(renderer, "ranges")
    symbols = ElementTree.SubElement(renderer, "symbols")
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
        symbol = ElementTree.SubElement(symbols, "symbol", type="fill", name=str(index), alpha="1", clip_to_extent="1")
        _outline_layer(symbol, CASING_RGB, width_mm=0.9)
        _outline_layer(symbol, each.rgb, width_mm=0.46)
    aliases = ElementTree.SubElement(root, "aliases")
    for index, column in enumerate(FINDINGS.columns, start=1):  # field 0 is fid
        ElementTree.SubElement(aliases, "alias", index=str(index), field=column.name, name=column.alias_zh)
    ElementTree.indent(root)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ElementTree.tostring(
        root, encoding="unicode"
    )


def _outline_layer(symbol: ElementTree.Element, rgb: tuple[int, int, int], *, width_mm: float) -> None:
    layer = ElementTree.SubElement(symbol, "layer", {"class": "SimpleLine", "enabled": "1", "locked": "0", "pass": "0"})
    settings = {
        "joinstyle": "round",
        "capstyle": "round",
        "line_style": "solid",
        "line_color": ",".join(str(part) for part in (*rgb, 255)),
        "line_width": f"{width_mm:g}",
        "line_width_unit": "MM",
    }
    options = ElementTree.SubElement(layer, "Option", type="Map")
    for name, value in settings.items():
        ElementTree.SubElement(options, "Option", name=name, value=value, type="QString")
    for name, value in settings.items():  # QGIS before 3.26 reads these
        ElementTree.SubElement(layer, "prop", k=name, v=value)
