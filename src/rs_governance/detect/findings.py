"""The findings table, declared once.

Readers, writers, the JSON Schema and `docs/schema.md` are all derived from `COLUMNS`; a column that is
not declared here does not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from rs_governance.errors import SchemaViolation

SCHEMA_VERSION = "1.0"
"""Version of the table: the second number grows with an added column, the first with a broken one."""

LandClass = Literal["vegetation", "bare_or_built", "water", "dark", "other"]
"""What the indices say a place is, on one date."""

LAND_CLASSES_ZH: Mapping[LandClass, str] = {
    "vegetation": "植被",
    "bare_or_built": "裸地/建设",
    "water": "水体",
    "dark": "暗地物",
    "other": "其他",
}
"""The word shown for each `LandClass`."""

Dtype = Literal["str", "int64", "float64", "date"]

_PANDAS_DTYPES: Mapping[Dtype, str] = {
    "str": "str",
    "int64": "int64",
    "float64": "float64",
    "date": "datetime64[ms]",  # what GDAL's DATE comes back as; always midnight, no time zone
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the findings table."""

    name: str
    """Name in every format."""
    alias_zh: str
    """Chinese name, shown by desktop GIS."""
    dtype: Dtype
    """Type of the values; a date is kept as midnight without a time zone."""
    meaning_en: str
    """What the value says, in English."""
    meaning_zh: str
    """What the value says, in Chinese."""
    unit: str | None = None
    """Unit of a number; "1" for a ratio, None for text and dates."""
    nullable: bool = False
    """True where a missing value is allowed."""
    minimum: float | None = None
    """Smallest allowed value."""
    maximum: float | None = None
    """Largest allowed value."""
    decimals: int | None = None
    """Digits after the point that are published."""
    values: tuple[str, ...] | None = None
    """The only allowed texts, where they are few."""
    pattern: str | None = None
    """Regular expression that a text matches from end to end."""


def _ratio(name: str, alias_zh: str, en: str, zh: str, *, low: float = 0.0, nullable: bool = False) -> Column:
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit="1",
        meaning_en=en,
        meaning_zh=zh,
        nullable=nullable,
        minimum=low,
        maximum=1.0,
        decimals=4,
    )


def _measure(name: str, alias_zh: str, unit: str, en: str, zh: str) -> Column:
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit=unit,
        meaning_en=en,
        meaning_zh=zh,
        minimum=0.0,
        decimals=2,
    )


def _text(
    name: str,
    alias_zh: str,
    en: str,
    zh: str,
    *,
    nullable: bool = False,
    values: tuple[str, ...] | None = None,
    pattern: str | None = None,
) -> Column:
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="str",
        meaning_en=en,
        meaning_zh=zh,
        nullable=nullable,
        values=values,
        pattern=pattern,
    )


def _day(name: str, alias_zh: str, en: str, zh: str) -> Column:
    return Column(name=name, alias_zh=alias_zh, dtype="date", meaning_en=en, meaning_zh=zh, nullable=True)


def _index(stem: str, alias_zh: str, bands_en: str, bands_zh: str) -> tuple[Column, Column]:
    """Declare a spectral index on both dates."""
    before, after = (
        _ratio(
            f"{stem}_{date_en}",
            f"{short_zh}{alias_zh}",
            f"Mean {stem.upper()} on the {long_en} date; null without {bands_en}.",
            f"{short_zh}时相平均{alias_zh}（{stem.upper()}）；缺{bands_zh}波段时为空。",
            low=-1.0,
            nullable=True,
        )
        for date_en, long_en, short_zh in (("before", "earlier", "前"), ("after", "later", "后"))
    )
    return before, after


def _brightness() -> tuple[Column, Column]:
    """Declare the brightness on both dates."""
    before, after = (
        Column(
            name=f"brightness_{date_en}",
            alias_zh=f"{short_zh}亮度",
            dtype="float64",
            unit="digital number",
            meaning_en=f"Mean brightness on the {long_en} date, in the image's own numbers.",
            meaning_zh=f"{short_zh}时相平均亮度（影像原始数值）。",
            nullable=True,
            decimals=4,
        )
        for date_en, long_en, short_zh in (("before", "earlier", "前"), ("after", "later", "后"))
    )
    return before, after


