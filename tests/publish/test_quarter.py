"""The report of a quarter: sites counted once, the worst with their first and last picture."""

import dataclasses
import io
import re
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rs_governance.publish.issue import IssueFigures
from rs_governance.publish.month.quarter import write_quarter
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.report import maps
from rs_governance.publish.report.chips import draw_tiles
from rs_governance.publish.report.quarter import QuarterContent, images_of, worst_sites, write_quarter_report
from rs_governance.publish.style import SEVERITY_RGB
from rs_governance.rules.sites import Quarter, gather_sites
from rs_governance.scenes import open_scene

Q4 = Quarter(year=2026, number=4)

pypdf = pytest.importorskip("pypdf")


def issue_of(name, count, share):
    return IssueFigures(
        issue=name,
        first_image_on=date(2026, int(name[5:]), 9),
        last_image_on=date(2026, int(name[5:]), 9),
        count=count,
        area_m2=1000.0,
        severity={"red": 1, "yellow": 2, "green": count - 3},
        theme={},
        kind={},
        observed_share=share,
    )


@pytest.fixture(scope="module")
def content(make_month):
    month = make_month(12)
    spots = month.spots.copy()
    spots["kind"] = "new_building"
    again = make_month(12, issue="2026-11").spots.copy()
    again["kind"] = "new_building"
    again["geometry"] = spots.geometry.buffer(5.0).to_numpy()  # grown over the former ones
    again = again.iloc[:4]
    again.loc[again.index[1], "kind"] = "demolition"
    table = gpd.GeoDataFrame(pd.concat([spots, again], ignore_index=True), crs=month.crs)
    return QuarterContent(
        district_name="良庆区",
        district_name_en="Liangqing",
        quarter=Q4,
        sites=gather_sites(table, Q4, month.crs),
        spots=table,
        units=month.units,
        issues=(issue_of("2026-10", 12, 0.9), issue_of("2026-11", 4, 0.6)),
        image_ids=("20261009",),
    )


@pytest.fixture(scope="module")
def written(content, month_images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarter")
    (folder / "again").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "_MAP_AT_MOST", (760, 520))
        with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
            files = write_quarter_report(content, imagery, folder)
            again = write_quarter_report(content, imagery, folder / "again")
            english = write_quarter_report(content, imagery, folder, lang="en")
    return {"zh": files, "again": again, "en": english}


def squeezed(text):
    return "".join(text.split())


def text_of(path):
    html = re.sub(r"<style>.*?</style>|data:[^\"]+", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", html)


def test_the_same_quarter_gives_the_same_bytes(written):
    assert [path.name for path in written["en"]] == ["map.en.png", "report.en.html", "report.en.pdf"]
    for one, other in zip(written["zh"], written["again"], strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_both_forms_say_what_quarter_json_says(content, written, tmp_path):
    district = {"code": "450108", "name": "良庆区", "name_en": "Liangqing"}
    figures = write_quarter(content.sites, tmp_path, quarter=Q4, district=district, issues=["2026-10", "2026-11"])
    status = {each["code"]: each["count"] for each in figures["by"]["status"]}
    assert status["gone"] == 1, "the demolished one"
    assert figures["missing_months"] == ["2026-12"]
    pdf = squeezed("".join(page.extract_text() for page in pypdf.PdfReader(written["zh"][2]).pages))
    for text in (squeezed(text_of(written["zh"][1])), pdf):
        assert f"合并为{figures['total']['count']}个点位（含{figures['total']['spots']}个图斑）" in text
        assert f"面积{figures['total']['area_mu']:,.2f}亩" in text
        assert f"新增{status['new']}个，延续{status['continuing']}个，扩大{status['grown']}个，已消除1个" in text
        assert "由2026-10、2026-11各期汇总影像2026-10-09至2026-11-09" in text
        assert "疑似，以实地核查为准" in text
        assert "本季度缺2026-12的成果，以下数字不是全季度的" in text
        for row in worst_sites(content.sites):
            assert content.sites["site_no"].iloc[row] in text


def test_an_english_report_has_chinese_only_where_it_is_a_name(content, written):
    chinese = {letter for letter in text_of(written["en"][1]) if "\u2e80" < letter < "\uffa0"}
    assert chinese <= set("".join(content.units["name"])), chinese


def test_the_worst_are_there_still_and_the_most_urgent_come_first(content):
    sites = content.sites.iloc[worst_sites(content.sites)]
    assert (sites["status"] != "gone").all()
    assert set(sites["severity"]) <= {"red", "yellow"}
    ranks = [(["red", "yellow"].index(s), -a) for s, a in zip(sites["severity"], sites["area_m2"], strict=True)]
    assert ranks == sorted(ranks)
    assert len(worst_sites(content.sites, count=2)) == 2


def test_pictures_are_of_the_first_and_of_the_last_image(content, month_images):
    assert images_of(content) == ["20260912", "20261009"]
    site = content.sites.iloc[worst_sites(content.sites)[0]]
    rgb = SEVERITY_RGB[site["severity"]]
    with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
        first, last = draw_tiles(site.geometry, content.sites.crs, ("20260912", "20261009"), imagery, rgb=rgb)
    for tile in (first, last):
        assert (np.abs(np.asarray(tile).astype(int) - rgb).max(axis=-1) < 12).sum() > 100
    assert np.abs(np.asarray(first).astype(int) - np.asarray(last)).max(axis=-1).mean() > 1


def test_a_quarter_without_urgent_sites_is_a_report_too(content, month_images, tmp_path):
    calm = dataclasses.replace(content, sites=content.sites[content.sites["severity"] == "green"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "_MAP_AT_MOST", (400, 300))
        with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
            files = write_quarter_report(calm, imagery, tmp_path)
    assert "没有仍存在的红色或黄色点位" in text_of(files[1])
    assert Image.open(io.BytesIO(files[0].read_bytes())).format == "PNG"
