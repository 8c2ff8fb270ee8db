"""The notebooks run as they are, in order, with this interpreter, and show what they promise."""

import re
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import nbformat
import pytest
from nbformat import NotebookNode

from rs_governance.publish.feedback import read_feedback

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REFRESH = "run notebooks/refresh.py, which keeps neither gaps nor times"
COMPLAINT = re.compile(r"warning|error|traceback", re.IGNORECASE)

executed = runpy.run_path(str(ROOT / "notebooks" / "refresh.py"))["executed"]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A notebook that ran to its end."""

    name: str
    notebook: NotebookNode
    place: Path


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("run")
    notebook = executed(nbformat.read(request.param, as_version=4), place)
    return Run(name=request.param.stem, notebook=notebook, place=place)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    for cell in code_cells(notebook):
        yield from cell.outputs


def pictures(notebook: NotebookNode) -> int:
    return sum(any(kind.startswith("image/") for kind in output.get("data", ())) for output in outputs(notebook))


def printed(notebook: NotebookNode, stream: str) -> str:
    return "".join(output.text for output in outputs(notebook) if output.get("name") == stream)


def test_no_cell_complains(run: Run) -> None:
    assert not [output for output in outputs(run.notebook) if output.output_type == "error"]
    assert not COMPLAINT.search(printed(run.notebook, "stdout") + printed(run.notebook, "stderr"))


def test_pictures_are_inline(run: Run) -> None:
    assert pictures(run.notebook) >= 4


def test_results_are_saved(run: Run) -> None:
    SAVED[run.name](run.place / "notebooks" / "out")


def _findings_are_saved(out: Path) -> None:
    findings = gpd.read_file(out / "notebook" / "findings.gpkg", layer="findings")
    strongest = gpd.read_file(out / "ten_strongest.gpkg", layer="findings")
    assert len(findings) >= len(strongest) == 10
    assert set(strongest["finding_id"]) <= set(findings["finding_id"])


def _feedback_and_labels_are_saved(out: Path) -> None:
    feedback = read_feedback(out / "loop" / "feedback.json", district_code="450108")
    whole = next(row for row in feedback.rows if row.dimension == "all")
    assert whole.judged.part > 0
    labels = gpd.read_parquet(out / "loop" / "labels" / "labels.parquet")
    assert set(labels["label"]) == {"change", "no_change"}
    assert len(list((out / "loop" / "labels" / "chips").glob("*_mask.tif"))) == len(labels)


SAVED = {"01_pair_to_map": _findings_are_saved, "03_closed_loop": _feedback_and_labels_are_saved}


def test_outputs_name_no_place_of_this_machine(run: Run) -> None:
    text = nbformat.writes(run.notebook)
    assert str(run.place) not in text
    assert str(ROOT) not in text


@each_notebook
def test_the_sample_is_found_from_the_root_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Path] = {}
    exec(code_cells(nbformat.read(path, as_version=4))[0].source, names)
    assert (names["sample"] / "district.toml").is_file()
    assert not names["out"].is_absolute()


@each_notebook
def test_what_is_kept_was_run_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), REFRESH
    assert pictures(notebook) >= 4
    assert not printed(notebook, "stderr")
    assert not any(cell.metadata for cell in notebook.cells), REFRESH
