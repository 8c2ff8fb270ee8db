"""From a folder of pairs to scores, masks, reports, the sheet and the accuracy page."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rs_governance.errors import DatasetInvalid, OutputFailed, UsageError
from rs_governance.learn import (
    PEERS,
    Detector,
    Evaluation,
    Provenance,
    draw_sheet,
    evaluate_dataset,
    gather_provenance,
    open_dataset,
    write_accuracy,
    write_joint_report,
    write_report,
)
from rs_governance.learn.report import describe

MakePair = Callable[..., NDArray[np.bool_]]
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PROVENANCE = Provenance(device="cpu", host="a machine, 2 cores", versions={"numpy": "2.0"}, commit=None)


def ticking() -> Callable[[], float]:
    """Return a clock that advances half a second at each look."""
    ticks: Iterator[float] = itertools.count(0.0, 0.5)
    return lambda: next(ticks)


@pytest.fixture
def town(make_pair: MakePair, tmp_path: Path) -> Path:
    """Three pairs, one of them without change."""
    for seed, stem in enumerate(("a", "b", "c")):
        make_pair(stem, seed=seed)
    Image.fromarray(np.zeros((96, 96), dtype=np.uint8)).save(tmp_path / "town/label/c.png")
    (tmp_path / "town/A/c.png").write_bytes((tmp_path / "town/B/c.png").read_bytes())
    return tmp_path / "town"


@pytest.fixture
def evaluation(town: Path, detectors: dict[str, Detector], tmp_path: Path) -> Evaluation:
    """Both test detectors on `town`, masks in `tmp_path/out`."""
    return evaluate_dataset(open_dataset(town), detectors, primary="bright", clock=ticking(), out=tmp_path / "out")


def test_a_right_and_a_blind_detector(evaluation: Evaluation) -> None:
    bright, blind = evaluation.scores["bright"], evaluation.scores["blind"]
    assert bright.f1.value == pytest.approx(1.0, abs=0.01)
    assert bright.object_f1.value == 1.0
    assert bright.counts.reference_objects == bright.counts.reference_hit == 2
    assert (blind.precision.value, blind.recall.value, blind.f1.value) == (None, 0.0, 0.0)
    assert blind.counts.false_negative == bright.counts.true_positive + bright.counts.false_negative
    assert [row.stem for row in evaluation.rows] == ["a", "b", "c"]
    assert all(row.valid_pixels == 96 * 96 for row in evaluation.rows)


def test_pooled_counts_are_the_sum_of_the_rows(evaluation: Evaluation) -> None:
    for name, scores in evaluation.scores.items():
        assert scores.counts.true_positive == sum(row.counts[name].true_positive for row in evaluation.rows)
        assert scores.counts.found_objects == sum(row.counts[name].found_objects for row in evaluation.rows)


def test_speed_is_all_pixels_over_all_seconds(evaluation: Evaluation) -> None:
    assert evaluation.pixels == 3 * 96 * 96
    assert evaluation.seconds("bright") == 1.5
    assert evaluation.mpx_per_s("bright") == pytest.approx(3 * 96 * 96 / 1e6 / 1.5)


def test_masks_are_those_of_the_primary_detector(evaluation: Evaluation, tmp_path: Path) -> None:
    names = sorted(path.name for path in (tmp_path / "out/masks").iterdir())
    assert names == ["a.png", "b.png", "c.png"]
    with Image.open(tmp_path / "out/masks/a.png") as image:
        mask = np.asarray(image)
    assert mask.dtype == np.uint8
    assert mask.shape == (96, 96)
    assert set(np.unique(mask)) == {0, 255}
    assert np.count_nonzero(mask) == sum(
        getattr(evaluation.rows[0].counts["bright"], name) for name in ("true_positive", "false_positive")
    )


def test_unknown_pixels_of_the_label_are_not_scored(town: Path, detectors: dict[str, Detector]) -> None:
    with Image.open(town / "label/a.png") as image:
        changed = np.asarray(image)
    Image.fromarray(np.dstack([changed, np.where(np.arange(96) < 40, 0, 255) + 0 * changed]).astype(np.uint8)).save(
        town / "label/a.png"
    )
    found = evaluate_dataset(open_dataset(town), detectors, primary="bright", clock=ticking())
    assert found.rows[0].valid_pixels == 96 * 56
    assert found.rows[0].counts["blind"].false_negative == 30 * 20


def test_the_report_is_the_same_each_time_but_for_its_timing(
    town: Path, detectors: dict[str, Detector], tmp_path: Path
) -> None:
    for name, clock in (("first", ticking()), ("second", iter(np.cumsum(np.ones(99))).__next__)):
        found = evaluate_dataset(open_dataset(town), detectors, primary="bright", clock=clock, out=tmp_path / name)
        write_report(found, PROVENANCE, tmp_path / name, now=NOW)
    first, second = (tmp_path / name for name in ("first", "second"))
    one, other = (json.loads((folder / "report.json").read_text(encoding="utf-8")) for folder in (first, second))
    assert one["timing"] != other["timing"]
    assert {**one, "timing": None} == {**other, "timing": None}
    for mask in ("a", "b", "c"):
        assert (first / f"masks/{mask}.png").read_bytes() == (second / f"masks/{mask}.png").read_bytes()
    timing = other["timing"]
    assert timing["finished_at"] == "2026-03-04T05:06:07+00:00"
    assert timing["detectors"]["bright"] == {"seconds": 3.0, "mpx_per_s": round(3 * 96 * 96 / 1e6 / 3, 2)}
    assert [row["stem"] for row in timing["rows"]] == ["a", "b", "c"]


def test_several_datasets_have_one_table(evaluation: Evaluation, tmp_path: Path) -> None:
    village = replace(evaluation, dataset=replace(evaluation.dataset, name="village"))
    write_joint_report([evaluation, village], PROVENANCE, tmp_path, now=NOW)
    content = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    name = evaluation.dataset.name
    rows = [(name, "bright"), (name, "blind"), ("village", "bright"), ("village", "blind")]
    assert [(row["dataset"], row["detector"]) for row in content["table"]] == rows
    assert [(row["dataset"], row["detector"]) for row in content["timing"]["table"]] == rows
    assert content["table"][2]["report"] == "village/report.json"
    assert content["table"][2]["f1"] == content["table"][0]["f1"]
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert f"## {name}\n" in page
    assert "## village\n" in page


def test_the_report_says_what_was_measured_and_how(evaluation: Evaluation, tmp_path: Path) -> None:
    write_report(evaluation, PROVENANCE, tmp_path / "out", now=NOW)
    content = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    assert (content["schema"], content["schema_version"]) == ("rsg-evaluation", "1.0")
    assert content["pairs"] == 3
    assert content["parameters"]["assumed_gsd_m"] == 0.5
    assert content["detectors"]["bright"]["object_recall"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert content["detectors"]["bright"]["counts"]["reference_objects"] == 2
    assert content["rows"][2]["detectors"]["blind"]["f1"] is None
    assert content["rows"][0]["pixel_size_from"] == "assumed"
    page = (tmp_path / "out/report.md").read_text(encoding="utf-8")
    assert "0.5 m was assumed" in page
    assert "分辨率假定为 0.5 m" in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert [line.split("`")[1] for line in table[2:]] == ["bright", "blind"]
    lead = content["leads"]["blind"]["object_f1"]
    assert lead == evaluation_lead(evaluation)
    assert 0 < lead["low"] <= lead["value"] <= lead["high"]
    assert f"`bright` − `blind`: F1 +{content['leads']['blind']['f1']['value']:.3f} [" in page


def evaluation_lead(evaluation: Evaluation) -> dict[str, float | None]:
    """How much better the objects of the primary detector are than those of the blind one."""
    return asdict(evaluation.lead("blind")["object_f1"])


def test_incomplete_pairs_are_named(town: Path, detectors: dict[str, Detector]) -> None:
    (town / "label/b.png").unlink()
    found = evaluate_dataset(open_dataset(town, gsd_m=0.8), detectors, primary="bright", clock=ticking())
    page = describe(found, level=3)
    assert page.startswith("### town\n")
    assert "b: no label" in page
    assert "0.8 m as given" in page
    assert "assumed" not in page


def test_progress_is_told(town: Path, detectors: dict[str, Detector]) -> None:
    told: list[tuple[int, int]] = []
    evaluate_dataset(
        open_dataset(town), detectors, primary="blind", clock=ticking(), progress=lambda *done: told.append(done)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_sheet_shows_every_group_once(evaluation: Evaluation, tmp_path: Path) -> None:
    path = draw_sheet(evaluation, tmp_path / "out")
    with Image.open(path) as image:
        picture = np.asarray(image.convert("RGB"))
    # Two pairs have changed reference pixels: a best and a worst one. All their found pixels are right.
    assert 700 < picture.shape[0] < 900
    assert np.count_nonzero(np.all(picture == (0, 158, 115), axis=2)) == 17 * 17
    first = path.read_bytes()
    assert draw_sheet(evaluation, tmp_path / "out").read_bytes() == first


def test_an_unknown_detector_is_refused(town: Path, detectors: dict[str, Detector]) -> None:
    with pytest.raises(UsageError, match=r"'magic' does not exist; choose one of blind, bright\."):
        evaluate_dataset(open_dataset(town), detectors, primary="magic", clock=ticking())


def test_an_output_folder_that_cannot_be_is_refused(
    town: Path, detectors: dict[str, Detector], evaluation: Evaluation, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(OutputFailed, match=r"masks/a\.png"):
        evaluate_dataset(open_dataset(town), detectors, primary="bright", clock=ticking(), out=blocked)
    with pytest.raises(OutputFailed, match=r"report\.json"):
        write_report(evaluation, PROVENANCE, blocked, now=NOW)


def test_the_accuracy_page_holds_all_datasets(town: Path, detectors: dict[str, Detector], tmp_path: Path) -> None:
    datasets = [open_dataset(town), open_dataset(town, gsd_m=2.0)]
    out = tmp_path / "docs/accuracy.md"
    write_accuracy(
        datasets, out, detectors=detectors, primary="bright", provenance=PROVENANCE, now=NOW, clock=ticking()
    )
    page = out.read_text(encoding="utf-8")
    assert page.startswith("# 精度 Accuracy\n")
    assert page.count("\n## town\n") == 2
    assert page.count("| `bright` |") == 2
    for fact in ("2026-03-04", "a machine, 2 cores", "未知 unknown", "numpy 2.0", "0.5 m was assumed", "2 m as given"):
        assert fact in page


def test_provenance_names_versions_and_device() -> None:
    provenance = gather_provenance("cpu")
    assert provenance.device == "cpu"
    assert {"rs_governance", "python", "numpy", "rasterio"} <= provenance.versions.keys()
    assert provenance.host.endswith("cores")
    assert provenance.commit is None or provenance.commit


def test_the_peers_on_real_tiles(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "levir_sample_256")
    found = evaluate_dataset(dataset, PEERS, primary="cva_otsu", clock=ticking())
    assert len(found.rows) == 9
    for scores in found.scores.values():
        assert scores.f1.value is not None
        # Textbook methods see something on these tiles and are far from right.
        assert 0.1 < scores.f1.value < 0.5
    plain, clean = (found.scores[name].counts for name in ("cva_otsu", "cva_otsu_clean"))
    assert clean.small_found_objects == 0
    assert clean.found_objects == plain.found_objects


def test_an_unreadable_pair_is_listed_and_the_others_are_measured(town: Path, detectors: dict[str, Detector]) -> None:
    dataset = open_dataset(town)
    broken = dataset.pairs[0]
    broken.before.write_bytes(b"not a picture any more")
    found = evaluate_dataset(dataset, detectors, primary="bright", clock=ticking())
    assert [row.stem for row in found.rows] == [pair.stem for pair in dataset.pairs[1:]]
    assert found.dataset.incomplete[-1].startswith(f"{broken.stem}: ")
    # A report is handed on: it says what is wrong without saying where on this machine.
    assert str(town) not in found.dataset.incomplete[-1]
    assert f"'{broken.before.relative_to(town)}'" in found.dataset.incomplete[-1]
    for pair in dataset.pairs:
        pair.after.write_bytes(b"nor this one")
    with pytest.raises(DatasetInvalid, match="no pair that can be measured"):
        evaluate_dataset(dataset, detectors, primary="bright", clock=ticking())
