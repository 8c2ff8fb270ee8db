"""`rsg feedback` and `rsg labels`: what the months learn from closed cases."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json, print_table
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import DEFAULT_STORE, OUTPUT
from rs_governance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rs_governance.cases.feedback.cropland import CroplandWatch
    from rs_governance.cases.feedback.shares import FeedbackRow, Share
    from rs_governance.flows.feedback import Feedback

labels = typer.Typer(
    help="样本：把销号案件导出为训练数据 / Labels: closed cases as training data.", no_args_is_help=True
)


def feedback(
    store: options.Store = DEFAULT_STORE,
    issue: Annotated[
        str | None,
        typer.Option("--issue", metavar="ISSUE", help="只看这一期\n\nOnly this issue.", show_default=False),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="DIMENSION",
            help="分组：all、kind、theme、severity、town、department\n\nCount by: all, kind, theme, severity, town or department.",
        ),
    ] = "all",
    year: Annotated[
        int | None,
        typer.Option(
            "--year",
            metavar="YEAR",
            help="该年违法占用耕地比例\n\nIllegal share of the construction on cropland in this year.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            "--limit",
            metavar="SHARE",
            help="问责线，默认 0.15\n\nShare from which one is brought to account.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="写入 JSON 文件，供 rsg run --feedback 编入月报\n\nWrite a JSON file, for the report of rsg run --feedback.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """统计各期图斑核实情况：属实率、未认定原因、办理天数 / Say what became of the spots: share confirmed, why not, days."""
    speak(lang)
    from rs_governance.cases.feedback.cropland import ACCOUNTABLE_SHARE
    from rs_governance.cases.feedback.shares import Dimension
    from rs_governance.flows.feedback import plain_feedback, read_feedback, write_feedback

    if by not in get_args(Dimension):
        raise UsageError(
            f"--by {by!r} is no dimension; it is one of {', '.join(get_args(Dimension))}.",
            zh=f"--by {by!r} 不是统计维度；可用 {'、'.join(get_args(Dimension))}。",
        )
    if limit is not None and not 0 < limit <= 1:
        raise UsageError(
            f"--limit {limit} is no share; write it between 0 and 1, such as 0.15.",
            zh=f"--limit {limit} 不是比例；请写 0 至 1 之间的数，如 0.15。",
        )
    found = read_feedback(store, year=year, limit=ACCOUNTABLE_SHARE if limit is None else limit)
    if out is not None:
        write_feedback(found, out)
    known = sorted({row.issue for row in found.rows})
    if issue is not None and issue not in known:
        raise UsageError(
            f"The store knows no issue {issue!r} with cases; it knows {', '.join(known) or 'none'}.",
            zh=f"案件库中没有带案件的 {issue!r} 期；现有 {'、'.join(known) or '无'}。",
        )
    chosen = [row for row in found.rows if row.dimension == by and issue in (None, row.issue)]
    if as_json:
        plain = plain_feedback(found)
        mine = [row for row in plain["rows"] if row["dimension"] == by and issue in (None, row["issue"])]
        print_json({**plain, "rows": mine})
        return
    _print_spots(found, chosen)
    _print_ratings(found)
    if year is not None:
        _print_cropland(found.cropland[0])


def _print_spots(found: "Feedback", rows: "Sequence[FeedbackRow]") -> None:
    if not rows:
        typer.echo(say("案件库中还没有需要核查的图斑。", "The store has no spots to look at yet."))
        return
    header = say(
        "期号|分组|图斑|已认定|真实变化|违法|已销号|认定天|销号天",
        "issue|of|spots|judged|true|illegal|closed|judging|closing",
    ).split("|")
    title = say(f"核查反馈（截至 {found.as_of}）", f"Feedback (as of {found.as_of})")
    print_columns(header, [line for row in rows for line in _lines(found, row)], title=title)
    typer.echo(say("每处只计首次发现的一期；第二行为占比的 95 % 区间（Wilson）。", "Each place counts in the issue that first showed it; a second line holds the 95 % interval of the share (Wilson)."))  # fmt: skip
    typer.echo(say("认定天：影像至认定；销号天：认定至销号；均为天数的中位数。", "judging: median days from image to verdict; closing: from verdict to closing."))  # fmt: skip


def _lines(found: "Feedback", row: "FeedbackRow") -> list[list[str]]:
    days = [f"{value:.1f}" if value is not None else "-" for value in (row.days_to_verdict, row.days_to_closing)]
    shares = (row.judged, row.changed, row.confirmed, row.closed)
    first = [row.issue, say(*found.title(row)), str(row.spots), *map(_share, shares), *days]
    # How many were judged and closed is known, not estimated.
    intervals = ["", _interval(row.changed), _interval(row.confirmed), ""]
    return [first, ["", "", "", *intervals, "", ""]] if any(intervals) else [first]


def _share(part: "Share") -> str:
    return "-" if part.share is None else f"{part.part} ({part.share:.0%})"


def _interval(part: "Share") -> str:
    return "" if part.low is None or part.high is None else f"[{part.low:.0%}, {part.high:.0%}]"


def _print_ratings(found: "Feedback") -> None:
    from rs_governance.flows.feedback import rater

    if found.ratings:
        rows = [[each.month, say(*rater(each.by)), str(each.count), f"{each.mean:.2f}"] for each in found.ratings]
        header = say("月份|评价人|份数|平均分（满分 5）", "month|by|ratings|mean (of 5)").split("|")
        typer.echo()
        print_columns(header, rows, title=say("评价", "Ratings"))


def _print_cropland(watch: "CroplandWatch") -> None:
    shares = ["-" if share is None else f"{share:.1%}" for share in (watch.share, watch.highest)]
    rows = [
        (say("认定违法", "judged illegal"), _mu(watch.illegal_m2)),
        (say("  其中已拆除或恢复", "  of which demolished or restored"), _mu(watch.put_right_m2)),
        (say("认定合法", "judged lawful"), _mu(watch.lawful_m2)),
        (say(f"手续覆盖（{watch.permitted} 处）", f"covered by permits ({watch.permitted} places)"), _mu(watch.permitted_m2)),
        (say("尚未认定", "not judged yet"), _mu(watch.open_m2)),
        (say("违法占用耕地比例", "illegal share"), shares[0]),
        (say("  未认定的如全部违法", "  if all that is open were illegal"), shares[1]),
        (say("问责线", "brought to account from"), f"{watch.limit:.0%}"),
    ]  # fmt: skip
    typer.echo()
    typer.secho(say(f"{watch.year} 年新增建设占用耕地", f"Construction on cropland in {watch.year}"), bold=True)
    print_table(rows)
    typer.echo(
        say(
            "按首次发现的影像日期计年，按占耕地面积计：分子为认定违法的案件，分母为认定违法、认定合法和手续覆盖的建设之和；其他用地、伪变化不计，未认定的不计入比例。",
            "By the year of the first image and by cropland area: cases judged illegal, over those, the lawful ones and the "
            "construction that permits cover. Other use and false changes do not count; what is open is in neither.",
        )
    )


def _mu(area_m2: float) -> str:
    return say(
        f"{area_m2 / 2000 * 3:,.2f} 亩（{area_m2:,.0f} m²）", f"{area_m2 / 2000 * 3:,.2f} mu ({area_m2:,.0f} m²)"
    )


@labels.command("export")
def export(
    out: options.Out,
    store: options.Store = DEFAULT_STORE,
    issues: Annotated[
        Path | None,
        typer.Option(
            "--issues",
            metavar="DIR",
            help="各期成果的文件夹，用于裁切前后影像；不写则不含影像\n\nFolder of the issues, to cut chips from; none without it.",
            show_default=False,
        ),
    ] = None,
    scenes: Annotated[
        Path | None,
        typer.Option(
            "--scenes",
            metavar="DIR",
            help="补充影像的文件夹，如首期所比对的前时相；文件名为影像标识，坐标系同区县\n\nFolder of further images, such as the one before the first issue; named by their identifier, in the district's CRS.",
            show_default=False,
        ),
    ] = None,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """导出样本：范围、类型、认定、理由和前后影像切片 / Export labels: outline, kind, verdict, reason, chips before and after."""
    speak(lang)
    from rs_governance.flows.feedback import export_labels

    for folder, what in ((issues, "of the issues"), (scenes, "of images")):
        if folder is not None and not folder.is_dir():
            raise UsageError(
                f"'{folder}' was expected to be the folder {what}; there is no such folder.",
                zh=f"没有文件夹 '{folder}'；请核对路径。",
            )
    written = export_labels(store, out=out, issues=issues, scenes=scenes, replace=replace)
    if as_json:
        print_json(asdict(written))
        return
    typer.echo(
        say(
            f"{out}：样本 {written.labels} 个，其中有前后影像的 {written.chips} 个。",
            f"{out}: {written.labels} labels, {written.chips} of them with chips.",
        )
    )
    for image, count in written.without.items():
        typer.echo(say(f"缺影像 {image}：{count} 个", f"image {image} not found: {count}"), err=True)
    if written.without:
        typer.echo(
            say(
                "切片取自影像本身（--no-pictures 发布的各期不含影像）：请用 --scenes 指定影像文件夹，如 sample_tiles/scenes。",
                "Chips are cut from the images themselves, which issues published with --no-pictures lack: name the folder of the images with --scenes, such as sample_tiles/scenes.",
            ),
            err=True,
        )
