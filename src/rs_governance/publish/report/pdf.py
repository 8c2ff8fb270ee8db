"""The report as a PDF with its fonts inside."""

import dataclasses
from typing import Any

from rs_governance.publish.report.blocks import Block, Bullets, Paragraph, Picture, PlaceEntry, Report, TableBlock
from rs_governance.publish.report.typesetting import Typesetter


def report_pdf(report: Report) -> bytes:
    """Set a report as a PDF.

    Parameters
    ----------
    report
        What it says.

    Raises
    ------
    OutputFailed
        When the page cannot be set.
    """
    with Typesetter("report.typ") as pages:
        return pages.pdf(_data(report, pages))


def report_pages(report: Report, *, ppi: float = 96.0) -> list[bytes]:
    """Set a report as pictures (PNG), a page each.

    Raises
    ------
    OutputFailed
        When the page cannot be set.
    """
    with Typesetter("report.typ") as pages:
        return pages.pages(_data(report, pages), ppi=ppi)


def _data(report: Report, pages: Typesetter) -> dict[str, Any]:
    plain = {
        field.name: getattr(report, field.name)
        for field in dataclasses.fields(report)
        if field.name not in ("sections", "headlines")
    }
    return {
        **plain,
        "headlines": [dataclasses.asdict(each) for each in report.headlines],
        "sections": [
            {"title": section.title, "blocks": [_block(block, pages) for block in section.blocks]}
            for section in report.sections
        ],
    }


def _block(block: Block, pages: Typesetter) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", **dataclasses.asdict(block)}
        case Bullets():
            return {"kind": "bullets", "items": block.items}
        case TableBlock():
            return {"kind": "table", **dataclasses.asdict(block)}
        case Picture():
            return {"kind": "picture", "caption": block.caption, "file": pages.add_picture(block.name, block.content)}
        case PlaceEntry():
            plain = {
                field.name: getattr(block, field.name)
                for field in dataclasses.fields(block)
                if field.name != "pictures"
            }
            return {"kind": "place", **plain, "pictures": [_block(picture, pages) for picture in block.pictures]}
