"""Rechecking: what the next image says of a case in disposal."""

from datetime import date, timedelta

import pytest
import shapely

from rs_governance.cases.months.recheck import OUTLOOKS, Sign, recheck

BEGAN, PLANNED, IMAGE = date(2026, 8, 1), date(2026, 9, 20), date(2026, 10, 14)
GROUND = shapely.box(0, 0, 40, 25)


def sign(kind: str, outline: shapely.Geometry = GROUND, *, on: date = IMAGE, fresh: bool = True, **more) -> Sign:
    return Sign(kind=kind, outline=outline, after_on=on, fresh=fresh, **{"work": kind == "new_building", **more})


def look(*signs: Sign, kind: str = "new_building", unseen: float = 0.0, image_on: date = IMAGE):
    return recheck(
        kind=kind,
        outline=GROUND,
        disposed_since=BEGAN,
        state_since=PLANNED,
        signs=signs,
        image_on=image_on,
        unseen_0_1=unseen,
    )


@pytest.mark.parametrize(
    ("kind", "change", "more", "resolution"),
    [
        ("new_building", "demolition", {}, "demolished"),
        ("hardened_ground", "earthwork", {"work": True}, "demolished"),
        ("vegetation_loss", "regrowth", {}, "restored"),
        ("earthwork", "crop_rotation", {"ndvi_before": 0.12, "ndvi_after": 0.55}, "restored"),
    ],
)
def test_roof_gone_soil_back_green_again_propose_to_pass(kind, change, more, resolution):
    found = look(sign(change, **more), kind=kind)
    assert (found.outlook, found.proposal, found.resolution) == ("gone", "pass", resolution)
    assert found.as_facts() == {
        "recheck": "gone", "share": 1.0, "image_on": "2026-10-14", "proposal": "pass", "resolution": resolution,
    }  # fmt: skip


def test_earthwork_on_earthwork_is_no_sign_of_an_end():
    assert look(sign("earthwork", work=True), kind="earthwork").outlook == "going_on"


def test_no_change_is_not_rectified():
    found = look()
    assert (found.outlook, found.proposal) == ("unchanged", "fail")


def test_a_part_that_is_gone_is_told_as_a_part():
    found = look(sign("demolition", shapely.box(0, 0, 10, 25)))
    assert (found.outlook, found.proposal) == ("partly", "fail")
    assert found.share == pytest.approx(0.25)


def test_what_could_not_be_seen_says_so_and_proposes_nothing():
    found = look(unseen=0.6)
    assert (found.outlook, found.proposal) == ("unseen", None)
    assert "proposal" not in found.as_facts()


def test_an_end_that_a_former_issue_showed_still_counts():
    earlier = sign("demolition", on=PLANNED - timedelta(days=8), fresh=False)
    assert look(earlier).outlook == "gone"
    assert look(earlier, unseen=1.0).outlook == "gone", "seen before the cloud came"


def test_what_an_image_showed_before_the_disposal_is_no_end_of_it():
    before = sign("crop_rotation", on=BEGAN, fresh=False, ndvi_before=0.1, ndvi_after=0.6)
    assert look(before).outlook == "unchanged"


def test_work_after_the_end_takes_it_back():
    earlier = sign("demolition", on=PLANNED, fresh=False)
    assert look(earlier, sign("new_building")).outlook == "going_on"


def test_old_work_is_not_told_again_as_new():
    assert look(sign("new_building", on=PLANNED - timedelta(days=30), fresh=False)).outlook == "unchanged"


def test_an_image_of_before_the_plan_says_nothing_against_it():
    assert look(image_on=PLANNED) is None
    assert look(sign("demolition", on=PLANNED), image_on=PLANNED).outlook == "gone"


def test_every_outlook_has_its_words():
    assert set(OUTLOOKS) == {"gone", "partly", "going_on", "unchanged", "unseen"}
