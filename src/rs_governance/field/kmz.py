"""The tasks of a package as KMZ, for maps on phones: outlines, words and chips in one file."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import shapely

from rs_governance.field.assignments import FieldTask
from rs_governance.field.describing import facts_of_task, file_stem, reason_of
from rs_governance.field.handout import Handout, Order
from rs_governance.publish.formats.wgs84 import DECIMALS
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.publish.titles import titles_of

_MEMBER_TIME = (1980, 1, 1, 0, 0, 0)
_NO_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


def write_kmz(
    tasks: Sequence[FieldTask],
    path: Path,
    *,
    handout: Handout,
    outlines: Mapping[str, shapely.Geometry],
    chips: Mapping[str, bytes],
    orders: Mapping[str, Order],
) -> None:
    """Write the tasks as KML 2.2 with their chips, zipped.

    Parameters
    ----------
    tasks
        The tasks.
    path
        File to create.
    handout
        For whom, until when.
    outlines
        Outlines in WGS 84 by the case's number.
    chips
        JPEG with watermark by the case's number; a task may lack one.
    orders
        Order of the visits by the case's number.

    Raises
    ------
    OutputFailed
        When the file cannot be written.

    References
    ----------
    OGC 07-147r2, "KML" 2.2, 2008.
    """
    title = f"外业核查 {handout.number} {handout.receiver.name}"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>',
        f"<name>{_text(title)}</name><open>1</open>",
        f"<description>{_text(f'有效期至 {handout.expires_on.isoformat()}。图斑只表示疑似，以现场为准。')}</description>\n",
        *(_style(severity) for severity in SEVERITY_RGB),
        *(_placemark(task, outlines[task.number], task.number in chips, orders.get(task.number)) for task in tasks),
        _route([task for task in tasks if task.number in orders], orders),
        "</Document>\n</kml>\n",
    ]
    members = {"doc.kml": "".join(parts).encode()} | {
        f"chips/{file_stem(task.number)}.jpg": chips[task.number] for task in tasks if task.number in chips
    }
    with writing(path):
        write_zip(path, members)


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes depend on its members alone.

    Parameters
    ----------
    path
        File to create.
    members
        Content by name, in the order in which it is written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _MEMBER_TIME)
            info.external_attr = 0o644 << 16
            packed = name.endswith((".jpg", ".kmz", ".pdf", ".xlsx"))
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def _placemark(task: FieldTask, outline: shapely.Geometry, has_chip: bool, order: Order | None) -> str:
    lines = [f"疑似依据：{reason_of(task).zh}", *(f"{fact.label.zh}：{fact.value.zh}" for fact in facts_of_task(task))]
    picture = f'<img src="chips/{file_stem(task.number)}.jpg" width="320"/><br/>' if has_chip else ""
    # Twice escaped: the description is HTML inside of XML, and words of a register may hold either's signs.
    description = escape(picture + "<br/>".join(_text(line) for line in lines))
    name = " ".join(
        filter(None, ("" if order is None else f"{order.place}.", titles_of("kind", task.kind).zh, task.number))
    )
    polygons = "".join(map(_polygon, shapely.get_parts(outline)))
    return (
        f"<Placemark id={quoteattr(f'case-{task.number}')}><name>{_text(name)}</name><description>{description}</description>"
        f"<styleUrl>#{task.severity}</styleUrl><MultiGeometry><Point><coordinates>{task.lon:.{DECIMALS}f},"
        f"{task.lat:.{DECIMALS}f}</coordinates></Point>{polygons}</MultiGeometry></Placemark>\n"
    )


def _route(tasks: Sequence[FieldTask], orders: Mapping[str, Order]) -> str:
    if len(tasks) < 2:
        return ""
    stops = sorted(tasks, key=lambda task: orders[task.number].place)
    points = " ".join(f"{task.lon:.{DECIMALS}f},{task.lat:.{DECIMALS}f}" for task in stops)
    return (
        '<Style id="route"><LineStyle><color>ffd0570b</color><width>3</width></LineStyle></Style>'
        "<Placemark><name>建议次序（直线，不是道路）</name><styleUrl>#route</styleUrl>"
        f"<LineString><tessellate>1</tessellate><coordinates>{points}</coordinates></LineString></Placemark>\n"
    )


def _style(severity: str) -> str:
    colour = "".join(f"{part:02x}" for part in reversed(SEVERITY_RGB[severity]))  # alpha, blue, green, red
    return (
        f'<Style id="{severity}"><IconStyle><color>ff{colour}</color></IconStyle><LineStyle><color>ff{colour}</color>'
        f"<width>2.5</width></LineStyle><PolyStyle><color>30{colour}</color></PolyStyle></Style>\n"
    )


def _polygon(polygon: shapely.Polygon) -> str:
    outer = f"<outerBoundaryIs>{_ring(polygon.exterior)}</outerBoundaryIs>"
    inner = "".join(f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in polygon.interiors)
    return f"<Polygon><tessellate>1</tessellate>{outer}{inner}</Polygon>"


def _ring(ring: shapely.LinearRing) -> str:
    points = " ".join(f"{x:.{DECIMALS}f},{y:.{DECIMALS}f}" for x, y in shapely.get_coordinates(ring))
    return f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"


def _text(value: str) -> str:
    return escape(value.translate(_NO_XML))