COLUMNS: tuple[Column, ...] = (
    _text(
        "finding_id",
        "图斑编号",
        "Number of the finding within its run, in reading order of its first pixel.",
        "本次运行内的图斑编号，按首个像元从上到下、从左到右排序。",
        pattern=r"f\d{6,}",
    ),
    _measure("area_m2", "面积（平方米）", "m2", "Geodesic area on the ellipsoid.", "按坐标系椭球计算的大地面积。"),
    _measure("perimeter_m", "周长（米）", "m", "Length of the outline with holes.", "边界总长度，含内部孔洞边界。"),
    _ratio(
        "score", "变化得分", "Mean score inside, relative to the scene.", "图斑内平均变化得分，相对本景，不是概率。"
    ),
    _ratio("score_max", "最高得分", "Highest change score inside.", "图斑内最高变化得分。"),
    _measure(
        "mad",
        "多元变化检测值",
        "1",
        "Mean IR-MAD inside, in medians of the scene.",
        "图斑内多元变化检测（IR-MAD）平均值，为全景中位数的倍数。",
    ),
    _day("before_on", "前时相日期", "Day on which the earlier image was taken.", "前时相影像的拍摄日期。"),
    _day("after_on", "后时相日期", "Day on which the later image was taken.", "后时相影像的拍摄日期。"),
    _text("before_image", "前时相影像", "Identifier of the earlier image.", "前时相影像标识。"),
    _text("after_image", "后时相影像", "Identifier of the later image.", "后时相影像标识。"),
    _text(
        "before_class",
        "前地类",
        "Class by spectral indices on the earlier date.",
        "前时相按光谱指数判定的地类。",
        values=get_args(LandClass),
    ),
    _text(
        "after_class",
        "后地类",
        "Class by spectral indices on the later date.",
        "后时相按光谱指数判定的地类。",
        values=get_args(LandClass),
    ),
    _text("kind", "变化类型", "Kind of change; null until it is told.", "变化类型；未判定时为空。", nullable=True),
    *_index("ndvi", "植被指数", "red and near infrared", "红或近红外"),
    *_brightness(),
    *_index("ndwi", "水体指数", "green and near infrared", "绿或近红外"),
    _measure("length_m", "长度（米）", "m", "Long side of the smallest rotated rectangle.", "最小外接旋转矩形的长边。"),
    _measure("width_m", "宽度（米）", "m", "Short side of the smallest rotated rectangle.", "最小外接旋转矩形的短边。"),
    _ratio(
        "compactness",
        "紧凑度",
        "4·pi·area / perimeter²: 1 for a circle, near 0 for a thread.",
        "4π·面积/周长²：圆为 1，细长者近 0。",
    ),
    Column(
        name="pixels",
        alias_zh="像元数",
        dtype="int64",
        unit="px",
        minimum=1,
        meaning_en="Pixels of the detected object.",
        meaning_zh="检出对象的像元个数。",
    ),
    _ratio(
        "observed_share",
        "可观测比例",
        "Share of surroundings usable on both dates.",
        "图斑周边两个时相均可用的比例。",
    ),
    _text("detector", "检测方法", "Method that found it.", "检出该图斑的方法。"),
)
"""Every column but `geometry`, in order."""

COLUMNS_BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}


def make_findings(
    values: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
    geometry: Sequence[shapely.Geometry] | npt.NDArray[Any],
    crs: pyproj.CRS | None,
) -> gpd.GeoDataFrame:
    """Build a findings table with the declared column order and types.

    Parameters
    ----------
    values
        One sequence of n values for each declared column; None or NaN is a missing value.
    geometry
        n polygons or multipolygons in `crs`.
    crs
        CRS of the geometry; None for a local grid.

    Returns
    -------
    GeoDataFrame
        n rows, checked by `validate_findings`.

    Raises
    ------
    SchemaViolation
        When a column is missing, unknown, or holds a value that its declaration forbids.
    """
    if set(values) != set(COLUMNS_BY_NAME):
        raise SchemaViolation(_columns_differ(list(values)))
    try:
        data = {c.name: pd.Series(list(values[c.name])).astype(_PANDAS_DTYPES[c.dtype]) for c in COLUMNS}
    except (TypeError, ValueError) as error:
        raise SchemaViolation(f"A findings column holds a value of another type: {error}.") from error
    return validate_findings(gpd.GeoDataFrame(data, geometry=np.asarray(geometry, dtype=object), crs=crs))


