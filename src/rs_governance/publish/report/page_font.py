"""The letters of a web page inside the page: a machine without Chinese fonts shows them, and all machines alike."""

import base64
import io
import re
from collections.abc import Iterable
from html import unescape
from pathlib import Path

import pylopdf_fonts_zh_cn
from fontTools import subset

_STYLE = "<style>\n"
_TITLE = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_ALWAYS = range(0x20, 0x7F)  # the page's own marks are of these; pictures as data are too
_FACE = (
    '@font-face {{ font-family: "{family}"; font-display: block; '
    'src: url(data:font/woff;base64,{data}) format("woff"); }}\n'
)


def embed_fonts(page: str) -> str:
    """Put the packaged fonts into a web page, cut down to the characters that it shows.

    `Noto Sans SC` holds all characters of the page; `Noto Serif SC` those of its first heading, where the page's style
    names that font. A character that the fonts lack is left to the reader's own. The same page gives the same bytes.

    Parameters
    ----------
    page
        A whole web page with a `<style>`.

    Raises
    ------
    ValueError
        When the page has no style to put the fonts into.
    """
    if _STYLE not in page:
        raise ValueError(f"A page needs {_STYLE!r} for its fonts, and this one has none.")
    faces = _face("Noto Sans SC", pylopdf_fonts_zh_cn.sans_path(), unescape(page))
    if "Noto Serif SC" in page:
        title = "".join(_TITLE.findall(page)[:1])
        faces += _face("Noto Serif SC", pylopdf_fonts_zh_cn.serif_path(), unescape(title))
    return page.replace(_STYLE, _STYLE + faces, 1)


def _face(family: str, file: Path, text: str) -> str:
    data = base64.b64encode(_cut(file, {*map(ord, text), *_ALWAYS})).decode("ascii")
    return _FACE.format(family=family, data=data)


def _cut(file: Path, characters: Iterable[int]) -> bytes:
    """Return a font that has these characters alone, as WOFF."""
    options = subset.Options(flavor="woff", layout_features=[], hinting=False, name_IDs=[0, 1, 2, 13])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(characters))
    content = io.BytesIO()
    with subset.load_font(str(file), options) as font:
        cutter.subset(font)
        subset.save_font(font, content, options)
    return content.getvalue()
