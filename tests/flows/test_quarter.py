"""A quarter whose images are not all there any more."""

from pathlib import Path

import pytest

from rs_governance.district import read_district
from rs_governance.errors import ConfigInvalid
from rs_governance.flows import quarter

SAMPLE = Path(__file__).parents[2] / "sample_tiles"


def test_images_are_opened_by_the_names_that_spots_use() -> None:
    opened = quarter._open_scenes(read_district(SAMPLE), ["20260912", "20261014"])
    assert {name: scene.image_id for name, scene in opened.items()} == {each: each for each in opened}
    assert opened["20260912"].acquired_on is not None


def test_an_image_that_is_gone_is_named_with_the_way_out() -> None:
    with pytest.raises(ConfigInvalid, match=r"'19990101' .* \(--no-pictures\)"):
        quarter._open_scenes(read_district(SAMPLE), ["20260912", "19990101"])
