"""From a district with known truth to figures of accuracy of its issues."""

from pathlib import Path

import geopandas as gpd
import numpy as np

from rs_governance import grids, rules
from rs_governance.detect import DETECTOR
from rs_governance.district import read_district
from rs_governance.errors import DatasetInvalid
from rs_governance.flows.detect import opened_pair
from rs_governance.flows.issue import seen_parts
from rs_governance.flows.month import judge_issue
from rs_governance.flows.setup import PathLike, Setup
from rs_governance.learn.month import DistrictScore, score_issue
from rs_governance.learn.peers import PEERS
from rs_governance.learn.scoring import Counts, count_pair
from rs_governance.scenes import open_scene
from rs_governance.scenes.reader import SceneReader

TRUTH = "truth/changes.geojson"
"""True changes of a district, in its folder."""


def measure_district(district: PathLike, *, device: str = "auto") -> DistrictScore:
    """Judge every issue of a district and compare it with the truth.

    Parameters
    ----------
    district
        Folder with `district.toml` and `truth/`, as `rsg simulate` makes it.
    device
        `auto`, `cpu` or `cuda`.

    Raises
    ------
    DatasetInvalid
        If there is no truth.
    RsgError
        One of its other subclasses, when an input cannot be used.
    """
    folder = Path(district)
    if not (folder / TRUTH).exists():
        raise DatasetInvalid(f"'{folder}' has no {TRUTH}; only simulated districts can be measured (rsg simulate).")
    about = read_district(folder)
    setup = Setup.resolve(detector=DETECTOR, device=device, workers=None, block=None)
    references, rulebook = grids.read_references(about), rules.read_rules(about.rules)
    truth = gpd.read_file(folder / TRUTH).to_crs(about.crs)
    names = sorted({scene.issue for scene in about.scenes})
    issues = {}
    for name in names[1:]:
        compared, _, judged = judge_issue(about, references, rulebook, issue=name, setup=setup)
        issues[name] = score_issue(judged.spots, truth, seen_parts(compared))
    counts: dict[str, list[Counts]] = {name: [] for name in PEERS}
    for earlier, later in zip(about.scenes[:-1], about.scenes[1:], strict=True):
        mask = _truth(folder / "truth" / f"truth_{later.id}.tif")
        options = [
            dict(one.options) | {"cloud_mask": one.clouds, "acquired_on": one.acquired_on} for one in (earlier, later)
        ]
        with opened_pair(earlier.path, later.path, before_options=options[0], after_options=options[1]) as pair:
            valid = pair.read(pair.grid.window).valid
            for name, detector in PEERS.items():
                found = detector(pair).mask
                area = float(np.prod(pair.grid.pixel_size_m))
                counts[name].append(count_pair(mask, found, valid, pixel_area_m2=area))
    return DistrictScore(issues=issues, peers={name: tuple(each) for name, each in counts.items()})


def _truth(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    scene = open_scene(path, zero_is_nodata=False)
    reader = SceneReader(scene, roles=scene.roles, dtype=scene.dtype)
    codes, _ = reader.read(scene.grid.window)
    reader.close()
    return np.asarray(codes[0] > 0)
