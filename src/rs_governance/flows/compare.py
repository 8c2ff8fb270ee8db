"""Did we see it first? Somebody else's list of spots, compared with what was published here."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.life.asking import CHINA
from rs_governance.cases.life.places import measure_outline
from rs_governance.cases.months.comparing import (
    CAUSES,
    STATUSES,
    Compared,
    IssueSeen,
    Ours,
    Theirs,
    compare_spots,
    count_compared,
)
from rs_governance.db import Case, Finding, Issue, open_store
from rs_governance.errors import UsageError
from rs_governance.flows.ground import read_ground
from rs_governance.flows.placed_rows import Columns, RowError, read_placed_rows
from rs_governance.publish.month import write_list_xlsx
from rs_governance.rules import read_rules
from rs_governance.table import Column, Table, day, measure, text

_COLUMNS = Columns(
    texts={
        "number": ("图斑编号", "图斑号", "监测编号", "编号", "TBBH", "JCBH", "id"),
        "area_m2": ("面积", "图斑面积", "监测面积", "TBMJ", "JCMJ"),
    },
    days={"date": ("日期", "下发日期", "后时相", "影像日期", "监测日期", "发现日期", "HSX", "day")},
    needed=("number",),
)


def _number(name: str, alias_zh: str, unit: str, en: str, zh: str) -> Column:
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit=unit,
        nullable=True,
        decimals=0,
        meaning_en=en,
        meaning_zh=zh,
    )


COMPARED = Table(
    name="compared",
    key="row",
    version="1.0",
    columns=(
        text("row", "行", "Row of their list.", "对方清单的行号。"),
        text("number", "对方编号", "Their number.", "对方清单的图斑编号。"),
        text("status", "结果", "What it is to ours.", "与本系统图斑的关系。"),
        text("cause", "漏检原因", "Why it was missed.", "漏检的原因。", nullable=True),
        day("on", "对方日期", "Their day.", "对方清单的日期。"),
        _number("days_ahead", "影像提前天数", "day", "Their day minus our image's.", "对方日期减本系统后时相日期。"),
        _number("published_ahead", "发布提前天数", "day", "Their day minus ours.", "对方日期减本系统入库日期。"),
        measure("area_m2", "对方面积（平方米）", "m2", "Their area; 0 unknown.", "对方图斑面积，0 为未知。"),
        text("spot_no", "本系统图斑号", "Our spot.", "本系统图斑号。", nullable=True),
        text("case_number", "案件号", "Our case.", "本系统案件号。", nullable=True),
        text("issue", "期号", "Issue; for unseen the issues.", "期号；未观测时为未能观测的各期。", nullable=True),
        text("rule", "规则", "Rule that exempted it.", "判为免查的规则。", nullable=True),
        text("reason_zh", "理由", "Its words.", "判定理由。", nullable=True),
    ),
)
"""One row is one spot of somebody else's list and what was published here of it."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Somebody else's list, compared."""

    rows: tuple[Compared, ...]
    """Their spots, in the order of the list."""
    counts: Mapping[str, object]
    """As `count_compared` gives them."""
    errors: tuple[RowError, ...]
    """Rows that could not be compared, and why."""


def compare_list(
    store_folder: Path,
    file: Path,
    *,
    dated: date | None = None,
    district: Path | None = None,
    rules: Path | None = None,
    crs: str | None = None,
    layer: str | None = None,
    mapped: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare somebody else's list of spots with what was published here.

    Parameters
    ----------
    store_folder
        Folder of the store, into which the issues were taken.
    file
        CSV, Excel, GeoJSON, GeoPackage or shapefile with polygons or points, numbers and days.
    dated
        Day of rows that have none.
    district
        `district.toml`, to refuse rows that lie elsewhere; None for the ground around what is in the store.
    rules
        Rules file, for the smallest area; None for the default rules.
    crs, layer, mapped
        As for `take_clues`.

    Returns
    -------
    Comparison
        Every row; the store is not changed.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read or lacks a column.
    UsageError
        When rows have no day and none was given.
    """
    columns = Columns(texts=_COLUMNS.texts, days=_COLUMNS.days, needed=_COLUMNS.needed, mapped=mapped or {})
    smallest_m2 = min((float(rule.result) for rule in read_rules(rules).rules["smallest_area"]), default=0.0)
    with closing(open_store(store_folder)) as store, store.read() as session:
        ground = read_ground(store, session, district)
        rows, errors = read_placed_rows(file, columns, crs=store.crs, ground=ground.outline, file_crs=crs, layer=layer)
        theirs, undated = [], []
        for row in rows:
            on = row.days["date"] or dated
            if on is None:
                undated.append(row.row)
                continue
            area_m2 = measure_outline(session, row.outline).area_m2 if row.outline.area > 0 else _area(row.texts)
            theirs.append(Theirs(row=row.row, number=row.texts["number"], on=on, outline=row.outline, area_m2=area_m2))
        if undated:
            raise UsageError(
                f"Row {undated[0]} of '{file.name}' has no day ({len(undated)} rows in all); give the day of the list: --date "
                "2026-10-31, or say which column holds it: --field date=...",
                zh=f"'{file.name}' 第 {undated[0]} 行没有日期（共 {len(undated)} 行）；请给出清单日期 --date 2026-10-31，或用 --field date=... 指明日期列。",
            )
        found = compare_spots(theirs, read_ours(session), read_issues(session), smallest_m2=smallest_m2)
    return Comparison(rows=tuple(found), counts=count_compared(found), errors=tuple(errors))


