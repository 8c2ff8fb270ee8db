"""The chapter on feedback: there where a file was given, and saying its figures."""

import dataclasses
import io
import xml.etree.ElementTree as ET
from datetime import date

import pytest
from PIL import Image

from rs_governance.publish.feedback import (
    FeedbackCropland,
    FeedbackRating,
    FeedbackRow,
    FeedbackShare,
)
from rs_governance.publish.month import IssueFeedback
from rs_governance.publish.report.blocks import Paragraph, Picture, TableBlock
from rs_governance.publish.report.charts import NARROW, WIDE
from rs_governance.publish.report.content import compose_report
from rs_governance.publish.report.feedback import feedback_blocks
from rs_governance.publish.report.feedback_chart import counts_of, feedback_chart
from rs_governance.publish.report.html import report_html
from rs_governance.publish.report.pdf import report_pdf
from rs_governance.rules import Word


def share(part, whole):
    ratio = part / whole if whole else None
    return FeedbackShare(part=part, whole=whole, share=ratio, low=ratio and ratio / 2, high=ratio)


def row(issue, dimension="all", key="", title="全部", *, spots=8, judged=6, changed=5, illegal=3):
    return FeedbackRow(
        issue=issue,
        dimension=dimension,
        key=key,
        title=Word(title, key or "all"),
        spots=spots,
        judged=share(judged, spots),
        changed=share(changed, judged),
        confirmed=share(illegal, judged),
        closed=share(2, spots),
        why_not={"season": 1, "homestead": 2},
        days_to_verdict=9.5,
        days_to_closing=None,
    )


CROPLAND = FeedbackCropland(
    year=2026, illegal_m2=2000.0, put_right_m2=0.0, lawful_m2=6000.0, permitted_m2=2000.0, open_m2=1000.0, cases=5, permitted=2,
    limit=0.15, share=0.2, highest=0.2727,
)  # fmt: skip
FEEDBACK = IssueFeedback(
    district_code="450108",
    as_of=date(2026, 11, 2),
    rows=(
        row("2026-08"),
        row("2026-09", spots=0, judged=0, changed=0, illegal=0),
        row("2026-09a", spots=4, judged=0, changed=0, illegal=0),
        row("2026-10", spots=99),
        row("2026-08", "kind", "earthwork", "推填土", spots=6),
        row("2026-08", "kind", "road", "道路", spots=7),
        row("2026-09a", "kind", "earthwork", "推填土", spots=4),
        row("2026-08", "severity", "yellow", "黄", spots=7),
        row("2026-08", "severity", "red", "红", spots=6),
        row("2026-08", "town", "450108100", "良庆镇<&>"),
    ),
    reasons={"season": Word("季节或作物", "season or crop"), "homestead": Word("宅基地审批", "approved homestead")},
    ratings=(FeedbackRating(month="2026-09", by=Word("反映人", "reporter"), count=3, mean=4.33),),
    cropland=(CROPLAND, dataclasses.replace(CROPLAND, year=2025)),
)


def tables(feedback, issue="2026-10", lang="zh"):
    return {block.title: block for block in feedback_blocks(feedback, issue, lang) if isinstance(block, TableBlock)}


def test_only_former_issues_with_spots_are_told() -> None:
    told = tables(FEEDBACK)["各期核查情况"]
    assert [cells[0] for cells in told.rows] == ["2026-08", "2026-09a"]
    assert told.rows[0] == ("2026-08", "8", "6", "3（50%，25–50%）", "5（83%，42–83%）", "2", "9.5", "—")
    assert told.rows[1][3:5] == ("—", "—")


def test_a_class_is_named_once_and_the_largest_comes_first() -> None:
    told = tables(FEEDBACK)
    assert [cells[:3] for cells in told["各变化类型核查情况"].rows] == [
        ("推填土", "2026-08", "6"),
        ("", "2026-09a", "4"),
        ("道路", "2026-08", "7"),
    ]
    assert [cells[0] for cells in told["各等级核查情况"].rows] == ["红", "黄"]
    for block in told.values():
        assert all(len(cells) == len(block.columns) for cells in block.rows)


