"""The tasks of a package as a GeoPackage with forms, for QField and QGIS: what is known cannot be edited."""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pyogrio.raw
import shapely

from rs_governance.cases import RESOLUTIONS, VERDICTS
from rs_governance.field.handout import Handout
from rs_governance.field.questions import Question
from rs_governance.field.sheet import OFFERED_RESOLUTIONS, OFFERED_VERDICTS
from rs_governance.field.task_list import FIELD_TASKS
from rs_governance.publish.formats.geopackage import STYLE_TABLE, WRITTEN_AT, failing_plainly, reproducible_gdal
from rs_governance.publish.output_folder import writing
from rs_governance.publish.style import severity_style

LAYER = "tasks"
"""Layer of the tasks."""

PHOTO_FIELDS = ("photo", "photo_2", "photo_3", "photo_4")
"""Fields that hold the path of a photo, relative to the GeoPackage."""

_Widget = Literal["ValueMap", "TextEdit", "Range", "ExternalResource"]


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A field to fill in."""

    name: str
    """Name of the column."""
    alias: str
    """Name shown."""
    widget: _Widget
    """How it is edited."""
    number: bool = False
    """True for a column of numbers."""
    words: Mapping[str, str] | None = None
    """Words to choose from, to what is kept."""
    limits: tuple[float, float] = (0.0, 1e9)
    """Smallest and largest number."""


def write_qfield(frame: gpd.GeoDataFrame, path: Path, *, handout: Handout, questions: Sequence[Question]) -> None:
    """Write the tasks as a GeoPackage in the CRS of the table.

    The layer `tasks` has the columns of `FIELD_TASKS`, which its form shows and does not let edit, and the fields to
    fill in, named as in a return file. The form is the default style in `layer_styles`.

    Parameters
    ----------
    frame
        Table of `frame_of`.
    path
        File to create.
    handout
        For whom, until when.
    questions
        What is asked.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    fields = _fields(questions)
    known = FIELD_TASKS.published_values(frame)
    empty = {
        field.name: np.full(len(frame), np.nan) if field.number else np.full(len(frame), None, dtype=object)
        for field in fields
    }
    with writing(path), failing_plainly(path):
        with reproducible_gdal():
            pyogrio.raw.write(
                path,
                field_data=[*known.values(), *empty.values()],
                fields=[*known, *empty],
                layer=LAYER,
                driver="GPKG",
                dataset_options={"VERSION": "1.2"},
                layer_options={
                    "IDENTIFIER": f"外业核查 {handout.number}",
                    "DESCRIPTION": f"{handout.receiver.name}，有效期至 {handout.expires_on.isoformat()}",
                    "GEOMETRY_NAME": "geom",
                },
                geometry=shapely.to_wkb(frame.geometry.to_numpy()),
                geometry_type="MultiPolygon",
                promote_to_multi=True,
                crs=frame.crs.to_wkt(),
            )
        with contextlib.closing(sqlite3.connect(path)) as connection:
            with connection:
                connection.executescript(STYLE_TABLE)
                connection.execute(
                    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
                    " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
                    (WRITTEN_AT,),
                )
                connection.execute(
                    "INSERT INTO layer_styles VALUES (NULL, '', '', ?, 'geom', ?, ?, NULL, 1, ?, '', NULL, ?)",
                    (LAYER, LAYER, _style(fields), "外业核查表单 / form of a field check", WRITTEN_AT),
                )
            connection.execute("VACUUM")


def _fields(questions: Sequence[Question]) -> list[_Field]:
    verdicts = {VERDICTS[code].zh: code for code in OFFERED_VERDICTS}  # type: ignore[index]
    resolutions = {RESOLUTIONS[code].zh: code for code in OFFERED_RESOLUTIONS}
    return [
        _Field(name="verdict", alias="认定建议", widget="ValueMap", words=verdicts),
        _Field(name="resolution", alias="结论建议", widget="ValueMap", words=resolutions),
        *(_asked(question) for question in questions),
        _Field(name="note", alias="核查说明", widget="TextEdit"),
        *(
            _Field(name=name, alias=f"照片 {place}", widget="ExternalResource")
            for place, name in enumerate(PHOTO_FIELDS, 1)
        ),
        _Field(name="lon", alias="核查经度（WGS 84）", widget="Range", number=True, limits=(70.0, 140.0)),
        _Field(name="lat", alias="核查纬度（WGS 84）", widget="Range", number=True, limits=(0.0, 60.0)),
        _Field(name="done", alias="完成", widget="ValueMap", words={"是": "yes", "否": "no"}),
    ]


