"""A folder of labelled pairs: `A/` before, `B/` after, `label/` changed or not, joined by file stem."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rs_governance.errors import DatasetInvalid, NotAlignable, UsageError
from rs_governance.scenes import (
    UNREGISTERED,
    AlignedPair,
    PixelGrid,
    Registration,
    ScenePair,
    align,
    open_scene,
    pair_scenes,
    register,
)

ASSUMED_GSD_M = 0.5
"""Ground size of a pixel where neither a georeference nor the caller tells it."""

FOLDERS = ("A", "B", "label")
"""Before, after, reference."""

_IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
_LOSSY_SUFFIXES = frozenset({".jpg", ".jpeg"})
_WHOLE_PX = 0.01

Sampling = Literal["georeference", "given", "assumed"]
"""Where the ground size of a pixel came from."""


@dataclass(frozen=True, kw_only=True)
class LabelledPair:
    """Three files with one stem."""

    stem: str
    """Common file name without suffix."""
    before: Path
    """Earlier image."""
    after: Path
    """Later image."""
    label: Path
    """Reference: 0 = unchanged, anything else = changed."""


@dataclass(frozen=True, kw_only=True)
class LabelledDataset:
    """The complete pairs of a folder."""

    name: str
    """Folder name."""
    folder: Path
    """Where the files are."""
    pairs: tuple[LabelledPair, ...]
    """Complete pairs in the order of their stems; at least one."""
    incomplete: tuple[str, ...]
    """One line for each stem that lacks a partner, such as `norcia: no label`."""
    gsd_m: float | None
    """Ground size of a pixel for images without a georeference; None = `ASSUMED_GSD_M`."""


@dataclass(frozen=True, kw_only=True)
class OpenedPair:
    """A labelled pair ready to be detected in and scored."""

    stem: str
    """Common file name without suffix."""
    aligned: AlignedPair
    """Both dates on the common grid."""
    reference: NDArray[np.bool_]
    """(y, x) on the label's own pixels, True = changed."""
    known: NDArray[np.bool_]
    """(y, x) on the label's own pixels, False = the label does not say."""
    row: int
    """Row of the label at which the common grid begins."""
    col: int
    """Column of the label at which the common grid begins."""
    sampling: Sampling
    """Where the ground size of a pixel came from."""

    @property
    def grid_slices(self) -> tuple[slice, slice]:
        """Part of the label that the common grid covers."""
        grid = self.aligned.grid
        return slice(self.row, self.row + grid.height), slice(self.col, self.col + grid.width)


def open_dataset(folder: Path, *, gsd_m: float | None = None) -> LabelledDataset:
    """Find the pairs of a dataset.

    Files are joined by stem whatever their suffixes (PNG, JPEG, GeoTIFF may be mixed); other files
    and hidden files are passed over.

    Parameters
    ----------
    folder
        Holds `A/`, `B/` and `label/`.
    gsd_m
        Ground size of a pixel in metres for images that carry no georeference.

    Returns
    -------
    LabelledDataset
        Complete pairs, and a line for each stem that lacks a partner.

    Raises
    ------
    DatasetInvalid
        If a folder is missing, a stem names two images or no pair is complete.
    UsageError
        If `gsd_m` is not positive.
    """
    if gsd_m is not None and not 0 < gsd_m < float("inf"):
        raise UsageError(f"--gsd must be a positive number of metres, got {gsd_m}.")
    missing = [name for name in FOLDERS if not (folder / name).is_dir()]
    if missing:
        raise DatasetInvalid(
            f"{folder}: expected the folders A/ (before), B/ (after) and label/, but {', '.join(missing)} is not there; "
            "arrange the images so, with one file stem for each pair."
        )
    found = {name: _images_by_stem(folder / name) for name in FOLDERS}
    pairs: list[LabelledPair] = []
    incomplete: list[str] = []
    for stem in sorted(set().union(*found.values())):
        lacking = [name for name in FOLDERS if stem not in found[name]]
        if lacking:
            incomplete.append(f"{stem}: no {', '.join(lacking)}")
        else:
            before, after, label = (found[name][stem] for name in FOLDERS)
            pairs.append(LabelledPair(stem=stem, before=before, after=after, label=label))
    if not pairs:
        seen = "; ".join(incomplete[:3]) or "no PNG, JPEG or TIFF file at all"
        raise DatasetInvalid(
            f"{folder}: no stem has a file in each of A/, B/ and label/ ({seen}); give the three files of a pair one stem."
        )
    return LabelledDataset(
        name=folder.resolve().name, folder=folder, pairs=tuple(pairs), incomplete=tuple(incomplete), gsd_m=gsd_m
    )


