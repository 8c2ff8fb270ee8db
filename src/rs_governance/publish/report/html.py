"""The report as one web page that needs nothing else: no network, no scripts, pictures and letters inside."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from rs_governance.publish.report.blocks import Block, Bullets, Paragraph, Picture, PlaceEntry, Report, TableBlock
from rs_governance.publish.report.page_font import embed_fonts
from rs_governance.publish.report.typesetting import TEMPLATES

_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg"}


def report_html(report: Report) -> str:
    """Set a report as a web page.

    Parameters
    ----------
    report
        What it says.
    """
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    headlines = _join(
        f'<div class="figure" style="border-color:{escape(each.colour)}"><b>{escape(each.value)}</b>'
        f"<span>{escape(each.label)}</span></div>"
        for each in report.headlines
    )
    sections = _join(
        f"<section><h2>{escape(section.title)}</h2>\n{_join(_block(block) for block in section.blocks)}</section>"
        for section in report.sections
    )
    language = {"zh": "zh-CN", "en": "en"}[report.lang]
    page = f"""\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="author" content="{escape(report.author)}">
<title>{escape(report.title)} {escape(report.subtitle)}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(report.title)}</h1>
<p class="subtitle">{escape(report.subtitle)}</p>
<div class="figures">
{headlines}</div>
<p class="summary">{escape(report.summary)}</p>
<p class="caution">{escape(report.caution)}</p>
</header>
<main>
{sections}</main>
<footer>{escape(report.running)}</footer>
</body>
</html>
"""
    return embed_fonts(page)


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f'<p class="{block.tone}">{escape(block.text)}</p>'
        case Bullets():
            return f"<ul>{_join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
        case TableBlock():
            return _table(block)
        case Picture():
            return _figure(block)
        case PlaceEntry():
            return _place(block)


def _table(block: TableBlock) -> str:
    heads = "".join(f'<th scope="col" class="{column.side}">{escape(column.title)}</th>' for column in block.columns)
    rows = _join(f"<tr{_last(block, index)}>{_cells(block, row)}</tr>" for index, row in enumerate(block.rows))
    note = f'<p class="note">{escape(block.note)}</p>' if block.note else ""
    return (
        f'<div class="wide"><table><caption>{escape(block.title)}</caption><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table></div>{note}"
    )


def _last(block: TableBlock, index: int) -> str:
    return ' class="total"' if block.total and index == len(block.rows) - 1 else ""


def _cells(block: TableBlock, row: Sequence[str]) -> str:
    return "".join(
        f'<td class="{column.side}{_unbroken(cell)}">{escape(cell)}</td>'
        for column, cell in zip(block.columns, row, strict=True)
    )


def _unbroken(cell: str) -> str:
    """Days and numbers are never broken over two lines."""
    return "" if any(map(str.isalpha, cell)) else " whole"


def _place(block: PlaceEntry) -> str:
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in block.facts)
    pictures = "".join(_figure(picture) for picture in block.pictures)
    return (
        f'<article><h3><span class="number">{block.number}</span>'
        f'<span class="mark" style="color:{escape(block.colour)}">{escape(block.mark)}</span>{escape(block.name)}'
        f"<small>{escape(block.title)}</small></h3>\n"
        f'<div class="place"><div class="pictures">{pictures}</div><div><ul class="facts">{facts}</ul>'
        f'<p class="reason">{escape(block.reason)}</p></div></div></article>'
    )


def _figure(picture: Picture) -> str:
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    return f"<figure>{_picture(picture)}{caption}</figure>"


def _picture(picture: Picture) -> str:
    """Return an image inside the page: a chart as it is, for each width of the window, a photo as data."""
    suffix = picture.name.rsplit(".", 1)[-1]
    if suffix == "svg":
        if picture.narrow is None:
            return picture.content.decode()
        drawings = {"at-desk": picture.content, "at-hand": picture.narrow}
        return "".join(f'<div class="{name}">{drawing.decode()}</div>' for name, drawing in drawings.items())
    data = base64.b64encode(picture.content).decode("ascii")
    return f'<img alt="{escape(picture.caption)}" src="data:{_MEDIA_TYPES[suffix]};base64,{data}">'


def _join(parts: Iterable[str]) -> str:
    return "".join(f"{part}\n" for part in parts)