def _area(texts: Mapping[str, str]) -> float:
    try:
        return max(float(texts.get("area_m2", "") or 0), 0.0)
    except ValueError:
        return 0.0


def read_ours(session: Session) -> list[Ours]:
    """Read what the district had: findings that no new edition has replaced, and cases from elsewhere."""
    taken = {row.name: row.taken_at for row in session.execute(sa.select(Issue.name, Issue.taken_at))}
    findings = session.execute(
        sa.select(Finding, Case.number).outerjoin(Case, Case.id == Finding.case_id).where(Finding.current)
    )
    ours = [
        Ours(
            number=finding.spot_no,
            outline=finding.outline,
            seen_on=finding.after_on,
            published_on=taken[finding.issue].astimezone(CHINA).date(),
            case_number=number,
            issue=finding.issue,
            severity=finding.severity,
            suspicion=finding.suspicion,
            rule=finding.spot.get("rule") or "",
            reason_zh=finding.spot.get("reason_zh") or "",
        )
        for finding, number in findings
    ]
    elsewhere = session.execute(
        sa
        .select(Case.number, Case.outline, Case.first_seen_on, Case.opened_at, Case.channel)
        .where(Case.channel != "satellite")
        .order_by(Case.number)
    )
    ours += [
        Ours(
            number=row.number,
            outline=row.outline,
            seen_on=row.first_seen_on,
            published_on=row.opened_at.astimezone(CHINA).date(),
            case_number=row.number,
            issue=None,
            channel=row.channel,
        )
        for row in elsewhere
    ]
    return ours


def read_issues(session: Session) -> list[IssueSeen]:
    """Read the issues and what they could not see."""
    rows = session.execute(sa.select(Issue.name, Issue.last_image_on, Issue.unseen).order_by(Issue.name))
    return [
        IssueSeen(name=row.name, image_on=row.last_image_on, unseen=row.unseen)
        for row in rows
        if row.last_image_on is not None
    ]


def write_comparison(rows: Sequence[Compared], path: Path) -> None:
    """Write a comparison as a workbook.

    Parameters
    ----------
    rows
        Their spots.
    path
        File to create or replace.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    values = {column.name: [getattr(one, column.name) for one in rows] for column in COMPARED.columns}
    values["row"] = [f"{one.row:05d}" for one in rows]
    values["status"] = [STATUSES[one.status].zh for one in rows]
    values["cause"] = [None if one.cause is None else CAUSES[one.cause].zh for one in rows]
    types = {"float64": "float64", "date": "datetime64[ms]"}
    data = {
        column.name: pd.Series(values[column.name], dtype=object).astype(types.get(column.dtype, "str"))
        for column in COMPARED.columns
    }
    frame = gpd.GeoDataFrame({name: series.where(pd.notna(values[name])) for name, series in data.items()})
    made_on = max((one.on for one in rows), default=None)
    write_list_xlsx(frame, path, table=COMPARED, title="外来图斑比对", made_on=made_on)
