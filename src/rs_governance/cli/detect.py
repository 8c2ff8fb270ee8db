"""`rsg detect`."""

from typing import Annotated

import typer

from rs_governance.cli import images, options
from rs_governance.cli.console import print_json, progress
from rs_governance.cli.images import scene_keywords
from rs_governance.cli.options import COMPUTING


def detect(
    before: images.Before,
    after: images.After,
    out: options.Out,
    replace: options.Replace = False,
    lang: options.Lang = options.Language.zh,
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
    detector: Annotated[
        str,
        typer.Option("--detector", metavar="NAME", help="检测方法\n\nDetector.", rich_help_panel=COMPUTING),
    ] = "spectral",
    device: options.Device = options.DeviceChoice.auto,
    workers: options.Workers = None,
    block: options.Block = None,
) -> None:
    """比较两期影像，输出疑似变化图斑 / Compare two images and write suspected changes.

    结果文件夹内 / In the folder DIR: findings.gpkg, findings.geojson, score.tif, overview.png, run.json, run.log.json.
    先看 overview.png / Look at overview.png first.
    """
    before_keywords = scene_keywords(
        sensor=sensor_before, bands=bands_before, day=date_before, clouds=clouds_before, towgs84=towgs84_before, gsd=gsd
    )
    after_keywords = scene_keywords(
        sensor=sensor_after, bands=bands_after, day=date_after, clouds=clouds_after, towgs84=towgs84_after, gsd=gsd
    )
    raise NotImplementedError
