"""One work that was found in two parts: both spots name each other, and nothing else about them changes."""

from dataclasses import replace

import pytest
import shapely


def spots_of(judged, month, findings, gap_m, **joined):
    """Judge findings of 32 m that lie side by side with a gap."""
    made = month(findings, **joined)
    outlines = [
        shapely.box(500_000 + n * (32 + gap_m), 0, 500_032 + n * (32 + gap_m), 32) for n in range(len(findings))
    ]
    placed = replace(made, findings=made.findings.set_geometry(outlines, crs=made.findings.crs))
    return judged(placed).spots.set_index("finding_id", drop=False)


RED = {"layers": [("f000001", "basic_cropland", "", 900.0), ("f000001", "land_use", "0101", 2000.0),
                  ("f000002", "land_use", "0101", 600.0)]}  # fmt: skip


def test_two_parts_name_each_other_and_stay_two(judged, month, finding):
    findings = [finding(1), finding(2, area_m2=600.0)]
    apart = spots_of(judged, month, findings, 60.0, **RED)
    near = spots_of(judged, month, findings, 4.2, **RED)
    assert apart["severity"].tolist() == near["severity"].tolist() == ["red", "yellow"]
    other = near["spot_no"].tolist()[::-1]
    for number, before, after in zip(other, apart["reason_zh"], near["reason_zh"], strict=True):
        assert after == f"{before}；距图斑 {number} 仅 4.2 米，类型、时相相同，可能为同一处施工，请一并核查"
    assert all(f"4.2 m from spot {number}" in text for number, text in zip(other, near["reason_en"], strict=True))
    changed = [name for name in near.columns if name not in ("reason_zh", "reason_en", "geometry", "lon", "lat")]
    assert near[changed].equals(apart[changed])


@pytest.mark.parametrize(
    ("second", "gap_m"),
    [
        ({}, 6.5),
        ({"looks": "building", "area_m2": 800.0}, 2.0),
        ({"before_image": "20260814", "before_on": "2026-08-14"}, 2.0),
        ({"area_m2": 50.0}, 2.0),
    ],
    ids=["a track between", "another kind", "another image", "green"],
)
def test_what_is_another_work_is_not_named(judged, month, finding, second, gap_m):
    spots = spots_of(judged, month, [finding(1), finding(2, **second)], gap_m, **RED)
    assert not spots["reason_zh"].str.contains("同一处施工").any()


def test_of_several_the_most_urgent_is_named(judged, month, finding):
    findings = [finding(1), finding(2, area_m2=600.0), finding(3, area_m2=600.0)]
    layers = [*RED["layers"], ("f000003", "land_use", "0101", 600.0)]
    spots = spots_of(judged, month, findings, 2.0, layers=layers)
    number = spots["spot_no"].to_dict()
    assert number["f000001"] in spots.loc["f000002", "reason_zh"], "the red one, though the third is as near"
    assert number["f000002"] in spots.loc["f000001", "reason_zh"]
    assert number["f000002"] in spots.loc["f000003", "reason_zh"]
