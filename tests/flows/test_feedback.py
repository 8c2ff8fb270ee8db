"""A file of feedback goes into an issue as an input, and stays with it."""

import hashlib
import json
from pathlib import Path

import pytest

from rs_governance.cli import run
from rs_governance.flows.month import run_month
from rs_governance.publish.feedback import read_feedback, write_feedback

SAMPLE = Path(__file__).resolve().parents[2] / "sample_tiles"


@pytest.fixture
def feedback(tmp_path: Path) -> Path:
    empty = {"part": 0, "whole": 2, "share": 0.0, "low": 0.0, "high": 0.66}
    row = {
        "issue": "2026-06", "dimension": "all", "key": "", "title": {"zh": "全部", "en": "all"}, "spots": 2,
        **dict.fromkeys(("judged", "changed", "confirmed", "closed"), empty), "why_not": {}, "days_to_verdict": None,
        "days_to_closing": None,
    }  # fmt: skip
    document = {
        "district_code": "450108",
        "as_of": "2026-07-01",
        "rows": [row],
        "reasons": {},
        "ratings": [],
        "cropland": [],
    }
    write_feedback(tmp_path / "june.json", document)
    return tmp_path / "june.json"


def test_feedback_is_an_input_with_its_hash_and_a_copy(feedback: Path, tmp_path: Path) -> None:
    summary = run_month(SAMPLE, month="2026-07", out=tmp_path / "issues", pictures=False, feedback=feedback)
    manifest = json.loads((summary.out / "manifest.json").read_text("utf-8"))
    content = feedback.read_bytes()
    told = {"name": "june.json", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert manifest["inputs"]["feedback"] == [told]
    assert (summary.out / "feedback.json").read_bytes() == content
    assert "feedback.json" in {file["name"] for file in manifest["outputs"]}
    assert read_feedback(summary.out / "feedback.json", district_code="450108").rows[0].spots == 2


def test_a_file_that_is_none_stops_the_run_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}", encoding="utf-8")
    command = ["run", str(SAMPLE), "--month", "2026-07", "--issues", str(tmp_path / "issues"), "--feedback", str(wrong)]
    assert run(command) == 3
    assert "'wrong.json' was expected to say" in capsys.readouterr().err
    assert not (tmp_path / "issues" / "2026-07").exists()
