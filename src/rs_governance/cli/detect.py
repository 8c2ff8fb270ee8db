"""`rsg detect`."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rs_governance.cli import images, options
from rs_governance.cli.console import print_json, print_table, progress
from rs_governance.cli.images import scene_keywords
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import COMPUTING

if TYPE_CHECKING:
    from rs_governance.flows import RunSummary
    from rs_governance.scenes import Registration

_Detector = Annotated[
    str, typer.Option("--detector", metavar="NAME", help="检测方法\n\nDetector.", rich_help_panel=COMPUTING)
]


def detect(
    before: images.Before,
    after: images.After,
    out: options.Out,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    aoi: images.Aoi = None,
    sensor_before: images.SensorBefore = None,
    sensor_after: images.SensorAfter = None,
    bands_before: images.BandsBefore = None,
    bands_after: images.BandsAfter = None,
    date_before: images.DayBefore = None,
    date_after: images.DayAfter = None,
    clouds_before: images.CloudsBefore = None,
    clouds_after: images.CloudsAfter = None,
    towgs84_before: images.Towgs84Before = None,
    towgs84_after: images.Towgs84After = None,
    gsd: images.Gsd = None,
    unaligned: images.Unaligned = False,
    detector: _Detector = "spectral",
    device: options.Device = options.DeviceChoice.auto,
    workers: options.Workers = None,
    block: options.Block = None,
) -> None:
    """比较两期影像，输出疑似变化图斑 / Compare two images and write suspected changes.

    结果在文件夹 DIR 中，先看 overview.png / The results are in the folder DIR; look at overview.png first.
    """
    speak(lang)
    before_options = scene_keywords(
        sensor=sensor_before, bands=bands_before, day=date_before, clouds=clouds_before, towgs84=towgs84_before, gsd=gsd
    )
    after_options = scene_keywords(
        sensor=sensor_after, bands=bands_after, day=date_after, clouds=clouds_after, towgs84=towgs84_after, gsd=gsd
    )
    from rs_governance.flows import run_detect

    with progress(quiet=quiet or as_json) as tell:
        summary = run_detect(
            before,
            after,
            out,
            aoi=aoi,
            detector=detector,
            device=device.value,
            workers=workers,
            block=block,
            replace=replace,
            allow_unaligned=unaligned,
            before_options=before_options,
            after_options=after_options,
            progress=tell,
        )
    if not summary.registration.reliable:
        typer.echo(say(*_UNREGISTERED), err=True)
    for note in summary.notes:
        typer.echo(say(f"注意：{note.message_zh}", f"Mind: {note.message_en}"), err=True)
    if gsd is not None and "findings.geojson" in summary.files:  # written of georeferenced images alone
        typer.echo(say(*_OWN_GSD), err=True)
    if as_json:
        print_json(asdict(summary))
    elif not quiet:
        print_table(_rows(summary))


_UNREGISTERED = (
    "注意：两期影像的位移未能测定，按影像自带坐标比较，沿边缘可能误报；请用 rsg scenes check 核对。",
    "Mind: the shift between the images could not be measured; edges may be found falsely; see rsg scenes check.",
)

_OWN_GSD = (
    "注意：影像带有地理参考，像元大小以影像自带为准，--gsd 未采用。",
    "Mind: the images are georeferenced, so their own pixel size was taken and --gsd ignored.",
)

_PURPOSES = {
    "overview.png": ("先看这张图：前期、后期、图斑", "look at this first: before, after, findings"),
    "findings.gpkg": ("图斑，用 QGIS 或 ArcGIS 打开", "the findings, for QGIS or ArcGIS"),
    "findings.geojson": ("图斑，WGS 84，用于网页和脚本", "the findings in WGS 84, for web maps and scripts"),
    "score.tif": ("变化得分栅格，0 到 1", "how much each pixel changed, 0 to 1"),
    "run.json": ("输入、参数、版本、配准", "inputs, parameters, versions, registration"),
    "run.log.json": ("用时、设备", "times and device"),
}


def _rows(summary: "RunSummary") -> list[tuple[str, str]]:
    hectares, mu = summary.area_m2 / 10_000, summary.area_m2 / 666.67
    rows = [
        (
            say("疑似变化图斑", "suspected changes"),
            say(
                f"{summary.findings} 个，共 {hectares:.2f} 公顷（{mu:.1f} 亩）",
                f"{summary.findings}, {hectares:.2f} ha in all",
            ),
        ),
        (say("两期均可观测", "seen on both dates"), f"{math.floor(1000 * summary.observable_share) / 10} %"),
        (say("影像位移", "shift of the images"), _shift(summary.registration)),
        (say("用时", "time"), f"{sum(summary.seconds.values()):.1f} s ({summary.device})"),
    ]
    return rows + [(str(summary.out / name), say(*_PURPOSES[name])) for name in summary.files]


def _shift(registration: "Registration") -> str:
    if not registration.reliable:
        return say("未能测定，按影像自带坐标比较", "could not be measured; compared as georeferenced")
    text = f"x {registration.dx_px:+.2f}, y {registration.dy_px:+.2f} {say('像元', 'px')}"
    if registration.residual_px is None:
        return text
    return f"{text}{say('，残差', ', residual')} {registration.residual_px:.2f}"
