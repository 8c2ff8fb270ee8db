"""What a photo says of itself, whatever its bytes are."""

import base64
import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from rs_governance.field.photos import differing_bits, perceptual_hash, read_photo, safe_name

# A shaded ground, 64 x 48, made for this test and laid out as an iPhone lays out its photos.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAbZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACxpbG9j"
    "AAAAAEQAAAIAAQAAAAEAAAHaAAAAKwACAAAAAQAAAgUAAAFgAAAAOGlpbmYAAAAAAAIAAAAVaW5mZQIAAAAAAQAAaHZjMQAAAAAVaW5mZQIA"
    "AAEAAgAARXhpZgAAAAAOcGl0bQAAAAAAAQAAAP1pcHJwAAAA3WlwY28AAAB2aHZjQwEDcAAAAJAAAAAAAB7wAPz9+PgAAA8DYAABABhAAQwB"
    "//8DcAAAAwCQAAADAAADAB66AkBhAAEAKkIBAQNwAAADAJAAAAMAAAMAHqAggQWW6uSmubgIaDAgAAADAyAAAAMAIWIAAQAGRAHBc8CJAAAA"
    "E2NvbHJuY2x4AAEADQAGgAAAABRpc3BlAAAAAAAAAEAAAABAAAAAKGNsYXAAAABAAAAAAQAAADAAAAABAAAAAAAAAAL////wAAAAAgAAABBw"
    "aXhpAAAAAAMICAgAAAAYaXBtYQAAAAAAAAABAAEFgQIDBYQAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAZNtZGF0AAAAJygBrwQY+BAY"
    "5J4ziGQIKR2rFBNCrGtst+qfOcs3o3VtTjX5KsLvgAAAAAZFeGlmAABNTQAqAAAACAAEAQ8AAgAAAAgAAAA+ARAAAgAAAAgAAABGh2kABAAA"
    "AAEAAABOiCUABAAAAAEAAACgAAAAAEV4YW1wbGUAUGhvbmUgMQAABJADAAIAAAAUAAAAhJARAAIAAAAHAAAAmKACAAMAAAABAEAAAKADAAMA"
    "AAABADAAAAAAAAAyMDI2OjEwOjIwIDEwOjExOjEyACswODowMAAAAAcAAQACAAAAAk4AAAAAAgAFAAAAAwAAAPoAAwACAAAAAkUAAAAABAAF"
    "AAAAAwAAARIABwAFAAAAAwAAASoAEQAFAAAAAQAAAUIAHQACAAAACwAAAUoAAAAAAAAAFgAAAAEAAAAqAAAAAQAAAAAAAAABAAAAbAAAAAEA"
    "AAAYAAAAAQAAAAAAAAABAAAAAgAAAAEAAAALAAAAAQAAAAoAAAABAAAAWgAAAAEyMDI2OjEwOjIwAAA="
)


def with_exif(raw: bytes) -> bytes:
    out = io.BytesIO()
    picture().save(out, "JPEG", exif=raw)
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "damaged"),
    [
        (b"", False),
        (b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", False),  # taken out by a program: a list of no entries
        (b"Exif\0\0" + b"\xff" * 200, True),
        (b"Exif\0\0II*\0\x08\0\0\0" + b"\xee" * 60, True),
        (b"Exif\0\0MM\0*\0\xff\xff\xff", True),
    ],
)
def test_damaged_camera_data_are_not_taken_for_missing_ones(raw: bytes, damaged: bool) -> None:
    facts = read_photo(with_exif(raw))
    assert (facts.exif_damaged, facts.has_exif, facts.width) == (damaged, False, 400)


def test_camera_data_that_were_cut_off_are_damaged() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:10:20 15:30:00"
    raw = exif.tobytes()
    assert not read_photo(with_exif(raw)).exif_damaged
    assert read_photo(with_exif(raw[:30])).exif_damaged
    assert read_photo(phone_photo()).exif_damaged is False


def picture(seed: int = 0, size: tuple[int, int] = (400, 300)) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90, **exif: object) -> bytes:
    out = io.BytesIO()
    data = Image.Exif()
    for name, value in exif.items():
        data[getattr(ExifTags.Base, name)] = value
    image.save(out, "JPEG", quality=quality, exif=data)
    return out.getvalue()


