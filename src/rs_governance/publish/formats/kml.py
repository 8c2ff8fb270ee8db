"""Spots as KML, for maps on phones."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from rs_governance.publish.formats.geojson import rows_and_polygons
from rs_governance.publish.formats.wgs84 import DECIMALS
from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import SEVERITY_RGB, Rgb
from rs_governance.publish.titles import TITLES, titles_of
from rs_governance.rules import SPOTS
from rs_governance.rules.amounts import in_m2

_Rings = list[list[list[float]]]
"""Rings of a polygon, the outer one first."""


def _said_m2(area_m2: float) -> str:
    return f"{in_m2(area_m2)} 平方米"


_LINES: Mapping[str, Callable[[Any], str]] = {
    "severity": str,
    "kind": str,
    "theme": str,
    "suspicion": str,
    "reason_zh": str,
    "area_m2": in_m2,
    "area_mu": "{:,.2f}".format,
    "cropland_m2": _said_m2,
    "basic_cropland_m2": _said_m2,
    "protected_m2": _said_m2,
    "woodland_m2": _said_m2,
    "land_label": str,
    "permit_number": str,
    "village_name": str,
    "keeper": str,
    "department": str,
    "before_on": str,
    "after_on": str,
}
"""What a description says, in order, and how; what is missing or zero is left out."""

_NO_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"}
"""Characters that XML cannot hold, should a name in a reference have one."""


def write_kml(month: MonthlyIssue, path: Path) -> None:
    """Write the spots as KML 2.2: a folder a town, a placemark a spot, coloured by severity.

    A placemark has a point to tap and the outline, a Chinese description, and its numbers as data. The most urgent
    come first in each folder; green ones are there but switched off. The bytes depend on the issue alone.

    Parameters
    ----------
    month
        The issue.
    path
        File to create or replace.

    Raises
    ------
    CrsRefused
        When the spots cannot be moved to WGS84.
    OutputFailed
        When the file cannot be written.

    References
    ----------
    OGC 07-147r2, "KML" 2.2, 2008.
    """
    folders: dict[tuple[str, str], list[tuple[int, str]]] = {}
    urgency = {severity: place for place, severity in enumerate(TITLES["severity"])}
    for spot, polygons in rows_and_polygons(SPOTS, month.spots, month.outlines_wgs84):
        town = (spot["town_code"] or "~", spot["town_name"] or "乡镇范围以外")  # what lies in no town comes last
        folders.setdefault(town, []).append((urgency[spot["severity"]], _placemark(spot, polygons)))
    parts = [_head(month)]
    for (_, name), placemarks in sorted(folders.items()):
        placemarks.sort(key=lambda each: each[0])
        parts.append(f"<Folder><name>{_text(name)}（{len(placemarks)}）</name><open>0</open>\n")
        parts.extend(text for _, text in placemarks)
        parts.append("</Folder>\n")
    parts.append("</Document>\n</kml>\n")
    with writing(path):
        path.write_text("".join(parts), encoding="utf-8", newline="\n")


def _head(month: MonthlyIssue) -> str:
    title = f"{month.district_name}{month.issue}期疑似变化图斑"
    styles = "".join(_style(severity, rgb) for severity, rgb in SEVERITY_RGB.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>'
        f"<name>{_text(title)}</name><open>1</open>\n"
        "<description>图斑为卫星影像比对所得线索，只表示疑似，须现场核查。</description>\n"
        f"{styles}"
    )


def _style(severity: str, rgb: Rgb) -> str:
    colour = "".join(f"{part:02x}" for part in reversed(rgb))  # KML writes alpha, blue, green, red
    return (
        f'<Style id="{severity}"><IconStyle><color>ff{colour}</color><scale>0.8</scale></IconStyle>'
        "<LabelStyle><scale>0.7</scale></LabelStyle>"
        f"<LineStyle><color>ff{colour}</color><width>2.5</width></LineStyle>"
        f"<PolyStyle><color>40{colour}</color></PolyStyle></Style>\n"
    )


def _placemark(spot: Mapping[str, Any], polygons: list[_Rings]) -> str:
    number, severity = spot["spot_no"], spot["severity"]
    lines = [
        f"{SPOTS.by_name[name].alias_zh}：{said(titles_of(name, value).zh if name in TITLES else value)}"
        for name, said in _LINES.items()
        if (value := spot[name])  # neither missing nor zero
    ]
    description = _text("\n".join(lines)).replace("\n", "<br/>")
    visibility = "" if severity != "green" else "<visibility>0</visibility>"
    # Order of the members is fixed by the standard: name, visibility, description, style, data, geometry.
    return (
        f'<Placemark id="spot-{number}"><name>{number}</name>{visibility}'
        f"<description><![CDATA[{description}]]></description><styleUrl>#{severity}</styleUrl>"
        f"<ExtendedData>{_data(spot, 'issue')}{_data(spot, 'area_m2')}</ExtendedData>"
        f"<MultiGeometry><Point><coordinates>{spot['lon']:.{DECIMALS}f},"
        f"{spot['lat']:.{DECIMALS}f}</coordinates></Point>"
        f"{''.join(map(_polygon, polygons))}</MultiGeometry></Placemark>\n"
    )


def _data(spot: Mapping[str, Any], name: str) -> str:
    return f'<Data name="{name}"><displayName>{SPOTS.by_name[name].alias_zh}</displayName><value>{spot[name]}</value></Data>'


def _polygon(rings: _Rings) -> str:
    outer = f"<outerBoundaryIs>{_ring(rings[0])}</outerBoundaryIs>"
    inner = "".join(f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in rings[1:])
    return f"<Polygon><tessellate>1</tessellate>{outer}{inner}</Polygon>"


def _ring(points: list[list[float]]) -> str:
    text = " ".join([f"{x:.{DECIMALS}f},{y:.{DECIMALS}f}" for x, y in points])
    return f"<LinearRing><coordinates>{text}</coordinates></LinearRing>"


def _text(value: str) -> str:
    return escape(value.translate(_NO_XML))
