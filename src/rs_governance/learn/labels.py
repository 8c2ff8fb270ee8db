"""Labels: what closed cases teach, as data for training and calibration."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import rasterio.errors
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.windows import Window

CHIP_PX = 256
"""Side of a chip in pixels, unless the outline needs a larger one."""

_MARGIN = 1.5
LABEL_FORMAT, LABEL_VERSION = "rs_governance.labels", 1
"""What `labels.json` calls itself."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A published spot and what it turned out to be."""

    spot_no: str
    """Number of the spot."""
    case_number: str
    """Number of its case."""
    issue: str
    """Issue that published it."""
    label: str
    """`change` or `no_change`."""
    kind: str
    """Kind of change as people left it."""
    machine_kind: str
    """Kind of change as the machine had it."""
    verdict: str
    """Verdict."""
    resolution: str
    """Code of the resolution."""
    score: float
    """Score of the change, 0..1."""
    before_image: str
    """Image before."""
    after_image: str
    """Image after."""
    before_on: date
    """Day of the image before."""
    after_on: date
    """Day of the image after."""
    outline: shapely.Geometry
    """Outline as people left it, in the CRS of the store."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What `write_labels` wrote."""

    labels: int
    """Number of labels."""
    chips: int
    """Number of them with both chips."""
    without: Mapping[str, int]
    """Number of labels without chips, by the image that is missing."""


def write_labels(
    labels: Sequence[Label],
    out: Path,
    *,
    crs: pyproj.CRS,
    images: Mapping[str, Path],
    meanings: Mapping[str, Mapping[str, str]],
) -> Written:
    """Write labels as GeoParquet, GeoJSON and chips.

    Chips are GeoTIFF files of the images' own bands and grid: `chips/SPOT_before.tif`, `_after.tif`, and `_mask.tif` (uint8,
    1 inside the outline) on the grid of the later image.

    Parameters
    ----------
    labels
        Labels in the order in which they are written.
    out
        Folder to fill.
    crs
        CRS of the outlines.
    images
        Images by identifier, in that CRS.
    meanings
        Meaning of each resolution, for `labels.json`.

    Returns
    -------
    Written
        How many, and what was missing.
    """
    frame = gpd.GeoDataFrame(
        [{name: value for name, value in asdict(label).items() if name != "outline"} for label in labels],
        geometry=[label.outline for label in labels],
        crs=crs,
        columns=[name for name in Label.__dataclass_fields__ if name != "outline"],
    )
    frame.to_parquet(out / "labels.parquet")
    in_degrees = frame.to_crs(4326)
    in_degrees = in_degrees.assign(before_on=frame["before_on"].astype("str"), after_on=frame["after_on"].astype("str"))
    (out / "labels.geojson").write_text(in_degrees.to_json(drop_id=True, ensure_ascii=False), "utf-8")
    (out / "chips").mkdir()
    without: dict[str, int] = {}
    written = 0
    for label in labels:
        missing = [image for image in (label.before_image, label.after_image) if image not in images]
        if missing:
            without[missing[0]] = without.get(missing[0], 0) + 1
            continue
        _write_chips(label, out / "chips", images)
        written += 1
    result = Written(labels=len(labels), chips=written, without=dict(sorted(without.items())))
    head: dict[str, Any] = {
        "format": LABEL_FORMAT,
        "version": LABEL_VERSION,
        "labels": len(labels),
        "by_label": {name: sum(label.label == name for label in labels) for name in ("change", "no_change")},
        "chips": written,
        "without_chips": dict(result.without),
        "resolutions": {code: dict(words) for code, words in meanings.items()},
    }
    (out / "labels.json").write_text(json.dumps(head, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return result


def find_scenes(folder: Path, crs: pyproj.CRS) -> dict[str, Path]:
    """Find the images of a folder that chips can be cut from.

    Parameters
    ----------
    folder
        Folder of GeoTIFF files, each named by the identifier of its image.
    crs
        CRS of the outlines; images in another one are left out.

    Returns
    -------
    dict
        Files by identifier.
    """
    found = {}
    for path in sorted(folder.glob("*.tif")):
        try:
            with rasterio.open(path) as scene:
                fits = scene.crs is not None and pyproj.CRS.from_user_input(scene.crs) == crs
        except rasterio.errors.RasterioIOError:
            continue  # no image: it is told as missing where a label wants it
        if fits:
            found[path.stem] = path
    return found


def _write_chips(label: Label, folder: Path, images: Mapping[str, Path]) -> None:
    for name, image in (("before", label.before_image), ("after", label.after_image)):
        with rasterio.open(images[image]) as scene:
            window = _window(scene, label.outline)
            chip = _read(scene, window)
            profile = {
                "driver": "GTiff",
                "count": scene.count,
                "dtype": scene.dtypes[0],
                "width": chip.shape[2],
                "height": chip.shape[1],
                "crs": scene.crs,
                "transform": scene.transform @ Affine.translation(window.col_off, window.row_off),
                "nodata": scene.nodata,
                "compress": "deflate",
            }
            with rasterio.open(folder / f"{label.spot_no}_{name}.tif", "w", **profile) as target:
                target.write(chip)
                target.descriptions = scene.descriptions
    mask = rasterize([label.outline], out_shape=chip.shape[1:], transform=profile["transform"], dtype=np.uint8)
    profile |= {"count": 1, "dtype": "uint8", "nodata": None}
    with rasterio.open(folder / f"{label.spot_no}_mask.tif", "w", **profile) as target:
        target.write(mask, 1)


def _window(scene: rasterio.DatasetReader, outline: shapely.Geometry) -> Window:
    west, south, east, north = outline.bounds
    left, top = ~scene.transform @ (west, north)
    right, bottom = ~scene.transform @ (east, south)
    side = max(CHIP_PX, int(np.ceil(max(right - left, bottom - top) * _MARGIN)))
    return Window(round((left + right - side) / 2), round((top + bottom - side) / 2), side, side)


def _read(scene: rasterio.DatasetReader, window: Window) -> npt.NDArray[Any]:
    """Read a window that may reach over the border, as bands x side x side; beyond the border is nodata, or 0."""
    chip = np.full((scene.count, window.height, window.width), scene.nodata or 0, scene.dtypes[0])
    rows = slice(max(window.row_off, 0), min(window.row_off + window.height, scene.height))
    columns = slice(max(window.col_off, 0), min(window.col_off + window.width, scene.width))
    if rows.start < rows.stop and columns.start < columns.stop:
        inside = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        top, left = rows.start - window.row_off, columns.start - window.col_off
        chip[:, top : top + inside.height, left : left + inside.width] = scene.read(window=inside)
    return chip
