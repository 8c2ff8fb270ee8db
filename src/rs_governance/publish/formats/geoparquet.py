"""Spots as GeoParquet: columns for analysts, in the district's CRS."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from rs_governance.publish.output_folder import writing
from rs_governance.table import Table

VERSION = "1.1.0"
"""Version of the GeoParquet metadata."""


def write_geoparquet(frame: gpd.GeoDataFrame, path: Path, *, table: Table) -> None:
    """Write a table as GeoParquet 1.1: outlines as WKB in their own CRS (PROJJSON), dates as dates, a box a row.

    The column `bbox` holds the box of each outline, so that a reader may skip what is elsewhere. The bytes depend on
    nothing but the table and the versions of the libraries, which Parquet writes down.

    Parameters
    ----------
    frame
        Rows that `table.validate` accepts, in any CRS.
    path
        File to create or replace.
    table
        Declaration of the columns.

    Raises
    ------
    SchemaViolation
        When the table breaks its declaration.
    OutputFailed
        When the file cannot be written.

    References
    ----------
    GeoParquet Specification 1.1.0, Open Geospatial Consortium, 2024.
    """
    table.validate(frame)
    columns = {
        name: pd.Series(pa.array(values, type=pa.date32())).astype(pd.ArrowDtype(pa.date32()))
        if table.by_name[name].dtype == "date"  # pandas' own types know no date without a time
        else pd.Series(values, dtype=table.by_name[name].dtype)
        for name, values in table.published_values(frame).items()
    }
    published = gpd.GeoDataFrame(columns, geometry=frame.geometry.to_numpy(), crs=frame.crs)
    with writing(path):
        published.to_parquet(
            path,
            index=False,
            compression="zstd",
            schema_version=VERSION,
            write_covering_bbox=True,
            geometry_encoding="WKB",
        )