def phone_photo(seed: int = 0) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "HUAWEI", "P60"
    camera, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    camera[ExifTags.Base.DateTimeOriginal] = "2026:10:20 15:30:00"
    gps |= {
        1: "N",
        2: (22.0, 45.0, 36.0),
        3: "E",
        4: (108.0, 19.0, 12.0),
        7: (7.0, 31.0, 5.0),
        17: 271.5,
        29: "2026:10:20",
    }
    picture(seed).save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_reads_position_heading_and_both_clocks() -> None:
    facts = read_photo(phone_photo())
    assert facts.lon == pytest.approx(108.32)
    assert facts.lat == pytest.approx(22.76)
    assert facts.heading_deg == 271.5
    assert facts.taken_at == datetime(2026, 10, 20, 7, 30, tzinfo=UTC)  # the camera's clock runs on China's time
    assert facts.gps_at == datetime(2026, 10, 20, 7, 31, 5, tzinfo=UTC)
    assert (facts.camera, facts.width, facts.height) == ("HUAWEI P60", 400, 300)
    assert facts.has_exif


def test_a_photo_without_exif_is_still_read() -> None:
    facts = read_photo(jpeg(picture()))
    assert not facts.has_exif
    assert facts.lon is None
    assert facts.perceptual is not None


def test_a_copy_looks_alike_and_another_picture_does_not() -> None:
    one = read_photo(jpeg(picture(1)))
    copy = read_photo(jpeg(picture(1).resize((200, 150)), quality=40))
    assert one.sha256 != copy.sha256
    assert one.perceptual is not None
    assert copy.perceptual is not None
    assert differing_bits(one.perceptual, copy.perceptual) <= 2
    others = [read_photo(jpeg(picture(seed))).perceptual for seed in range(2, 22)]
    assert min(differing_bits(one.perceptual, other) for other in others if other) > 8


def test_a_flat_picture_has_no_perceptual_hash() -> None:
    assert perceptual_hash(Image.new("RGB", (60, 40), (90, 120, 80))) is None


def test_a_photo_without_a_fix_has_no_position() -> None:
    out, exif = io.BytesIO(), Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps |= {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}
    picture().save(out, "JPEG", exif=exif)
    assert read_photo(out.getvalue()).lon is None


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (22.0,), 3: "E", 4: (1.0, 2.0, 3.0, 4.0)},
        {1: "N", 2: (99.0, 0.0, 0.0), 3: "E", 4: (500.0, 0.0, 0.0)},
        {17: 1e9, 7: (1.0,), 29: "yesterday"},
    ],
)
def test_garbage_in_the_position_is_a_missing_position(gps: dict[int, object]) -> None:
    out, exif = io.BytesIO(), Image.Exif()
    ifd = exif.get_ifd(ExifTags.IFD.GPSInfo)
    ifd |= gps
    picture().save(out, "JPEG", exif=exif)
    facts = read_photo(out.getvalue())
    assert (facts.lon, facts.lat, facts.heading_deg, facts.gps_at) == (None, None, None, None)
    assert facts.width == 400


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert read_photo(data).sha256


@given(st.integers(0, 3000), st.integers(0, 255))
@settings(max_examples=80, deadline=None)
def test_no_damage_breaks_the_reader(place: int, value: int) -> None:
    data = bytearray(phone_photo())
    data[place % len(data)] = value
    assert len(read_photo(bytes(data)).sha256) == 64
    assert len(read_photo(bytes(data[: place % len(data)])).sha256) == 64


def test_a_picture_bomb_is_not_opened() -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert read_photo(out.getvalue()).width is None


@given(st.text(max_size=60))
def test_a_safe_name_stays_in_its_folder(name: str) -> None:
    kept = safe_name(name)
    assert kept
    assert not set(kept) & set('/\\:<>"|?*\0')
    assert kept not in {".", ".."}


def test_a_photo_of_an_iphone_says_where_and_when() -> None:
    facts = read_photo(HEIC)
    assert facts.lon == pytest.approx(108.4)
    assert facts.lat == pytest.approx(22.7)
    assert facts.heading_deg == 90
    assert facts.taken_at == datetime(2026, 10, 20, 2, 11, 12, tzinfo=UTC)
    assert facts.gps_at == datetime(2026, 10, 20, 2, 11, 10, tzinfo=UTC)
    assert (facts.camera, facts.width, facts.height, facts.has_exif) == ("Example Phone 1", 64, 48, True)


def test_a_photo_of_an_iphone_without_its_data_cannot_be_looked_at() -> None:
    facts = read_photo(HEIC.replace(b"Exif", b"Gone"))
    assert (facts.width, facts.has_exif, facts.lon) == (None, False, None)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(HEIC) - 1), st.integers(0, 255))
def test_a_damaged_photo_of_an_iphone_fails_nobody(at: int, byte: int) -> None:
    read_photo(HEIC[:at])
    read_photo(HEIC[:at] + bytes([byte]) + HEIC[at + 1 :])
