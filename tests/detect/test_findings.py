"""The declaration of the findings table, and the check by it."""

import json
import re
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from rs_governance.detect.findings import FINDINGS
from rs_governance.errors import SchemaViolation
from rs_governance.table import Column

BOX = shapely.box(0, 0, 10, 10)


def values_of(count: int = 2) -> dict[str, list[object]]:
    """Values that the declaration allows."""
    allowed: dict[str, object] = {"str": "x", "int64": 1, "float64": 0.5, "date": np.datetime64("2024-01-01")}
    values: dict[str, list[object]] = {
        c.name: [c.values[0] if c.values else allowed[c.dtype]] * count for c in FINDINGS.columns
    }
    values["finding_id"] = [f"f{index + 1:06d}" for index in range(count)]
    return values


def forbidden_values() -> list[tuple[Column, object]]:
    """Every kind of value that a column's declaration forbids."""
    cases: list[tuple[Column, object]] = []
    for column in FINDINGS.columns:
        if not column.nullable and column.dtype != "int64":
            cases.append((column, None))
        if column.minimum is not None:
            cases.append((column, column.minimum - 1))
        if column.maximum is not None:
            cases.append((column, column.maximum + 1))
        if column.dtype == "float64":
            cases.append((column, float("inf")))
        if column.values or column.pattern:
            cases.append((column, "something else"))
        if column.dtype == "date":
            cases.append((column, np.datetime64("2024-01-01T10:00")))
    return cases


def test_every_column_is_described_in_both_languages() -> None:
    assert len(FINDINGS.by_name) == len(FINDINGS.columns) == len({column.alias_zh for column in FINDINGS.columns})
    for column in FINDINGS.columns:
        assert re.fullmatch("[a-z][a-z0-9_]*", column.name)
        assert column.meaning_en.endswith(".")
        assert column.meaning_zh.endswith("。")
        assert re.search("[\u4e00-\u9fff]", column.alias_zh)
        assert re.search("[\u4e00-\u9fff]", column.meaning_zh)
        assert (column.unit is not None) == (column.dtype in {"int64", "float64"})
        assert (column.decimals is not None) == (column.dtype == "float64")


@pytest.mark.parametrize("crs", [None, pyproj.CRS(4545), pyproj.CRS(4326)])
def test_an_empty_table_is_valid_and_keeps_its_crs(crs: pyproj.CRS | None) -> None:
    table = FINDINGS.empty(crs)
    assert FINDINGS.validate(table) is table
    assert table.crs == crs
    assert table.empty


def test_types_are_as_declared_even_where_all_is_missing() -> None:
    values = values_of()
    for column in FINDINGS.columns:
        if column.nullable:
            values[column.name] = [None, None]
    table = FINDINGS.make(values, [BOX, BOX], pyproj.CRS(4545))
    assert table.dtypes.astype(str).drop("geometry").to_dict() == {
        c.name: {"date": "datetime64[ms]"}.get(c.dtype, c.dtype) for c in FINDINGS.columns
    }
    assert list(table.columns) == [*FINDINGS.by_name, "geometry"]


def test_numpy_arrays_are_taken_as_they_are() -> None:
    values = values_of() | {"area_m2": np.array([1.25, 2.5], np.float32), "pixels": np.array([3, 4], np.int32)}
    table = FINDINGS.make(values, np.array([BOX, BOX]), None)
    assert table["area_m2"].tolist() == [1.25, 2.5]
    assert table["pixels"].tolist() == [3, 4]


@pytest.mark.parametrize(("column", "value"), forbidden_values(), ids=lambda each: getattr(each, "name", repr(each)))
def test_a_forbidden_value_is_refused_with_its_column_and_row(column: Column, value: object) -> None:
    values = values_of()
    values[column.name][1] = value
    with pytest.raises(SchemaViolation, match=rf"'{column.name}'.*row 1|finding_id"):
        FINDINGS.make(values, [BOX, BOX], None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="score"), r"lack the columns \['score'\]"),
        (lambda t: t.assign(extra=1), r"undeclared \['extra'\]"),
        (lambda t: t[["geometry", *FINDINGS.by_name]], "out of order"),
        (lambda t: t.assign(finding_id="f000001"), "unique; row 1"),
        (lambda t: t.assign(pixels=t["pixels"].astype(float)), "'pixels' must be int64, it is float64"),
        (lambda t: t.set_geometry([BOX, shapely.Point(0, 0)]), "row 1 is 'POINT"),
        (lambda t: t.set_geometry([BOX, shapely.Polygon()]), "row 1 is 'POLYGON EMPTY"),
        (lambda t: t.set_geometry([BOX, shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])]), "outline is valid"),
        (lambda t: t.set_geometry([BOX, None]), "row 1"),
    ],
)
def test_a_broken_table_is_refused(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], message: str) -> None:
    table = FINDINGS.make(values_of(), [BOX, BOX], None)
    with pytest.raises(SchemaViolation, match=message) as caught:
        FINDINGS.validate(change(table))
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_refused_before_anything_is_built() -> None:
    values = values_of()
    del values["score"]
    with pytest.raises(SchemaViolation, match="score"):
        FINDINGS.make(values, [BOX, BOX], None)


def test_text_in_a_number_column_is_refused() -> None:
    with pytest.raises(SchemaViolation, match="another type"):
        FINDINGS.make(values_of() | {"area_m2": ["large", "small"]}, [BOX, BOX], None)


def test_published_values_are_rounded_and_plain() -> None:
    values = values_of() | {
        "area_m2": [1.23456, 2.0],
        "ndvi_before": [-0.00001, None],
        "kind": [None, "x"],
        "before_on": [None, pd.Timestamp("2024-02-29")],
    }
    plain = FINDINGS.published_values(FINDINGS.make(values, [BOX, BOX], None))
    assert plain["area_m2"].tolist() == [1.23, 2.0]
    assert str(plain["ndvi_before"][0]) == "0.0"
    assert np.isnan(plain["ndvi_before"][1])
    assert plain["kind"].tolist() == [None, "x"]
    assert plain["before_on"].dtype == "datetime64[D]"
    assert np.isnat(plain["before_on"][0])
    assert str(plain["before_on"][1]) == "2024-02-29"
    assert json.dumps(plain["finding_id"].tolist()) == '["f000001", "f000002"]'
