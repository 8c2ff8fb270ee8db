"""`rsg scenes`: look at images before comparing them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from rs_governance.cli import images, options
from rs_governance.cli.console import print_json, print_table
from rs_governance.cli.images import scene_keywords
from rs_governance.cli.language import say, speak

if TYPE_CHECKING:
    from rs_governance.scenes import PixelGrid, Registration, Scene, ScenePair

app = typer.Typer(help="查看影像 / Look at images before comparing them.", rich_markup_mode="rich")


@app.command("info")
def info(
    path: images.Image,
    sensor: images.Sensor = None,
    bands: images.Bands = None,
    day: images.Day = None,
    towgs84: images.Towgs84 = None,
    gsd: images.Gsd = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """查看一期影像：坐标系、波段、日期等 / Show what an image is: grid, CRS, bands, date."""
    speak(lang)
    from rs_governance.scenes import open_scene

    scene = open_scene(path, **scene_keywords(sensor=sensor, bands=bands, day=day, towgs84=towgs84, gsd=gsd))
    content = {"path": str(scene.path), **_scene_content(scene)}
    if as_json:
        print_json(content)
    else:
        print_table(_rows(content))


@app.command("check")
def check(
    before: images.Before,
    after: images.After,
    sensor_before: images.SensorBefore = None,
    sensor_after: images.SensorAfter = None,
    bands_before: images.BandsBefore = None,
    bands_after: images.BandsAfter = None,
    towgs84_before: images.Towgs84Before = None,
    towgs84_after: images.Towgs84After = None,
    gsd: images.Gsd = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """检查两期影像能否比较：重叠、共有波段、配准 / Check that two images can be compared.

    可比较时退出码为 0，不能比较（如对不上）时为 3 / The exit code is 0 when they can be, 3 when they cannot (as unalignable).
    """
    speak(lang)
    from rs_governance.scenes import open_scene, pair_scenes, register

    first = scene_keywords(sensor=sensor_before, bands=bands_before, towgs84=towgs84_before, gsd=gsd)
    second = scene_keywords(sensor=sensor_after, bands=bands_after, towgs84=towgs84_after, gsd=gsd)
    earlier, later = open_scene(before, which="before", **first), open_scene(after, which="after", **second)
    pair = pair_scenes(earlier, later)
    content = _pair_content(pair, register(pair))
    if as_json:
        print_json(content)
    else:
        print_table(_rows(content))


def _scene_content(scene: "Scene") -> dict[str, Any]:
    return {
        "files": len(scene.files),
        "roles": list(scene.roles),
        "sensor": scene.sensor,
        "acquired_on": scene.acquired_on,
        "dtype": str(scene.dtype),
        "nodata": scene.nodata,
        "zero_is_nodata": scene.zero_is_nodata,
        **_grid_content(scene.grid),
    }


def _grid_content(grid: "PixelGrid") -> dict[str, Any]:
    y_m, x_m = grid.pixel_size_m
    return {
        "crs": None if grid.crs is None or (known := grid.crs.to_authority()) is None else ":".join(known),
        "crs_name": None if grid.crs is None else grid.crs.name,
        "width": grid.width,
        "height": grid.height,
        "pixel_size_m": [round(x_m, 4), round(y_m, 4)],
        "area_km2": round(grid.width * x_m * grid.height * y_m / 1e6, 3),
        "bounds": [round(value, 6) for value in grid.bounds],
    }


def _pair_content(pair: "ScenePair", registration: "Registration") -> dict[str, Any]:
    from rs_governance.detect.model import compared_bands

    return {
        "before": str(pair.before.path),
        "after": str(pair.after.path),
        "before_on": pair.before.acquired_on,
        "after_on": pair.after.acquired_on,
        "roles": list(pair.roles),
        "compared": [pair.roles[band] for band in compared_bands(pair.roles)],
        **_grid_content(pair.grid),
        "shift_px": [round(registration.dx_px, 3), round(registration.dy_px, 3)],
        "residual_px": None if registration.residual_px is None else round(registration.residual_px, 3),
        "windows": f"{registration.windows_used}/{registration.windows_tried}",
        "reliable": registration.reliable,
    }


_NAMES = {
    "path": ("影像", "image"),
    "before": ("前期", "before"),
    "after": ("后期", "after"),
    "files": ("文件数", "files"),
    "roles": ("波段", "bands"),
    "compared": ("参与比较的波段", "bands compared"),
    "sensor": ("传感器", "sensor"),
    "acquired_on": ("日期", "date"),
    "before_on": ("前期日期", "before date"),
    "after_on": ("后期日期", "after date"),
    "dtype": ("数据类型", "type"),
    "nodata": ("无效值", "nodata"),
    "zero_is_nodata": ("零值视为无效", "zero is nodata"),
    "crs": ("坐标系", "CRS"),
    "crs_name": ("坐标系名称", "CRS name"),
    "width": ("列数", "columns"),
    "height": ("行数", "rows"),
    "pixel_size_m": ("像元 x, y（米）", "pixel x, y (m)"),
    "area_km2": ("面积（km²）", "area (km²)"),
    "bounds": ("范围", "bounds"),
    "shift_px": ("位移 x, y（像元）", "shift x, y (px)"),
    "residual_px": ("残差（像元）", "residual (px)"),
    "windows": ("配准窗口", "windows"),
    "reliable": ("配准可靠", "reliable"),
}


def _rows(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(say(*_NAMES[key]), _text(value)) for key, value in content.items()]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "-" if value is None else str(value)
