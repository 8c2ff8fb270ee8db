"""Simulated pairs on disk: two GeoTIFFs, the truth as raster and GeoJSON, a manifest."""

import hashlib
import json
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.crs import CRS

from rs_governance.errors import OutputFailed
from rs_governance.simulate.changes import Kind
from rs_governance.simulate.pair import ROLES, SimulatedPair, simulate_pair

SAMPLE_SEED = 8
SAMPLE_SIZE_PX = 1120
"""0.8 square kilometres: what LERC brings under 6 MB."""
LERC_SHARE = 0.49
"""Largest error of the compressed images, as a share of the noise."""

_README = """\
# Sample tiles

A simulated pair of satellite images: {size:.2f} x {size:.2f} km of country near Liangqing, Nanning, as seen on
{before_on} and {after_on}. **None of it exists**: fields, villages, works and changes follow from seed {seed}.
`rsg simulate` makes it again; the parameters are in `manifest.json`. Made by this project, Apache-2.0.

| file | content |
|---|---|
| `{before}`, `{after}` | {gsd} m pixels, blue, green, red, near infrared, uint16 (about reflectance x 10,000), EPSG:{epsg}; LERC, largest error {error:g} (noise: standard deviation {noise:g} or more) |
| `truth.tif` | codes of what really changed, on the grid of the first image; 0 = nothing |
| `truth.geojson` | the same as outlines (WGS84), with kind, area and dates |
| `manifest.json` | seed, parameters, and size and SHA-256 of every file |

Codes: {codes}.

The second image lies {shift} pixels (rows, columns) off the first, has other gains, haze and sun. Crops that ripen or are cut, water that
rises, falls or changes colour, cars and shadows are **not** findings.

# 样例影像

模拟的前后两期卫星影像:南宁良庆附近乡村,{size:.2f} x {size:.2f} 公里,时相 {before_on} 与 {after_on}。**图中内容均为虚构**,由种子
{seed} 生成;`rsg simulate` 可重新生成,参数见 `manifest.json`。由本项目制作,许可 Apache-2.0。

| 文件 | 内容 |
|---|---|
| `{before}`、`{after}` | {gsd} 米分辨率,蓝、绿、红、近红外,uint16(约为反射率 x 10000),EPSG:{epsg};LERC 压缩,最大误差 {error:g}(噪声标准差不小于 {noise:g}) |
| `truth.tif` | 真实变化的类别代码,与前时相同格网;0 = 无变化 |
| `truth.geojson` | 同上,矢量图斑(WGS84),含类别、面积、日期 |
| `manifest.json` | 种子、参数、各文件大小与 SHA-256 |

后时相影像有亚像元错位、增益、薄雾与太阳角度差异。作物成熟与收割、水位与水色、车辆、阴影的变化都**不是**图斑。
"""


