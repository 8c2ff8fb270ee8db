"""The parts of a package: form, list, cards, KMZ, sheet and GeoPackage, all of the same tasks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyproj
import shapely
from PIL import Image

from rs_governance.field.assignments import FieldTask
from rs_governance.field.card_pages import write_card_pages
from rs_governance.field.chips import draw_chip, draw_location
from rs_governance.field.form import FormPair, FormPictures, MapPicture, make_form
from rs_governance.field.ground import GroundPair, PlacedPicture, PublishedGround, jpeg
from rs_governance.field.handout import Handout, Order
from rs_governance.field.kmz import write_kmz, write_zip
from rs_governance.field.qfield import write_qfield
from rs_governance.field.questions import Question
from rs_governance.field.sheet import write_sheet
from rs_governance.field.task_list import FIELD_TASKS, frame_of, write_task_list
from rs_governance.field.watermark import stamp
from rs_governance.publish.formats.wgs84 import to_wgs84_outlines
from rs_governance.publish.output_folder import writing

FORMATS = ("html", "geojson", "cards", "kmz", "xlsx", "gpkg")
"""What a package may hold."""

_CHIP_QUALITY = 82
_NEAR_M = 350.0  # a task this near to another is on the picture of its surroundings
_COARSE = 1.5  # surroundings are shown where the map of all is this much coarser

_SAID = {
    "html": ("{number}.html", "用手机浏览器打开：看图、导航、填写、拍照，最后“保存回传”", "open in a phone's browser: look, navigate, fill in, save"),
    "xlsx": ("{number}.xlsx", "表格填报", "sheet to fill in"),
    "gpkg": ("{number}.gpkg", "QField / QGIS 填报", "for QField and QGIS"),
    "kmz": ("{number}.kmz", "奥维、谷歌地球等地图软件", "for map programs"),
    "geojson": ("{number}.geojson", "任务清单（WGS 84）", "task list (WGS 84)"),
    "cards": ("cards/", "图斑核查表，可打印手填", "check cards, to print"),
}  # fmt: skip


def write_parts(
    folder: Path,
    tasks: Sequence[FieldTask],
    *,
    handout: Handout,
    crs: pyproj.CRS,
    formats: Collection[str],
    questions: Sequence[Question],
    orders: Mapping[str, Order],
    issues: Path | None,
    zipped: bool,
    progress: Callable[[str, float], None],
) -> int:
    """Write the parts of a package into a folder.

    Parameters
    ----------
    folder
        Where to write; it exists and is empty.
    tasks
        The tasks.
    handout
        For whom, until when.
    crs
        CRS of the outlines.
    formats
        Which of `FORMATS`.
    questions
        What is asked.
    orders
        Order of the visits by the case's number; empty without a plan.
    issues
        Folder with the published issues; None for outlines alone.
    zipped
        True for one zip.
    progress
        Told how far it is.

    Returns
    -------
    int
        Number of tasks that have a picture.
    """
    tasks = sorted(tasks, key=lambda task: orders[task.number].place if task.number in orders else len(tasks) + 1)
    stem = handout.number
    frame = frame_of(tasks, crs, orders)
    moved = to_wgs84_outlines(frame, key=FIELD_TASKS.key)
    outlines: dict[str, shapely.Geometry] = dict(zip((task.number for task in tasks), moved, strict=True))
    with PublishedGround(issues, crs=crs) as ground:
        wants_pictures = {"html", "cards", "kmz"} & set(formats)
        overview = ground.overview(tasks) if {"html", "cards"} & set(formats) else None
        pairs: dict[str, FormPair] = {}
        chips: dict[str, bytes] = {}
        pictured = 0
        for index, task in enumerate(tasks):
            pair = ground.pair(task)
            pictured += pair is not None
            if pair is not None and "html" in formats:
                pairs[task.number] = _form_pair(pair, handout.mark)
            if wants_pictures & {"cards", "kmz"}:
                chips[task.number] = _stamped(draw_chip(task, ground, pair), handout, _CHIP_QUALITY)
            progress("chips", (index + 1) / len(tasks))
        if "html" in formats:
            placed = _map_pictures(tasks, ground, overview)
            pictures = FormPictures(pairs=pairs, map=[_map_picture(each, handout) for each in placed])
            page = make_form(handout, tasks, outlines, questions, pictures, orders=orders)
            _write_text(folder / f"{stem}.html", page)
        if "cards" in formats:
            locate = _locator(ground, overview, handout)
            write_card_pages(tasks, folder / "cards", handout=handout, chips=chips, locate=locate, questions=questions)
            progress("cards", 1.0)
    if "kmz" in formats:
        write_kmz(tasks, folder / f"{stem}.kmz", handout=handout, outlines=outlines, chips=chips, orders=orders)
    if "geojson" in formats:
        write_task_list(frame, folder / f"{stem}.geojson", handout=handout, outlines=moved)
    if "xlsx" in formats:
        write_sheet(tasks, folder / f"{stem}.xlsx", handout=handout, questions=questions)
    if "gpkg" in formats:
        write_qfield(frame, folder / f"{stem}.gpkg", handout=handout, questions=questions)
    _write_text(folder / "README.txt", _readme(handout, formats, len(tasks), pictured))
    if zipped:
        _pack(folder, folder / f"{stem}.zip")
    progress("publish", 1.0)
    return pictured


def _form_pair(pair: GroundPair, mark: str) -> FormPair:
    before, after = jpeg(stamp(pair.before, mark)), jpeg(stamp(pair.after, mark))
    return FormPair(before=before, after=after, bounds=pair.bounds, width=pair.after.width, outlined=pair.outlined)


def _map_picture(placed: PlacedPicture, handout: Handout) -> MapPicture:
    content = jpeg(stamp(placed.picture, handout.mark))
    return MapPicture(content=content, bounds=placed.bounds, width=placed.picture.width)


def _map_pictures(
    tasks: Sequence[FieldTask], ground: PublishedGround, overview: PlacedPicture | None
) -> list[PlacedPicture]:
    """Return the map of all, and where that is coarse the surroundings of each task, near ones shared."""
    if overview is None:
        return []
    placed, centres = [overview], np.empty((0, 2))
    for task in tasks:
        centre = np.array(task.outline.centroid.coords[0])
        if len(centres) and np.hypot(*(centres - centre).T).min() < _NEAR_M:
            continue
        around = ground.around(task)
        if around is None or _metres(overview) < _COARSE * _metres(around):
            continue
        placed.append(around)
        centres = np.vstack([centres, centre])
    return placed


def _metres(placed: PlacedPicture) -> float:
    return (placed.bounds[2] - placed.bounds[0]) / placed.picture.width


def _locator(
    ground: PublishedGround, overview: PlacedPicture | None, handout: Handout
) -> Callable[[FieldTask], Image.Image]:
    def locate(task: FieldTask) -> Image.Image:
        return stamp(draw_location(task, ground, overview), handout.mark)

    return locate


def _stamped(picture: Image.Image, handout: Handout, quality: int) -> bytes:
    return jpeg(stamp(picture, handout.mark), quality=quality)


def _readme(handout: Handout, formats: Collection[str], count: int, pictured: int) -> str:
    lines = [
        f"外业核查任务包 {handout.number}（{handout.district}）  Field tasks",
        f"接收人 For：{handout.receiver.name}（{handout.receiver.code}）",
        f"有效期至 Valid until：{handout.expires_on.isoformat()}",
        f"案件 Cases：{count}，有影像 with pictures：{pictured}",
        "",
        *(
            f"{name.format(number=handout.number)}  {zh}  {en}"
            for part, (name, zh, en) in _SAID.items()
            if part in formats
        ),
        "",
        "卫星所见只是疑似，以现场为准。仅限接收人使用，不得外传。",
        "What the satellite saw is a suspicion. For the receiver only.",
    ]
    if pictured < count:
        lines.insert(4, "部分或全部案件没有影像，只有范围。 Some cases have outlines only.")
    return "\n".join(lines) + "\n"


def _write_text(path: Path, text: str) -> None:
    with writing(path):
        path.write_text(text, encoding="utf-8", newline="\n")


def _pack(folder: Path, path: Path) -> None:
    """Put all that is in a folder into one zip there, in its place."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != path)
    with writing(path):
        write_zip(path, {file.relative_to(folder).as_posix(): file.read_bytes() for file in files})
        for file in files:
            file.unlink()
        for inner in sorted((each for each in folder.iterdir() if each.is_dir()), reverse=True):
            inner.rmdir()
