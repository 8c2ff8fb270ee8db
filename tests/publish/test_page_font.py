"""The fonts inside a web page, read again as a browser reads them."""

import base64
import io
import re

import pylopdf_fonts_zh_cn
import pytest
from fontTools.ttLib import TTFont

from rs_governance.publish.report.page_font import embed_fonts

_PAGE = "<html><style>\nh1 {{ font-family: 'Noto Serif SC' }}</style><h1>{title}</h1><p>{text}</p></html>"


def faces_of(page):
    """The characters of each font inside a page."""
    found = re.findall(r'font-family: "([^"]+)"; [^}]*base64,([A-Za-z0-9+/=]+)\)', page)
    return {family: set(map(chr, TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap())) for family, data in found}


@pytest.fixture(scope="module")
def packaged():
    with TTFont(str(pylopdf_fonts_zh_cn.sans_path()), lazy=True) as font:
        return set(map(chr, font.getBestCmap()))


@pytest.mark.parametrize("text", ["邕江北岸 1,019 m²（1.53 亩）", "▲◆●—“其他”：é Ω ж", ""])
def test_a_page_brings_each_character_that_the_font_has(packaged, text):
    faces = faces_of(embed_fonts(_PAGE.format(title="良庆区月报", text=text)))
    assert set(text) & packaged <= faces["Noto Sans SC"]
    assert set("良庆区月报0123456789") <= faces["Noto Serif SC"]
    assert len(faces["Noto Sans SC"]) < 200, "and few others"


def test_written_out_characters_are_brought_too():
    assert "▲" in faces_of(embed_fonts(_PAGE.format(title="x", text="&#9650;")))["Noto Sans SC"]


def test_a_character_that_the_font_lacks_is_left_to_the_reader(packaged):
    assert "\U0002b740" not in packaged
    assert "\U0002b740" not in faces_of(embed_fonts(_PAGE.format(title="x", text="\U0002b740村")))["Noto Sans SC"]


def test_a_thousand_characters_stay_small_and_the_same_bytes():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))
    page = _PAGE.format(title="月报", text=text)
    once = embed_fonts(page)
    assert once == embed_fonts(page)
    assert len(once) - len(page) < 400_000


def test_a_font_that_the_page_does_not_name_is_left_out():
    assert list(faces_of(embed_fonts("<style>\n</style><h1>月报</h1>"))) == ["Noto Sans SC"]


def test_a_page_without_a_style_is_refused():
    with pytest.raises(ValueError, match="style"):
        embed_fonts("<p>村</p>")
