"""A simulated district on disk: `district.toml`, images, references, registers, truth, manifest."""

import contextlib
import hashlib
import json
import shutil
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyogrio
import rasterio
from rasterio.crs import CRS
from rasterio.windows import Window

from rs_governance.errors import OutputFailed
from rs_governance.simulate.changes import Kind
from rs_governance.simulate.district import NOISE_SIGMA, ROLES, SimulatedDistrict, draw_windows
from rs_governance.simulate.layers import survey
from rs_governance.simulate.records import (
    cloud_tables,
    mark,
    mark_tables,
    reference_tables,
    register_tables,
    truth_table,
)
from rs_governance.simulate.tables import write_tables
from rs_governance.simulate.texts import describe, tell_district
from rs_governance.simulate.truth import observe
from rs_governance.simulate.units import divide_district

LERC_SHARE = 0.49
"""Largest error of the compressed images, as a share of the noise."""
_FOLDERS = ("scenes", "reference", "registers", "zones", "ledger", "truth")


def write_district(
    district: SimulatedDistrict,
    folder: Path,
    *,
    workers: int = 1,
) -> dict[str, object]:
    """Draw a district, write it into a folder and return its manifest.

    Parameters
    ----------
    district
        The district to write.
    folder
        Made if it does not exist; what an earlier district left there is removed.
    workers
        Windows drawn at once; never changes a byte.

    Raises
    ------
    OutputFailed
        If the folder cannot be written.
    """
    try:
        _clear(folder)
        files = _write_images(district, folder, workers)
        files += _write_vectors(district, folder)
        (folder / "district.toml").write_text(tell_district(district), encoding="utf-8", newline="\n")
        (folder / "README.md").write_text(describe(district, max_z_error()), encoding="utf-8", newline="\n")
        files += ["district.toml", "README.md"]
        manifest = _tell(district, {name: _fingerprint(folder / name) for name in sorted(files)})
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (folder / "manifest.json").write_text(text, encoding="utf-8", newline="\n")
    except (OSError, rasterio.errors.RasterioIOError, pyogrio.errors.DataSourceError) as error:
        raise OutputFailed(
            f"Cannot write the simulated district into {folder}: {error}. Choose another folder."
        ) from error
    return manifest


def max_z_error() -> float:
    """Return the largest error of the compressed images."""
    return LERC_SHARE * NOISE_SIGMA


def _clear(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FOLDERS:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder / name)
        (folder / name).mkdir()


def _write_images(district: SimulatedDistrict, folder: Path, workers: int) -> list[str]:
    names = [f"scenes/{take.name}.tif" for take in district.takes]
    with ExitStack() as stack:
        targets = []
        for name, take in zip(names, district.takes, strict=True):
            target = stack.enter_context(_open_image(folder / name, district))
            target.descriptions = ROLES
            target.update_tags(
                TIFFTAG_DATETIME=f"{take.on:%Y:%m:%d} 03:00:00", TIFFTAG_IMAGEDESCRIPTION="Simulated image"
            )
            targets.append(target)
        for board, parts in draw_windows(district, workers=workers):
            window = Window(board.column0, board.row0, board.columns, board.rows)
            for target, part in zip(targets, parts, strict=True):
                target.write(part, window=window)
    return names


def _open_image(path: Path, district: SimulatedDistrict) -> rasterio.io.DatasetWriter:
    # One thread and fixed blocks, so that the bytes depend on nothing else.
    return rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=district.size_px,
        height=district.size_px,
        count=len(ROLES),
        dtype="uint16",
        crs=CRS.from_epsg(district.epsg),
        transform=district.transform,
        compress="LERC_DEFLATE",
        MAX_Z_ERROR=max_z_error(),
        ZLEVEL=9,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        interleave="band",
    )


def _write_vectors(district: SimulatedDistrict, folder: Path) -> list[str]:
    units = divide_district(district.land)
    lawful = [permit.outline for permit in district.permits]
    layers = survey(district.land, units[0].outline, lawful)
    marks, truth = mark(district), observe(district, layers)
    tables = [
        *reference_tables(district, units, layers),
        *register_tables(district),
        *mark_tables(district, marks),
        *cloud_tables(district),
        truth_table(district, truth, marks),
    ]
    files = write_tables(folder, tables, district.epsg)
    for take, raster in zip(district.takes[1:], truth.rasters, strict=True):
        name = f"truth/truth_{take.name}.tif"
        _write_truth(folder / name, district, raster)
        files.append(name)
    return files


def _write_truth(path: Path, district: SimulatedDistrict, raster: npt.NDArray[np.uint8]) -> None:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=district.size_px,
        height=district.size_px,
        count=1,
        dtype="uint8",
        crs=CRS.from_epsg(district.epsg),
        transform=district.transform,
        compress="DEFLATE",
        ZLEVEL=9,
        tiled=True,
        blockxsize=256,
        blockysize=256,
    ) as target:
        target.write(raster, 1)
        target.set_band_description(1, "change_kind")
        target.update_tags(1, **{f"code_{kind.value}": kind.name.lower() for kind in Kind})


def _tell(district: SimulatedDistrict, files: dict[str, object]) -> dict[str, object]:
    first: date = district.takes[0].on
    return {
        "schema": "rsg-simulated-district/1",
        "licence": "Apache-2.0",
        "origin": "Simulated by this project; no real place, no real image.",
        "seed": district.seed,
        "size_px": district.size_px,
        "gsd_m": district.gsd_m,
        "crs": f"EPSG:{district.epsg}",
        "roles": list(ROLES),
        "noise_sigma": NOISE_SIGMA,
        "max_z_error": round(max_z_error(), 3),
        "kinds": {kind.name.lower(): kind.value for kind in Kind},
        "changes": sum(change.happened_on > first for change in district.changes),
        "scenes": {
            take.name: {
                **take.as_record(),
                "hidden_share": round(float(clouded.area) / district.size_m**2, 4),
            }
            for take, clouded in zip(district.takes, district.clouded, strict=True)
        },
        "files": files,
    }


def _fingerprint(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