def test_reasons_ratings_and_cropland_are_told() -> None:
    told = tables(FEEDBACK, lang="en")
    assert told["Why not illegal"].rows[0] == ("approved homestead", "2", "2", "4")
    assert told["Ratings by reporters and enterprises (of 5)"].rows == (("2026-09", "reporter", "3", "4.33"),)
    last = feedback_blocks(FEEDBACK, "2026-10", "en")[-1]
    assert isinstance(last, Paragraph)
    assert last.tone == "caution"
    assert "in 2026: 3.00 mu judged illegal" in last.text
    assert "illegal share 20.0% (brought to account from 15%)" in last.text
    below = dataclasses.replace(FEEDBACK, cropland=(dataclasses.replace(CROPLAND, share=0.1499),))
    assert [each.tone for each in feedback_blocks(below, "2026-10", "zh") if isinstance(each, Paragraph)] == [
        "note",
        "plain",
    ]


def test_without_former_issues_it_says_so() -> None:
    assert feedback_blocks(FEEDBACK, "2026-08", "zh") == [Paragraph(text="往期图斑尚无核查结果。")]


@pytest.mark.parametrize("wide", [WIDE, NARROW])
def test_the_drawing_shows_counts_and_shares(wide) -> None:
    words = dict.fromkeys(("illegal", "lawful", "false_change", "open", "count", "share"), "x & y")
    rows = [FEEDBACK.rows[0], FEEDBACK.rows[2]]
    assert counts_of(rows[0]) == {"illegal": 3, "lawful": 2, "false_change": 1, "open": 2}
    drawn = ET.fromstring(feedback_chart(rows, ["2026-08", "2026-09a"], words, width=wide))
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"2026-08", "3/6", "—", "x & y"} <= set(texts)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == 1
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    assert width == wide
    assert texts.count("2026-08") == (1 if wide == WIDE else 2), "narrow panels stand one under the other"
    for each in drawn.iter("{http://www.w3.org/2000/svg}rect"):
        assert 0 <= float(each.attrib["x"]) <= width - float(each.attrib["width"])
        assert float(each.attrib["y"]) <= height


@pytest.fixture(scope="module")
def composed(make_month):
    """Reports without and with feedback; the pictures are beside the point."""
    month = make_month(0)
    dot = io.BytesIO()
    Image.new("RGB", (8, 8)).save(dot, "PNG")
    with_it = dataclasses.replace(month, feedback=FEEDBACK)
    return {
        lang: [compose_report(each, dot.getvalue(), {}, listed=[], lang=lang) for each in (month, with_it)]
        for lang in ("zh", "en")
    }


def test_the_chapter_is_there_where_feedback_was_given(composed) -> None:
    for lang, numerals, title in (
        ("zh", "一、二、三、四、五、六、七、八、九、", "核查反馈"),
        ("en", "123456789", "former spots"),
    ):
        plain, told = composed[lang]
        former, now = ([section.title for section in each.sections] for each in (plain, told))
        assert (len(former), len(now)) == (8, 9)
        assert not any(title in each for each in former)
        assert now[4].endswith(title)
        assert [each[0] for each in now] == list(numerals.replace("、", ""))
        assert [each[0] for each in former] == list(numerals.replace("、", ""))[:8]
        assert plain.sections[:4] == told.sections[:4]
        kept = [section.blocks for place, section in enumerate(told.sections) if place != 4]
        assert [section.blocks for section in plain.sections] == kept


def test_it_can_be_set_as_a_page_and_as_a_pdf(composed) -> None:
    report = composed["zh"][1]
    page = report_html(report)
    assert "良庆镇&lt;&amp;&gt;" in page
    assert page.count("<svg") >= 1
    assert report_pdf(report).startswith(b"%PDF")
    assert report_pdf(report) == report_pdf(report)
    assert any(isinstance(block, Picture) and block.name == "feedback.svg" for block in report.sections[4].blocks)
