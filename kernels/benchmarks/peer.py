"""What an analyst would write in an afternoon: MAD, Otsu, clean-up, polygons, GeoPackage.

    python peer.py BEFORE AFTER OUT.gpkg

rasterio, numpy, scipy, scikit-image and geopandas, whole arrays in memory, no code of this project. The
statistics are taken from every pixel, in double precision where the libraries do so by themselves; all
cores decode and multiply matrices. It is a fair opponent, not a slow one: nothing is done in a Python
loop over pixels, and arrays are float32.
"""

import argparse
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.features import shapes
from scipy import linalg, ndimage
from shapely.geometry import shape
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops_table

MIN_AREA_M2 = 25.0
_SQUARE = np.ones((3, 3), dtype=bool)


def detect(before_path: Path, after_path: Path, out: Path) -> int:
    """Find changed objects and write them as polygons.

    Parameters
    ----------
    before_path, after_path
        Two images on one grid.
    out
        GeoPackage to write.

    Returns
    -------
    int
        Number of polygons.
    """
    before, transform, crs = _read(before_path)
    after, _, _ = _read(after_path)
    height, width = before.shape[1:]
    score = mad(before.reshape(len(before), -1), after.reshape(len(after), -1)).reshape(height, width)
    del before, after
    changed = score > threshold_otsu(score)
    changed = ndimage.binary_opening(changed, structure=_SQUARE)
    changed = ndimage.binary_closing(changed, structure=_SQUARE)

    labels = label(changed, connectivity=2).astype(np.int32)
    pixel_m2 = abs(transform.a * transform.e)
    pixels = np.bincount(labels.ravel())
    large = pixels * pixel_m2 >= MIN_AREA_M2
    large[0] = False
    labels[~large[labels]] = 0
    table = regionprops_table(labels, intensity_image=score, properties=("label", "area", "mean_intensity"))
    scores = dict(zip(table["label"].tolist(), table["mean_intensity"].tolist(), strict=True))

    found = [
        {"geometry": shape(outline), "label": int(value), "score": scores[int(value)]}
        for outline, value in shapes(labels, mask=labels > 0, connectivity=8, transform=transform)
    ]
    frame = gpd.GeoDataFrame(found, columns=["geometry", "label", "score"], geometry="geometry", crs=crs)
    frame["area_m2"] = frame.area
    frame.to_file(out, driver="GPKG", engine="pyogrio")
    return len(frame)


def mad(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the root of the MAD chi-square statistic (canonical correlation of all pixels, one pass).

    Parameters
    ----------
    before, after
        (band, pixel); both are overwritten.

    Returns
    -------
    numpy.ndarray
        (pixel,).

    References
    ----------
    Nielsen, A. A., Conradsen, K., Simpson, J. J. (1998). Multivariate alteration detection (MAD) and MAF
    postprocessing in multispectral, bitemporal image data. Remote Sensing of Environment 64, 1-19.
    """
    bands = len(before)
    before -= before.mean(axis=1, keepdims=True, dtype=np.float64)
    after -= after.mean(axis=1, keepdims=True, dtype=np.float64)
    number = before.shape[1]
    sxx, syy, sxy = (
        (one @ other.T).astype(np.float64) / number
        for one, other in ((before, before), (after, after), (before, after))
    )
    squared, a = linalg.eigh(sxy @ np.linalg.solve(syy, sxy.T), sxx)
    correlation = np.sqrt(np.clip(squared, 0.0, 1.0 - 1e-9))
    b = np.linalg.solve(syy, sxy.T @ a)
    b /= np.sqrt(np.sum(b * (syy @ b), axis=0))
    variates = a.T.astype(np.float32) @ before - b.T.astype(np.float32) @ after
    chi_square = np.zeros(number, dtype=np.float32)
    for band in range(bands):
        chi_square += variates[band] ** 2 / np.float32(2.0 * (1.0 - correlation[band]))
    return np.sqrt(chi_square)


def _read(path: Path) -> tuple[NDArray[np.float32], rasterio.Affine, rasterio.crs.CRS]:
    with rasterio.open(path, num_threads="all_cpus") as dataset:
        return dataset.read().astype(np.float32), dataset.transform, dataset.crs


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Detect changes with a plain script, as a peer for timing.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    print(f"{detect(arguments.before, arguments.after, arguments.out)} objects")


if __name__ == "__main__":
    main()