def _asked(question: Question) -> _Field:
    alias = f"{question.zh}（必填）" if question.required else question.zh
    if question.type == "number":
        return _Field(name=question.id, alias=alias, widget="Range", number=True)
    if question.type == "text":
        return _Field(name=question.id, alias=alias, widget="TextEdit")
    words = (
        {"是": "yes", "否": "no"} if question.type == "yes_no" else {word.zh: code for code, word in question.choices}
    )
    return _Field(name=question.id, alias=alias, widget="ValueMap", words=words)


def _style(fields: Sequence[_Field]) -> str:
    """Return the layer's style (QML): colours by severity, and the form."""
    root = ElementTree.fromstring(severity_style())
    root.set("styleCategories", "Symbology|Fields|Forms")
    for former in root.findall("aliases"):
        root.remove(former)
    known = [(column.name, column.alias_zh) for column in FIELD_TASKS.columns]
    names = [*known, *((field.name, field.alias) for field in fields)]
    configuration = ElementTree.SubElement(root, "fieldConfiguration")
    for field in fields:
        _add_widget(ElementTree.SubElement(configuration, "field", name=field.name, configurationFlags="None"), field)
    aliases = ElementTree.SubElement(root, "aliases")
    for index, (name, alias) in enumerate(names, start=1):  # field 0 is fid
        ElementTree.SubElement(aliases, "alias", index=str(index), field=name, name=alias)
    editable = ElementTree.SubElement(root, "editable")
    for name in ("fid", *(name for name, _ in known)):
        ElementTree.SubElement(editable, "field", name=name, editable="0")
    for field in fields:
        ElementTree.SubElement(editable, "field", name=field.name, editable="1")
    ElementTree.SubElement(root, "editorlayout").text = "tablayout"
    form = ElementTree.SubElement(root, "attributeEditorForm")
    _add_tab(form, "核查", [field.name for field in fields], first=len(known) + 1)
    _add_tab(form, "图斑信息", [name for name, _ in known], first=1)
    ElementTree.SubElement(root, "previewExpression").text = '"number"'
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}"


def _add_tab(form: ElementTree.Element, title: str, names: Sequence[str], *, first: int) -> None:
    tab = ElementTree.SubElement(
        form, "attributeEditorContainer", name=title, groupBox="0", columnCount="1", showLabel="1"
    )
    for index, name in enumerate(names, start=first):
        ElementTree.SubElement(tab, "attributeEditorField", name=name, index=str(index), showLabel="1")


def _add_widget(parent: ElementTree.Element, field: _Field) -> None:
    widget = ElementTree.SubElement(parent, "editWidget", type=field.widget)
    options = ElementTree.SubElement(ElementTree.SubElement(widget, "config"), "Option", type="Map")
    if field.words is not None:
        listed = ElementTree.SubElement(options, "Option", name="map", type="List")
        for word, code in field.words.items():
            entry = ElementTree.SubElement(listed, "Option", type="Map")
            ElementTree.SubElement(entry, "Option", name=word, type="QString", value=code)
        return
    settings: dict[_Widget, dict[str, Any]] = {
        "TextEdit": {"IsMultiline": True, "UseHtml": False},
        "Range": {"AllowNull": True, "Min": field.limits[0], "Max": field.limits[1], "Precision": 7, "Style": "SpinBox"},
        # 1: a picture; paths relative to the project, which QField keeps beside the GeoPackage
        "ExternalResource": {"DocumentViewer": 1, "FileWidget": True, "FileWidgetButton": True, "RelativeStorage": 1, "StorageMode": 0},
        "ValueMap": {},
    }  # fmt: skip
    kinds = {bool: "bool", int: "int", float: "double", str: "QString"}
    for name, value in settings[field.widget].items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        ElementTree.SubElement(options, "Option", name=name, type=kinds[type(value)], value=text)