def empty_findings(crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """Return a findings table without rows.

    Examples
    --------
    >>> len(empty_findings(None)), list(empty_findings(None).columns)[:2]
    (0, ['finding_id', 'area_m2'])
    """
    return make_findings({column.name: () for column in COLUMNS}, (), crs)


def published_values(findings: gpd.GeoDataFrame) -> dict[str, npt.NDArray[Any]]:
    """Return the columns as arrays of plain values, rounded to the declared decimals.

    Parameters
    ----------
    findings
        Table of n rows that `validate_findings` accepts.

    Returns
    -------
    dict
        Column name to an array of length n: object (str or None), int64, float64 (NaN where missing) or
        datetime64[D] (NaT where missing).
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for column in COLUMNS:
        series = findings[column.name]
        if column.dtype == "str":
            arrays[column.name] = series.astype(object).where(series.notna(), None).to_numpy(dtype=object)
        elif column.dtype == "date":
            arrays[column.name] = series.to_numpy(dtype="datetime64[D]")
        elif column.decimals is not None:
            rounded = np.round(series.to_numpy(dtype="float64"), column.decimals)
            arrays[column.name] = rounded + 0.0  # -0.0 becomes 0.0
        else:
            arrays[column.name] = series.to_numpy()
    return arrays


def validate_findings(findings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Check a findings table against its declaration and return it.

    Parameters
    ----------
    findings
        Table in any CRS, or in none.

    Returns
    -------
    GeoDataFrame
        `findings` itself.

    Raises
    ------
    SchemaViolation
        At the first column or outline that breaks the declaration, with the row where it was seen.
    """
    expected = [column.name for column in COLUMNS] + ["geometry"]
    if list(findings.columns) != expected:
        raise SchemaViolation(_columns_differ([str(name) for name in findings.columns if name != "geometry"]))
    for column in COLUMNS:
        _check_column(findings[column.name], column)
    if findings["finding_id"].duplicated().any():
        row = int(np.flatnonzero(findings["finding_id"].duplicated())[0])
        raise SchemaViolation(f"finding_id must be unique; row {row} repeats {findings['finding_id'].iloc[row]!r}.")
    _check_outlines(findings.geometry.to_numpy())
    return findings


def _columns_differ(names: list[str]) -> str:
    expected = list(COLUMNS_BY_NAME)
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    if missing or unknown:
        return f"Findings lack the columns {missing} and have undeclared {unknown}; build them by make_findings."
    return f"Findings columns are out of order: expected {expected} then geometry; build them by make_findings."


def _check_column(series: "pd.Series[Any]", column: Column) -> None:
    dtype_fits = {
        "str": pd.api.types.is_string_dtype(series.dtype),
        "int64": series.dtype == np.int64,
        "float64": series.dtype == np.float64,
        "date": pd.api.types.is_datetime64_dtype(series.dtype),
    }[column.dtype]
    if not dtype_fits and len(series):
        raise SchemaViolation(f"Findings column {column.name!r} must be {column.dtype}, it is {series.dtype}.")
    missing = series.isna()
    if not column.nullable:
        _refuse(missing, series, column, "has no missing values")
    present = series[~missing]
    if column.dtype == "float64":
        _refuse(~np.isfinite(present.to_numpy()), present, column, "is finite")
    if column.minimum is not None:
        _refuse(present < column.minimum, present, column, f"is at least {column.minimum:g}")
    if column.maximum is not None:
        _refuse(present > column.maximum, present, column, f"is at most {column.maximum:g}")
    if column.values is not None:
        _refuse(~present.isin(column.values), present, column, f"is one of {', '.join(column.values)}")
    if column.pattern is not None:
        _refuse(~present.str.fullmatch(column.pattern), present, column, f"matches {column.pattern}")
    if column.dtype == "date":
        _refuse(present != present.dt.normalize(), present, column, "is a day without a time")


def _refuse(bad: Any, series: "pd.Series[Any]", column: Column, rule: str) -> None:
    bad = np.asarray(bad, dtype=bool)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SchemaViolation(
            f"Findings column {column.name!r} {rule}, but row {series.index[row]} has {series.iloc[row]!r}."
        )


def _check_outlines(outlines: npt.NDArray[Any]) -> None:
    kinds = shapely.get_type_id(outlines)
    polygonal = np.isin(kinds, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    for bad, rule in (
        (~polygonal, "a Polygon or MultiPolygon"),
        (shapely.is_empty(outlines), "not empty"),
        (~shapely.is_valid(outlines), "valid"),
    ):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise SchemaViolation(
                f"Every finding's outline is {rule}; row {row} is {shapely.to_wkt(outlines[row])!r:.120}."
            )