def write_pair(pair: SimulatedPair, folder: Path) -> dict[str, object]:
    """Write a pair into a folder and return its manifest.

    Parameters
    ----------
    pair
        The pair to write.
    folder
        Made if it does not exist; files of the same names are replaced.

    Raises
    ------
    OutputFailed
        If the folder cannot be written.
    """
    before, after = f"before_{pair.before_on:%Y%m%d}.tif", f"after_{pair.after_on:%Y%m%d}.tif"
    error = LERC_SHARE * pair.noise_sigma
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_image(folder / before, pair, pair.before, pair.before_on, error)
        _write_image(folder / after, pair, pair.after, pair.after_on, error)
        _write_truth(folder / "truth.tif", pair)
        _write_text(folder / "truth.geojson", _as_json_lines(pair))
        (size, *_), shift = pair.truth.shape, pair.after_shift_px
        text = _README.format(
            size=size * pair.transform.a / 1000,
            before_on=pair.before_on,
            after_on=pair.after_on,
            seed=pair.seed,
            before=before,
            after=after,
            gsd=pair.transform.a,
            epsg=pair.epsg,
            error=error,
            noise=pair.noise_sigma,
            shift=f"({shift[0]:.2f}, {shift[1]:.2f})",
            codes=", ".join(f"{kind.value} {kind.name.lower()}" for kind in Kind),
        )
        _write_text(folder / "README.md", text)
        names = (before, after, "truth.tif", "truth.geojson", "README.md")
        manifest: dict[str, object] = {
            "schema": "rsg-simulated-pair/1",
            "licence": "Apache-2.0",
            "origin": "Simulated by this project; no real place, no real image.",
            "seed": pair.seed,
            "crs": f"EPSG:{pair.epsg}",
            "roles": list(ROLES),
            "before": {"file": before, "acquired_on": pair.before_on.isoformat()},
            "after": {"file": after, "acquired_on": pair.after_on.isoformat()},
            "noise_sigma": pair.noise_sigma,
            "max_z_error": round(error, 3),
            "kinds": {kind.name.lower(): kind.value for kind in Kind},
            "changes": len(pair.changes),
            "parameters": pair.settings,
            "files": {name: _fingerprint(folder / name) for name in names},
        }
        _write_text(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    except (OSError, rasterio.errors.RasterioIOError) as error_:
        raise OutputFailed(
            f"Cannot write the simulated pair into {folder}: {error_}. Choose another folder."
        ) from error_
    return manifest


def make_sample(folder: Path, seed: int = SAMPLE_SEED) -> dict[str, object]:
    """Simulate the sample pair of a seed, write it and return its manifest.

    Raises
    ------
    OutputFailed
        If the folder cannot be written.
    """
    return write_pair(simulate_pair(seed, size_px=SAMPLE_SIZE_PX), folder)


def _write_image(path: Path, pair: SimulatedPair, image: npt.NDArray[np.uint16], on: date, error: float) -> None:
    bands, height, width = image.shape
    # One thread and fixed blocks, so that the bytes depend on nothing else.
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=bands,
        dtype="uint16",
        crs=CRS.from_epsg(pair.epsg),
        transform=pair.transform,
        compress="LERC_DEFLATE",
        MAX_Z_ERROR=error,
        ZLEVEL=9,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        interleave="band",
    ) as target:
        target.write(image)
        target.descriptions = ROLES
        target.update_tags(TIFFTAG_DATETIME=f"{on:%Y:%m:%d} 03:00:00", TIFFTAG_IMAGEDESCRIPTION="Simulated image")


def _write_truth(path: Path, pair: SimulatedPair) -> None:
    height, width = pair.truth.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=1,
        dtype="uint8",
        crs=CRS.from_epsg(pair.epsg),
        transform=pair.transform,
        compress="DEFLATE",
        ZLEVEL=9,
        tiled=True,
        blockxsize=256,
        blockysize=256,
    ) as target:
        target.write(pair.truth, 1)
        target.set_band_description(1, "change_kind")
        target.update_tags(1, **{f"code_{kind.value}": kind.name.lower() for kind in Kind})


def _as_json_lines(pair: SimulatedPair) -> str:
    """Return the truth as RFC 7946 GeoJSON, one feature a line."""
    to_lonlat = pyproj.Transformer.from_crs(pair.epsg, 4326, always_xy=True)
    lines = []
    for number, change in enumerate(pair.changes, 1):
        on_map = pair.outline_on_map(change)
        outline = shapely.transform(on_map, lambda xy: np.column_stack(to_lonlat.transform(xy[:, 0], xy[:, 1])))
        outline = shapely.set_precision(outline, 1e-8)
        feature = {
            "type": "Feature",
            "id": number,
            "properties": {
                "kind": change.kind.name.lower(),
                "code": change.kind.value,
                "area_m2": round(on_map.area, 1),
                "happened_on": change.happened_on.isoformat(),
                "before_on": pair.before_on.isoformat(),
                "after_on": pair.after_on.isoformat(),
            },
            "geometry": shapely.geometry.mapping(shapely.orient_polygons(outline)),
        }
        lines.append(json.dumps(feature))
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _fingerprint(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
