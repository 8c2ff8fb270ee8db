"""Photos of the ground: what they say of themselves."""

import hashlib
import io
import logging
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePath
from typing import Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

_CHINA = timezone(timedelta(hours=8))
_MOST_PIXELS = 170_000_000


@dataclass(frozen=True, kw_only=True)
class PhotoFacts:
    """What a photo says of itself."""

    sha256: str
    """SHA-256 of the file."""
    perceptual: str | None
    """Difference hash of 64 bits as 16 hexadecimal digits; None where the picture cannot be opened (HEIC is not) or is flat."""
    width: int | None
    """Width in pixels."""
    height: int | None
    """Height in pixels."""
    taken_at: datetime | None
    """When it was taken, by the camera's clock, in UTC."""
    gps_at: datetime | None
    """When it was taken, by the satellites' clock, in UTC."""
    lon: float | None
    """Longitude in WGS 84, degrees."""
    lat: float | None
    """Latitude in WGS 84, degrees."""
    heading_deg: float | None
    """Direction in which the camera looked, clockwise from north."""
    software: str | None
    """Program that saved it last."""
    camera: str | None
    """Make and model."""
    has_exif: bool
    """True where the camera's data are there at all."""
    exif_damaged: bool = False
    """True where there are such data, but what they say cannot be read."""


