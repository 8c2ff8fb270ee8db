"""Check cards, read again as a PDF reader sees them."""

import dataclasses
import io

import numpy as np
import pyproj
import pytest

from rs_governance.errors import OutputFailed
from rs_governance.grids.gcj02 import wgs84_to_gcj02
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.report import typesetting
from rs_governance.publish.report.cards import navigation_link, write_cards
from rs_governance.publish.report.chips import write_chips
from rs_governance.publish.report.typesetting import Typesetter
from rs_governance.rules import KINDS
from rs_governance.rules.amounts import in_m2
from rs_governance.scenes import open_scene

pypdf = pytest.importorskip("pypdf")

LONG_REASON = "占用永久基本农田 356.20 m²（永久基本农田，2025-12-31），超过 50 m²；在名册中未查到覆盖该处的手续。" * 6


@pytest.fixture(scope="module")
def month(make_month):
    made = make_month(3)
    spots = made.spots.copy()
    spots.loc[1, "reason_zh"] = LONG_REASON
    spots.loc[1, "village_name"] = "那陈镇六眼山龘村民委员会第十二村民小组"
    spots.loc[2, ["cropland_m2", "town_code", "town_name", "keeper", "permit_register"]] = None
    return dataclasses.replace(made, spots=spots)


@pytest.fixture(scope="module")
def cards(month, month_images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cards")
    files = {}
    with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
        chips = write_chips(month, imagery, folder / "chips")
        for lang in ("zh", "en"):
            files[lang] = write_cards(month, imagery, chips, folder / lang, lang=lang)
        files["again"] = write_cards(month, imagery, chips, folder / "again")
    return files


def letters(text: str) -> str:
    return "".join(text.split())


def test_a_card_is_one_page_with_all_that_an_inspector_needs(month, cards):
    for number, path in cards["zh"].items():
        reader = pypdf.PdfReader(path)
        assert len(reader.pages) == 1
        assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
        text = letters(reader.pages[0].extract_text())
        spot = month.spots.set_index("spot_no").loc[number]
        days = {"red": 7, "yellow": 15, "green": 20}[spot["severity"]]
        for wanted in (
            number,
            spot["reason_zh"],
            KINDS[spot["kind"]].zh,
            spot["village_name"],
            f"{in_m2(spot['area_m2'])}平方米",
            f"接收任务后{days}个工作日内",
            "2026-09-12",
            "20261009",
            "核查员签名",
            "违法用地",
            "照片编号",
        ):
            assert letters(wanted) in text, wanted


def test_what_is_not_known_is_said(cards):
    text = letters(pypdf.PdfReader(list(cards["zh"].values())[2]).pages[0].extract_text())
    assert "其中耕地无该图层" in text
    assert "已有手续未见相关手续" in text
    assert "None" not in text
    assert "nan" not in text


def test_fonts_are_inside_and_no_letter_is_blank(cards):
    for path in cards["zh"].values():
        page = pypdf.PdfReader(path).pages[0]
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        assert fonts
        for font in fonts:
            descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert "/FontFile3" in descriptor
            assert "Noto" in font["/BaseFont"]
        text = page.extract_text()
        assert "\ufffd" not in text
        assert "\x00" not in text


def test_cards_are_the_same_bytes_again(cards):
    for number, path in cards["zh"].items():
        assert cards["again"][number].read_bytes() == path.read_bytes()


def test_a_card_speaks_english_too(cards):
    text = pypdf.PdfReader(next(iter(cards["en"].values()))).pages[0].extract_text()
    assert "Check card" in text
    assert "356.20 m² of permanent basic cropland" in text
    assert "working days after acceptance" in text


def test_the_navigation_link_is_in_the_frame_of_phone_maps():
    lon, lat = (float(part) for part in wgs84_to_gcj02(108.4, 22.7))
    away_m = pyproj.Geod(ellps="WGS84").inv(108.4, 22.7, lon, lat)[2]
    assert 100 < away_m < 1000
    link = navigation_link(lon, lat, "450108-202610-0001")
    assert f"position={lon:.6f},{lat:.6f}" in link
    assert "coordinate=gaode" in link


def test_a_missing_font_is_an_error_and_not_blank_paper(tmp_path, monkeypatch):
    for name in ("look.typ", "card.typ"):
        (tmp_path / name).write_text('#set text(font: "Nowhere Sans")\n核查', encoding="utf-8")
    monkeypatch.setattr(typesetting, "TEMPLATES", tmp_path)
    with Typesetter("card.typ") as pages, pytest.raises(OutputFailed, match=r"(?i)unknown font"):
        pages.pdf({})


def test_a_broken_template_is_one_clear_line(tmp_path, monkeypatch):
    for name in ("look.typ", "card.typ"):
        (tmp_path / name).write_text("#nothing-such", encoding="utf-8")
    monkeypatch.setattr(typesetting, "TEMPLATES", tmp_path)
    with Typesetter("card.typ") as pages, pytest.raises(OutputFailed, match="Cannot set the page") as caught:
        pages.pdf({})
    assert "\n" not in str(caught.value)


def test_the_qr_code_can_be_read(month):
    segno = pytest.importorskip("segno")
    from PIL import Image

    from rs_governance.publish.report.cards import qr_png

    link = navigation_link(108.5, 22.7, "450108-202610-0001")
    dark = ~np.asarray(Image.open(io.BytesIO(qr_png(link))))
    modules = dark[6::6, 6::6][1:-2, 1:-2]
    assert np.array_equal(modules, np.array([list(row) for row in segno.make_qr(link, error="m", mask=2).matrix]) > 0)
