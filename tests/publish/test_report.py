"""The report, read again as a browser and a PDF reader see it."""

import dataclasses
import io
import re
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rs_governance.publish.issue import IssueFigures
from rs_governance.publish.month.statistics import summarise
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.report import maps
from rs_governance.publish.report.blocks import Paragraph, PlaceEntry, Section, TableBlock, TableColumn
from rs_governance.publish.report.cards import _area
from rs_governance.publish.report.charts import NARROW, Bar, bars_chart, text_width, trend_chart
from rs_governance.publish.report.chips import write_chips
from rs_governance.publish.report.content import compose_report, worst_spots
from rs_governance.publish.report.html import report_html
from rs_governance.publish.report.pdf import report_pages, report_pdf
from rs_governance.publish.report.report import write_report
from rs_governance.publish.report.words import WORDS
from rs_governance.publish.style import SEVERITY_MARK, SEVERITY_RGB
from rs_governance.rules.amounts import in_m2, in_mu
from rs_governance.rules.fields import FIELDS, show_limit, show_number
from rs_governance.scenes import open_scene

pypdf = pytest.importorskip("pypdf")

_VOID = {"meta", "img", "br", "rect", "line"}


class Page(HTMLParser):
    """Collects the text, the addresses and the balance of tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in _VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def former(issue, count, share):
    return IssueFigures(
        issue=issue,
        first_image_on=date(2026, 9, 1),
        last_image_on=date(2026, 9, 12),
        count=count,
        area_m2=1000.0,
        severity={"red": 1, "yellow": 2, "green": count - 3},
        theme={},
        kind={},
        observed_share=share,
    )


@pytest.fixture(scope="module")
def month(make_month):
    return dataclasses.replace(make_month(12), trend=(former("2026-08", 30, 0.7), former("2026-09", 9, 0.4)))


@pytest.fixture(scope="module")
def written(month, month_images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "again").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "_MAP_AT_MOST", (760, 520))
        with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
            chips = write_chips(month, imagery, folder / "chips")
            files = write_report(month, imagery, chips, folder)
            again = write_report(month, imagery, chips, folder / "again")
            english = write_report(month, imagery, chips, folder, lang="en")
    assert [path.name for path in english] == ["map.en.png", "report.en.html", "report.en.pdf"]
    return {"files": files, "again": again, "english": english, "chips": chips}


def page_of(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert not page.open
    return page


def squeezed(text):
    return "".join(text.split())


def text_of_pdf(path):
    return squeezed("".join(page.extract_text() for page in pypdf.PdfReader(path).pages))


def test_the_same_issue_gives_the_same_bytes(written):
    for one, other in zip(written["files"], written["again"], strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_web_page_needs_nothing_from_outside(written):
    for name in ("files", "english"):
        page = page_of(written[name][1])
        assert page.addresses
        assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
        raw = re.sub(r"data:[^\"]+", "", written[name][1].read_text(encoding="utf-8"))
        assert set(re.findall(r"https?://[^\"'< ]+", raw)) == {"http://www.w3.org/2000/svg"}
        assert "<script" not in raw
        assert "@import" not in raw


def test_both_forms_say_the_figures_of_the_issue(month, written):
    statistics = summarise(month)
    figures = statistics["total"]
    urgent = month.spots[month.spots["severity"] != "green"]
    area_m2 = urgent["area_m2"].sum()
    page = squeezed("".join(page_of(written["files"][1]).text))
    for text in (page, text_of_pdf(written["files"][2])):
        assert f"{len(urgent)}处：红色{figures['red']}处、黄色{figures['yellow']}处，面积{in_mu(area_m2)}亩" in text
        assert (
            f"占耕地{in_mu(urgent['cropland_m2'].sum())}亩，其中永久基本农田{in_mu(urgent['basic_cropland_m2'].sum())}亩"
            in text
        )
        assert f"另有绿色{figures['green']}处不派人核查" in text
        assert f"全部变化合计{figures['count']}处、{figures['area_mu']:,.2f}亩" in text
        assert "疑似，以实地核查为准" in text
        former = month.trend[-1].severity
        before, after = former["red"] + former["yellow"], figures["red"] + figures["yellow"]
        assert f"红、黄图斑上期（2026-09）{before}处，本期{after}处" in text
        assert "本期可比对比例与上期相差35个百分点" in text
        for number in worst_spots(month.spots):
            assert number in text
        assert squeezed(month.spots["reason_zh"].iloc[0]) in text
        assert "林木采伐许可" in text  # a register that nobody gave
        assert "永久基本农田2025-12-31" in text


def test_fonts_are_inside_the_pdf_and_no_letter_is_blank(written):
    for path in (written["files"][2], written["english"][2]):
        fonts: dict = {}
        for page in pypdf.PdfReader(path).pages:
            fonts |= {
                font.get_object()["/BaseFont"]: font.get_object() for font in page["/Resources"]["/Font"].values()
            }
            assert "\ufffd" not in page.extract_text()
        assert any("NotoSansSC" in name for name in fonts)
        for font in fonts.values():
            assert "/FontFile3" in font["/DescendantFonts"][0]["/FontDescriptor"]


def test_an_old_undated_or_missing_reference_is_said(month, written):
    source = month.sources[0]
    sources = (
        dataclasses.replace(source, as_of=date(2020, 1, 1)),
        dataclasses.replace(source, name="harvest_permit", kind="register", title_zh="采伐", as_of=None),
        dataclasses.replace(source, name="homestead", kind="register", title_zh="宅基地", as_of=date(2026, 10, 1)),
    )
    report = compose_report(
        dataclasses.replace(month, sources=sources), written["files"][0].read_bytes(), written["chips"], listed=[]
    )
    html = report_html(report)
    assert html.count("可能不反映现状") == 1
    assert html.count("无日期，不作为合法依据") == 1
    missing = re.search("本期未提供：([^<]+)", html)
    assert missing is not None
    assert "施工许可" in missing[1]
    assert "宅基地" not in missing[1]


def test_a_first_issue_without_spots_is_a_report_too(make_month, written, month_images):
    month = make_month(4)
    coverage = month.coverage.assign(observed_share=1.0, observed_m2=month.coverage["area_m2"])
    empty = dataclasses.replace(
        month, spots=month.spots.iloc[:0], decisions={}, in_units=month.in_units.iloc[:0], coverage=coverage
    )
    html = report_html(compose_report(empty, written["files"][0].read_bytes(), {}, listed=[]))
    for wanted in ("尚无往期可比", "本期没有红色或黄色图斑", "全区均有可比对的影像", "100%"):
        assert wanted in html


def test_an_english_report_has_chinese_only_where_it_is_a_name(month, written):
    names = "".join(month.units["name"]) + "".join(month.spots["permit_register"].dropna())
    for text in ("".join(page_of(written["english"][1]).text), text_of_pdf(written["english"][2])):
        chinese = {letter for letter in text if "\u2e80" < letter < "\uffa0"}
        assert chinese <= set(names + "说明 permit_register"), chinese


def test_every_entry_shows_both_days_and_a_mark_that_needs_no_colour(month, written):
    html = written["files"][1].read_text(encoding="utf-8")
    listed = worst_spots(month.spots)
    assert html.count("<figcaption>前时相 2026-09-12</figcaption>") == len(listed)
    assert html.count("<figcaption>后时相 2026-10-09</figcaption>") == len(listed)
    severities = month.spots.set_index("spot_no").loc[listed, "severity"]
    for severity, mark in SEVERITY_MARK.items():
        assert html.count(f">{mark}</span>") == (severities == severity).sum()
    assert len(set(SEVERITY_MARK.values())) == len(SEVERITY_RGB)


def filled_to(page):
    """Return how far down a page is written on, 0..1, its foot left out."""
    pixels = np.asarray(Image.open(io.BytesIO(page)).convert("L"))
    rows = np.flatnonzero((pixels[: int(0.93 * len(pixels))] < 200).any(axis=1))
    return rows.max() / len(pixels)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_map_is_on_the_first_page_and_no_page_but_the_last_is_half_empty(month, written, lang):
    overview = written["files" if lang == "zh" else "english"][0].read_bytes()
    report = compose_report(month, overview, written["chips"], listed=worst_spots(month.spots), lang=lang)
    *pages, _ = report_pages(report, ppi=40)
    assert len(pages) >= 2
    assert [filled_to(page) > 0.6 for page in pages] == [True] * len(pages)
    first = pypdf.PdfReader(io.BytesIO(report_pdf(report))).pages[0]
    assert squeezed(WORDS[lang]["map_caption"]) in squeezed(first.extract_text())


@pytest.mark.parametrize("above", [26, 29, 31, 33, 36])
@pytest.mark.parametrize("count", [9, 40])
def test_no_row_of_a_table_stands_alone_on_a_page(month, written, above, count):
    report = compose_report(month, written["files"][0].read_bytes(), {}, listed=[])
    rows = tuple((f"row{index:02d}", "1") for index in range(count))
    table = TableBlock(title="T", columns=(TableColumn(title="head"), TableColumn(title="n")), rows=rows)
    text = tuple(Paragraph(text=f"line {index}") for index in range(above))
    report = dataclasses.replace(report, sections=(Section(title="S", blocks=(*text, table)),))
    pages = pypdf.PdfReader(io.BytesIO(report_pdf(report))).pages
    texts = [page.extract_text() for page in pages]
    counts = [len(re.findall(r"row\d\d", each)) for each in texts]
    assert sum(counts) == count
    assert all(each == 0 or each >= 4 for each in counts), counts
    assert [("head" in each) for each in texts] == [each > 0 for each in counts], "heads are repeated"


def test_the_unseen_is_listed_by_name(month, written):
    text = text_of_pdf(written["files"][2])
    assert "良庆镇75.0%" in text
    assert "未能完整观测的村（社区）：第1村（75.0%）" in text


@given(st.data())
def test_the_worst_come_first(data):
    number = st.floats(0, 1000) | st.none()
    rows = data.draw(
        st.lists(st.tuples(st.sampled_from(["red", "yellow", "green"]), number, number, st.floats(1, 1e4)), max_size=12)
    )
    names = ["severity", "basic_cropland_m2", "cropland_m2", "area_m2"]
    spots = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:], "float64"))
    spots["spot_no"] = [f"450108-202610-{index:04d}" for index in range(len(rows))]
    listed = worst_spots(spots, count=5)
    urgent = spots[spots["severity"] != "green"]
    assert len(listed) == min(5, len(urgent))

    def rank(row):
        filled = [0.0 if pd.isna(row[name]) else row[name] for name in names[1:]]
        return ({"red": 0, "yellow": 1}[row["severity"]], *(-value for value in filled), row["spot_no"])

    expected = sorted((row for _, row in urgent.iterrows()), key=rank)[:5]
    assert listed == [row["spot_no"] for row in expected]


@given(st.lists(st.tuples(*[st.integers(0, 3000)] * 3), min_size=1, max_size=12))
def test_charts_are_drawn_to_scale_and_inside_their_frame(counts):
    bars = [Bar(label=f"<{index}>", counts=each, note="x & y") for index, each in enumerate(counts)]
    words = ["红", "黄", "绿"]
    long = [dataclasses.replace(bar, label="重点保护区林地变化") for bar in bars]
    charts = (
        (trend_chart(bars, note_title="可比对", words=words), "height"),
        (bars_chart(bars, words=words), "width"),
        (bars_chart(bars, words=words, width=NARROW), "width"),
        (bars_chart(long, words=words, width=NARROW), "width"),
    )
    for svg, side in charts:
        root = ElementTree.fromstring(svg)
        width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
        rects = root.findall("{http://www.w3.org/2000/svg}rect")
        legend, drawn = rects[:3], rects[3:]
        assert len({rect.attrib["fill"] for rect in legend}) == 3
        assert len(drawn) == sum(count > 0 for each in counts for count in each)
        lengths = sorted(float(rect.attrib[side]) for rect in drawn)
        wanted = sorted(count for each in counts for count in each if count)
        for rect in drawn:
            assert -0.1 <= float(rect.attrib["x"]) <= width - float(rect.attrib["width"]) + 0.1
            assert -0.1 <= float(rect.attrib["y"]) <= height - float(rect.attrib["height"]) + 0.1
        for length, count in zip(lengths, wanted, strict=True):
            assert length == pytest.approx(lengths[-1] * count / wanted[-1], abs=0.11)
        for text in root.findall("{http://www.w3.org/2000/svg}text"):
            wide = text_width(text.text or "", int(text.attrib["font-size"]))
            left = float(text.attrib["x"]) - wide * {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]]
            assert -1 <= left <= width - wide + 1, "no word runs out of the frame"


def test_an_area_reads_the_same_in_all_places(month, written):
    spot = month.spots.set_index("spot_no").loc[worst_spots(month.spots)[0]]
    m2, mu = in_m2(spot["area_m2"]), in_mu(spot["area_m2"])
    assert f"面积{m2}平方米（{mu}亩）" in squeezed("".join(page_of(written["files"][1]).text))
    assert f"面积{m2}平方米（{mu}亩）" in text_of_pdf(written["files"][2])
    assert _area(spot["area_m2"], "zh") == f"{m2} 平方米（{mu} 亩）"
    assert show_number(FIELDS["area_m2"], spot["area_m2"]).zh == f"{m2} 平方米"
    assert show_number(FIELDS["area_m2"], 12345.67).en == f"{in_m2(12345.67)} m²" == "12,345.7 m²"
    assert show_limit(FIELDS["area_m2"], 1_234_567.0).en == "1,234,567 m²"


def test_an_english_report_calls_units_by_their_english_names(month, written, month_images):
    units = month.units.assign(name_en=None)
    units.loc[units["name"] == "那马镇", "name_en"] = "Nama Town"
    named = dataclasses.replace(month, units=units)
    report = compose_report(
        named, written["files"][0].read_bytes(), written["chips"], listed=worst_spots(month.spots), lang="en"
    )
    html = report_html(report)
    assert ">Nama Town</td>" in html
    assert ">良庆镇</td>" in html, "a town without an English name keeps its own"
    assert "那马镇" not in html
    entries = [block for section in report.sections for block in section.blocks if isinstance(block, PlaceEntry)]
    assert any(entry.title.endswith("村, Nama Town") for entry in entries)
    chinese = report_html(compose_report(named, written["files"][0].read_bytes(), {}, listed=[]))
    assert "Nama" not in chinese