def read_photo(data: bytes) -> PhotoFacts:
    """Read what a photo says of itself; never fails, whatever the bytes are.

    Parameters
    ----------
    data
        The file.

    Returns
    -------
    PhotoFacts
        With None for what is missing or makes no sense.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        with warnings.catch_warnings():
            # Pillow warns of every odd tag and from 89 Mpx on, which phones reach; the limit is below, and its own at 178.
            warnings.simplefilter("ignore")
            if _is_heic(data):
                return _heic_facts(digest, data)
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > _MOST_PIXELS:
                    return _unreadable(digest)
                exif = _exif(image)
                damaged = _is_damaged(image.info.get("exif"), exif)
                return replace(_facts(digest, image, exif), exif_damaged=damaged)
    # Pillow's decoders raise whatever they meet in damaged files.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, ZeroDivisionError,
            OverflowError, AttributeError, EOFError, MemoryError, Image.DecompressionBombError,
            ArithmeticError):  # fmt: skip
        return _unreadable(digest)


def _unreadable(digest: str) -> PhotoFacts:
    return PhotoFacts(
        sha256=digest, perceptual=None, width=None, height=None, taken_at=None, gps_at=None, lon=None, lat=None,
        heading_deg=None, software=None, camera=None, has_exif=False,
    )  # fmt: skip


def _exif(image: Image.Image) -> dict[int, dict[int, Any]]:
    try:
        exif = image.getexif()
        return {
            0: dict(exif),
            ExifTags.IFD.Exif: dict(exif.get_ifd(ExifTags.IFD.Exif)),
            ExifTags.IFD.GPSInfo: dict(exif.get_ifd(ExifTags.IFD.GPSInfo)),
        }
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError):
        return {0: {}, ExifTags.IFD.Exif: {}, ExifTags.IFD.GPSInfo: {}}


def _is_damaged(raw: object, exif: Mapping[int, Mapping[int, Any]]) -> bool:
    """Tell camera data that were damaged from those that a program took out: what is there gives nothing to read."""
    if not isinstance(raw, bytes) or not raw.removeprefix(_EXIF_MARK):
        return False
    if any(exif.values()):
        return any(place in exif[0] and not exif[place] for place in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
    tiff = raw.removeprefix(_EXIF_MARK)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
    except struct.error:
        return True
    return bool(count)  # a list of no entries is whole: a program that takes the data out leaves it


_EXIF_MARK = b"Exif\0\0"


def _is_heic(data: bytes) -> bool:
    """Tell by its first box whether a file is of the kind in which iPhones keep their photos."""
    return data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1")


def _heic_facts(digest: str, data: bytes) -> PhotoFacts:
    """Read the camera's data of an iPhone's photo; the picture itself is not decoded.

    The decoders that can be had as packages end the process when a file is damaged, or are under a licence that
    does not go with this program's.
    """
    import exifread

    logging.getLogger("exifread").setLevel(logging.CRITICAL)  # it tells of every odd tag
    try:
        tags = exifread.process_file(io.BytesIO(data), details=False)
    except Exception:  # noqa: BLE001 -- it raises whatever it meets in damaged files, errors of its own among them
        return _unreadable(digest)
    exif: dict[int, dict[int, Any]] = {0: {}, ExifTags.IFD.Exif: {}, ExifTags.IFD.GPSInfo: {}}
    places = {"Image": 0, "EXIF": ExifTags.IFD.Exif, "GPS": ExifTags.IFD.GPSInfo}
    for name, tag in tags.items():
        values = getattr(tag, "values", None)
        place = places.get(name.partition(" ")[0])
        if place is not None and values is not None:
            alone = isinstance(values, list) and len(values) == 1
            exif[place][tag.tag] = values[0] if alone else values
    size = [_number(exif[ExifTags.IFD.Exif].get(tag), 1, 1e6) for tag in (_WIDTH, _HEIGHT)]
    width, height = (None if side is None else int(side) for side in size)
    return _told(digest, exif, perceptual=None, width=width, height=height)


_WIDTH, _HEIGHT = ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight


def _facts(digest: str, image: Image.Image, exif: Mapping[int, Mapping[int, Any]]) -> PhotoFacts:
    width, height = image.size
    # A JPEG is decoded at the size that the hash needs: 8 ms of CPU instead of 40 for 12 Mpx.
    image.draft("L", (256, 256))
    return _told(digest, exif, perceptual=perceptual_hash(image), width=width, height=height)


def _told(
    digest: str, exif: Mapping[int, Mapping[int, Any]], *, perceptual: str | None, width: int | None, height: int | None
) -> PhotoFacts:
    main, camera, gps = exif[0], exif[ExifTags.IFD.Exif], exif[ExifTags.IFD.GPSInfo]
    lon, lat = _position(gps)
    taken = _time(
        camera.get(ExifTags.Base.DateTimeOriginal) or main.get(ExifTags.Base.DateTime),
        camera.get(ExifTags.Base.OffsetTimeOriginal),
    )
    make = [_text(main.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model)]
    return PhotoFacts(
        sha256=digest,
        perceptual=perceptual,
        width=width,
        height=height,
        taken_at=taken,
        gps_at=_gps_time(gps),
        lon=lon,
        lat=lat,
        heading_deg=_number(gps.get(ExifTags.GPS.GPSImgDirection), 0.0, 360.0),
        software=_text(main.get(ExifTags.Base.Software)),
        camera=" ".join(part for part in make if part) or None,
        has_exif=bool(camera or gps),
    )


def perceptual_hash(image: Image.Image) -> str | None:
    """Hash what a picture shows, so that a re-encoded or shrunk copy has nearly the same hash.

    Parameters
    ----------
    image
        Any picture.

    Returns
    -------
    str or None
        16 hexadecimal digits: whether each of 8 x 8 cells is brighter than its right neighbour; None for a flat picture,
        whose hash would say nothing.
    """
    small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    if np.ptp(small) < 8:
        return None
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return bits.tobytes().hex()


def differing_bits(one: str, other: str) -> int:
    """Count the bits in which two perceptual hashes differ.

    Examples
    --------
    >>> differing_bits("00000000000000ff", "00000000000000f0")
    4
    """
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value).replace("\0", "").strip() if value is not None else ""
    return text[:200] or None


def _number(value: Any, low: float, high: float) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if low <= number <= high else None


def _time(value: object, offset: object) -> datetime | None:
    try:
        at = datetime.strptime(str(_text(value)), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
        zone = datetime.strptime(str(_text(offset)), "%z").tzinfo if _text(offset) else _CHINA
    except ValueError:
        return None
    return at.replace(tzinfo=zone).astimezone(UTC) if at.year >= 1990 else None


def _gps_time(gps: Mapping[int, Any]) -> datetime | None:
    day, clock = _text(gps.get(ExifTags.GPS.GPSDateStamp)), gps.get(ExifTags.GPS.GPSTimeStamp)
    try:
        hours, minutes, seconds = (float(part) for part in clock or ())
        at = datetime.strptime(str(day), "%Y:%m:%d").replace(tzinfo=UTC)
        return at + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None


def _position(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    lon = _angle(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180.0)
    lat = _angle(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90.0)
    # A phone without a fix writes zeros.
    return (None, None) if lon is None or lat is None or (lon == 0 and lat == 0) else (lon, lat)


def _angle(value: Any, side: object, negative: str, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    return None if not 0 <= angle <= most else -angle if _text(side) == negative else angle


def safe_name(name: str) -> str:
    r"""Keep of a file's name what no folder can be climbed with.

    Examples
    --------
    >>> safe_name("../../etc/现场 1.jpg"), safe_name("C:\\x\\..\\a.png"), safe_name("..")
    ('现场 1.jpg', 'a.png', 'photo')
    """
    last = PurePath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').strip(". ")
    return kept[:120] or "photo"
