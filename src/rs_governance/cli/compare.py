"""`rsg compare`: whether the district saw it first."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json
from rs_governance.cli.intakes import Crs, District, Fields, File, Gcj02, crs_of, print_row_errors, read_mapping
from rs_governance.cli.language import language_code, say, speak


def compare(
    file: File,
    store: options.Store = options.DEFAULT_STORE,
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="DATE",
            help="清单日期，用于没有日期列的清单\n\nDay of the list, for rows without one.",
            show_default=False,
        ),
    ] = None,
    district: District = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="规则文件\n\nRules file.", show_default=False)
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="NAME", help="图层或工作表\n\nLayer or sheet.", show_default=False),
    ] = None,
    gcj02: Gcj02 = False,
    crs: Crs = None,
    field: Fields = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(
            "--xlsx",
            metavar="FILE",
            help="另存为 Excel\n\nAlso write an Excel file.",
            show_default=False,
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """与上级下发的图斑清单比对：先于下发、漏检及原因、提前天数 / Compare a list from above with ours: seen first, missed and why, days ahead."""
    speak(lang)
    from rs_governance.cases.months.comparing import CAUSES, STATUSES
    from rs_governance.flows.compare import compare_list, write_comparison

    found = compare_list(
        store,
        file,
        dated=None if date is None else options.read_day("--date", date),
        district=district,
        rules=rules,
        crs=crs_of(gcj02, crs),
        layer=layer,
        mapped=read_mapping(field),
    )
    if xlsx is not None:
        write_comparison(found.rows, xlsx)
    if as_json:
        print_json(asdict(found))
        return
    language = language_code()
    rows = [
        [
            one.number,
            str(one.on),
            str(getattr(STATUSES[one.status], language)),
            "-" if one.cause is None else str(getattr(CAUSES[one.cause], language)),
            "-" if one.days_ahead is None else f"{one.days_ahead:+d}",
            one.spot_no or one.case_number or one.issue or "-",
            one.rule or "-",
        ]
        for one in found.rows
    ]
    header = say("编号|日期|结果|原因|提前天数|本系统|规则", "number|day|result|cause|days ahead|ours|rule").split("|")
    print_columns(header, rows, title=say(f"比对 {len(rows)} 个图斑", f"{len(rows)} spots compared"))
    print_row_errors(found.errors)
    share, ahead = found.counts["seen_first_share"], found.counts["median_days_ahead"]
    if share is not None:
        middle = "" if ahead is None else say(f"，提前天数中位数 {ahead:g}", f", {ahead:g} days ahead in the middle")
        typer.echo(say(f"先于下发 {share:.1%}", f"seen first {share:.1%}") + middle)
