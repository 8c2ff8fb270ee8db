"""Options that tell what an image does not tell itself: its bands, its sensor, its date, its clouds."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from rs_governance.cli.options import IMAGES, INPUT
from rs_governance.errors import UsageError


def _image(metavar: str, help_text: str) -> Any:
    return typer.Argument(metavar=metavar, help=help_text, rich_help_panel=IMAGES)


def _option(name: str, metavar: str, help_text: str) -> Any:
    return typer.Option(name, metavar=metavar, help=help_text, rich_help_panel=INPUT, show_default=False)


Image = Annotated[Path, _image("IMAGE", "影像：文件、分幅文件夹或 VRT\n\nImage: a file, a folder of sheets or a VRT.")]
Before = Annotated[
    Path, _image("BEFORE", "前期影像：文件、分幅文件夹或 VRT\n\nEarlier image: a file, a folder of sheets or a VRT.")
]
After = Annotated[Path, _image("AFTER", "后期影像，同上\n\nLater image, likewise.")]

_SENSOR = "传感器，如 GF-2，由此得知波段顺序\n\nSensor, such as GF-2: tells the order of the bands."
_BANDS = "各波段含义，按文件顺序：blue,green,red,nir\n\nRole of each band, in the order of the file."
_DATE = "成像日期，如 2024-05-01\n\nDay of acquisition."
_CLOUDS = "云掩膜：栅格（非零为云）或面\n\nClouds: a raster (non-zero is cloud) or polygons."
_TOWGS84 = "北京54、西安80 的七参数 dx,dy,dz,rx,ry,rz,s\n\nSeven datum parameters: metres, arc seconds, ppm."
_LIKEWISE = "同上，用于后期\n\nLikewise, for AFTER."

Sensor = Annotated[str | None, _option("--sensor", "NAME", _SENSOR)]
SensorBefore = Annotated[str | None, _option("--sensor-before", "NAME", _SENSOR)]
SensorAfter = Annotated[str | None, _option("--sensor-after", "NAME", _LIKEWISE)]
Bands = Annotated[str | None, _option("--bands", "ROLES", _BANDS)]
BandsBefore = Annotated[str | None, _option("--bands-before", "ROLES", _BANDS)]
BandsAfter = Annotated[str | None, _option("--bands-after", "ROLES", _LIKEWISE)]
Day = Annotated[str | None, _option("--date", "DAY", _DATE)]
DayBefore = Annotated[str | None, _option("--date-before", "DAY", _DATE)]
DayAfter = Annotated[str | None, _option("--date-after", "DAY", _LIKEWISE)]
CloudsBefore = Annotated[Path | None, _option("--clouds-before", "FILE", _CLOUDS)]
CloudsAfter = Annotated[Path | None, _option("--clouds-after", "FILE", _LIKEWISE)]
Towgs84 = Annotated[str | None, _option("--towgs84", "SEVEN", _TOWGS84)]
Towgs84Before = Annotated[str | None, _option("--towgs84-before", "SEVEN", _TOWGS84)]
Towgs84After = Annotated[str | None, _option("--towgs84-after", "SEVEN", _LIKEWISE)]
Aoi = Annotated[
    Path | None,
    _option(
        "--aoi", "FILE", "关注范围（面），其外不检测\n\nArea of interest, polygons; nothing is looked for outside."
    ),
]
Gsd = Annotated[
    float | None,
    _option("--gsd", "METRES", "无地理参考的图片的像元大小（米）\n\nPixel size of pictures without georeference."),
]
Unaligned = Annotated[
    bool,
    typer.Option(
        "--unaligned",
        help="影像对不上时仍按原样比较\n\nCompare images that cannot be aligned as they are, instead of refusing them.",
        rich_help_panel=INPUT,
    ),
]


def scene_keywords(
    *,
    sensor: str | None = None,
    bands: str | None = None,
    day: str | None = None,
    clouds: Path | None = None,
    towgs84: str | None = None,
    gsd: float | None = None,
) -> dict[str, Any]:
    """Turn the options of one date into the keywords of `rs_governance.scenes.open_scene`.

    Raises
    ------
    UsageError
        If a text cannot be read.

    Examples
    --------
    >>> scene_keywords(bands="blue, green,red", day="2024-05-01")
    {'roles': ('blue', 'green', 'red'), 'acquired_on': datetime.date(2024, 5, 1)}
    """
    keywords = {
        "sensor": sensor,
        "roles": None if bands is None else tuple(role.strip() for role in bands.split(",")),
        "acquired_on": None if day is None else _day(day),
        "cloud_mask": clouds,
        "towgs84": None if towgs84 is None else _seven_numbers(towgs84),
        "assume_gsd_m": gsd,
    }
    return {name: value for name, value in keywords.items() if value is not None}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"Expected a day such as 2024-05-01, got '{text}'.", zh=f"应为 2024-05-01 这样的日期；给出的是 '{text}'。"
        ) from None


def _seven_numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 7:
        raise UsageError(
            f"Expected seven numbers dx,dy,dz,rx,ry,rz,s with commas between, got '{text}'.",
            zh=f"应为七个用逗号分开的数 dx,dy,dz,rx,ry,rz,s；给出的是 '{text}'。",
        )
    return numbers