def open_pair(dataset: LabelledDataset, labelled: LabelledPair) -> OpenedPair:
    """Open, register and align one pair as `rsg detect` would, and read its reference.

    Where detection would refuse a pair as not alignable it is taken as delivered: its maker has
    aligned it, and much change on a small tile is what a dataset is for. Close `aligned` after use.

    Parameters
    ----------
    dataset
        The dataset that the pair belongs to.
    labelled
        One of its pairs.

    Returns
    -------
    OpenedPair
        The aligned pair and its reference.

    Raises
    ------
    DatasetInvalid
        If the label has not the size of the before image, or that image not the pixels of the common grid.
    SceneUnreadable, CrsRefused, BandsMismatch, NoOverlap
        As raised by the opening of the images.
    """
    gsd_m = dataset.gsd_m or ASSUMED_GSD_M
    before = open_scene(labelled.before, assume_gsd_m=gsd_m)
    after = open_scene(labelled.after, assume_gsd_m=gsd_m)
    reference, known = read_label(labelled.label)
    if reference.shape != (before.grid.height, before.grid.width):
        raise DatasetInvalid(
            f"{labelled.label}: expected the size of the before image, {before.grid.height} x {before.grid.width} pixels, "
            f"got {reference.shape[0]} x {reference.shape[1]}; resample the label to it or leave the pair out."
        )
    scenes = pair_scenes(before, after)
    row, col = _place(before.grid, scenes.grid, labelled)
    sampling: Sampling = (
        "georeference" if before.grid.crs is not None else "assumed" if dataset.gsd_m is None else "given"
    )
    return OpenedPair(
        stem=labelled.stem,
        aligned=align(scenes, _registration(scenes)),
        reference=reference,
        known=known,
        row=row,
        col=col,
        sampling=sampling,
    )


def read_label(path: Path) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Read a reference mask: any value but 0 is change.

    The compression of a JPEG smears an edge into small values, so a JPEG label counts from half of
    its range. Pixels of a declared nodata value other than 0, and transparent ones, are unknown.

    Parameters
    ----------
    path
        A raster of any number of bands; a georeference is not looked at.

    Returns
    -------
    changed : numpy.ndarray
        (y, x) bool, True = changed.
    known : numpy.ndarray
        (y, x) bool, False = neither changed nor unchanged, never scored.

    Raises
    ------
    SceneUnreadable
        If the file cannot be read.
    """
    scene = open_scene(path, assume_gsd_m=ASSUMED_GSD_M, zero_is_nodata=False)
    with align(pair_scenes(scene, scene), UNREGISTERED) as both:
        block = both.read(both.grid.window)
    above = 127 if path.suffix.lower() in _LOSSY_SUFFIXES else 0
    changed: NDArray[np.bool_] = np.any(np.abs(block.before.astype(np.float64)) > above, axis=0)
    return changed, block.valid | (scene.nodata == 0)


def _registration(scenes: ScenePair) -> Registration:
    try:
        return register(scenes)
    except NotAlignable:
        return UNREGISTERED


def _place(before: PixelGrid, common: PixelGrid, labelled: LabelledPair) -> tuple[int, int]:
    """Return the row and column of the before image at which the common grid begins."""
    to_before = ~before.transform @ common.transform
    col, row = to_before.c, to_before.f
    whole = abs(row - round(row)) < _WHOLE_PX and abs(col - round(col)) < _WHOLE_PX
    if not whole or not to_before.almost_equals(Affine.translation(col, row), precision=1e-6):
        raise DatasetInvalid(
            f"{labelled.before}: the label is on the pixels of this image, but its pair would be compared on others "
            "(rotated, or an after image far coarser); resample the three files to one grid."
        )
    return round(row), round(col)


def _images_by_stem(folder: Path) -> dict[str, Path]:
    images: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in _IMAGE_SUFFIXES or not path.is_file():
            continue
        if path.stem in images:
            raise DatasetInvalid(
                f"{folder}: {images[path.stem].name} and {path.name} have one stem; keep one of the two files."
            )
        images[path.stem] = path
    return images
