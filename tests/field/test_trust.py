"""Marks of photos: every reason alone, and what does not speak against a photo."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from rs_governance.field.photos import PhotoFacts
from rs_governance.field.trust import FAR_M, REASONS, Ground, mark_photo

NOON = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)

GOOD = PhotoFacts(
    sha256="a" * 64,
    perceptual="00ff00ff00ff00ff",
    width=4000,
    height=3000,
    taken_at=NOON,
    gps_at=NOON + timedelta(minutes=1),
    lon=108.3,
    lat=22.7,
    heading_deg=90.0,
    software=None,
    camera="HUAWEI P60",
    has_exif=True,
)
GROUND = Ground(
    outline=shapely.box(0, 0, 20, 20),
    photo=shapely.Point(-50, 10),
    form=shapely.Point(-45, 10),
    dispatched_at=NOON - timedelta(days=2),
    returned_at=NOON + timedelta(hours=3),
)


def test_a_good_photo_has_no_reason() -> None:
    marked = mark_photo(GOOD, GROUND)
    assert (marked.trust, marked.reasons) == ("good", ())
    assert marked.distance_m == 50
    assert marked.off_heading_deg == pytest.approx(0)


@pytest.mark.parametrize(
    ("facts", "ground", "reason", "trust"),
    [
        ({"has_exif": False}, {}, "no_exif", "fair"),
        ({"has_exif": False, "exif_damaged": True}, {}, "exif_unreadable", "fair"),
        ({"lon": None, "lat": None}, {}, "position_of_form", "fair"),
        ({"lon": None, "lat": None, "heading_deg": None}, {"photo": None}, "no_position", "fair"),
        ({"taken_at": None, "gps_at": None}, {}, "no_time", "fair"),
        ({"taken_at": None, "gps_at": None}, {"form_at": NOON}, "time_of_form", "fair"),
        ({"heading_deg": None}, {}, "no_heading", "good"),
        ({}, {"photo": shapely.Point(-FAR_M - 1, 10), "form": None}, "far_from_spot", "doubtful"),
        ({"heading_deg": 270.0}, {}, "facing_away", "doubtful"),
        ({}, {"form": shapely.Point(400, 10)}, "positions_differ", "doubtful"),
        ({}, {"dispatched_at": NOON + timedelta(hours=1)}, "before_dispatch", "doubtful"),
        ({}, {"returned_at": NOON - timedelta(hours=1)}, "after_return", "doubtful"),
        ({"gps_at": NOON + timedelta(hours=2)}, {}, "times_differ", "doubtful"),
        ({"software": "Adobe Photoshop 25.1"}, {}, "edited", "doubtful"),
        ({}, {"claimed_sha256": "b" * 64}, "hash_differs", "doubtful"),
        ({}, {"hashes_elsewhere": {"a" * 64: "450108-202609-0003"}}, "same_elsewhere", "doubtful"),
        ({}, {"pictures_elsewhere": {"00ff00ff00ff00fe": "450108-202609-0003"}}, "alike_elsewhere", "doubtful"),
        ({"width": None, "perceptual": None}, {}, "unreadable", "doubtful"),
    ],
)
def test_each_reason_alone(facts: dict[str, object], ground: dict[str, object], reason: str, trust: str) -> None:
    marked = mark_photo(replace(GOOD, **facts), replace(GROUND, **ground))  # type: ignore[arg-type]
    assert marked.reasons == (reason,)
    assert marked.trust == trust


@pytest.mark.parametrize(
    ("days", "reason"), [(-3, "before_dispatch"), (1, "after_return")], ids=["before_dispatch", "after_return"]
)
def test_a_time_of_the_form_is_tested_as_one_of_the_photo(days: int, reason: str) -> None:
    at = NOON + timedelta(days=days)
    own = mark_photo(replace(GOOD, taken_at=at, gps_at=at), GROUND)
    told = mark_photo(replace(GOOD, taken_at=None, gps_at=None), replace(GROUND, form_at=at))
    assert own.reasons == (reason,)
    assert told.reasons == ("time_of_form", reason)
    assert own.trust == told.trust == "doubtful"
    # Where the photo says it itself, the form is not asked.
    assert mark_photo(GOOD, replace(GROUND, form_at=at)).reasons == ()


def test_every_reason_has_its_words() -> None:
    assert all(word.zh and word.en for word in REASONS.values())


def test_beside_the_spot_it_may_look_anywhere() -> None:
    ground = replace(GROUND, photo=shapely.Point(-10, 10), form=None)
    assert mark_photo(replace(GOOD, heading_deg=270.0), ground).trust == "good"


def test_inside_the_spot_there_is_no_direction() -> None:
    marked = mark_photo(GOOD, replace(GROUND, photo=shapely.Point(5, 5), form=None))
    assert (marked.distance_m, marked.off_heading_deg) == (0, None)


def test_the_other_case_is_named_once() -> None:
    number = "450108-202609-0003"
    ground = replace(GROUND, hashes_elsewhere={"a" * 64: number}, pictures_elsewhere={"00ff00ff00ff00ff": number})
    assert mark_photo(GOOD, ground).same_as == (number,)
