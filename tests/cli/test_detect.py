"""The command hands everything to the flow, and says where to look. The flow itself is tested elsewhere."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rs_governance import flows
from rs_governance.cli import run
from rs_governance.errors import NoOverlap
from rs_governance.flows.pair_notes import PairNote
from rs_governance.scenes import Registration

FILES = ("overview.png", "findings.gpkg", "findings.geojson", "score.tif", "run.json", "run.log.json")
REGISTRATION = Registration(dy_px=-0.5, dx_px=0.25, residual_px=0.1, windows_used=9, windows_tried=10, reliable=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the flow was called with."""
    asked: dict[str, Any] = {}

    def run_detect(
        before: Path, after: Path, out: Path, *, progress: Callable[[str, float], None] | None, **keywords: Any
    ) -> flows.RunSummary:
        asked.update(before=before, after=after, out=out, progress=progress, **keywords)
        if progress is not None:
            for stage in ("detect", "publish"):
                for share in (0.0, 0.5, 1.0):
                    progress(stage, share)
        return flows.RunSummary(
            out=out,
            findings=3,
            area_m2=20_000.1,
            observable_share=0.987,
            registration=REGISTRATION,
            device="cpu",
            files=FILES,
            seconds={"detect": 1.0, "publish": 0.5},
        )

    monkeypatch.setattr(flows, "run_detect", run_detect)
    return asked


def test_defaults_leave_the_choice_to_the_flow(asked: dict[str, Any]) -> None:
    assert run(["detect", "a.tif", "b.tif", "--out", "out"]) == 0
    progress = asked.pop("progress")
    assert progress is not None
    assert asked == {
        "before": Path("a.tif"),
        "after": Path("b.tif"),
        "out": Path("out"),
        "aoi": None,
        "detector": "spectral",
        "device": "auto",
        "workers": None,
        "block": None,
        "replace": False,
        "allow_unaligned": False,
        "before_options": {},
        "after_options": {},
    }


def test_every_option_reaches_its_image(asked: dict[str, Any]) -> None:
    options = (
        "--aoi district.gpkg --device cpu --workers 3 --block 512 --replace --gsd 0.5 "
        "--sensor-before GF-2 --date-before 2024-05-01 --clouds-before c.gpkg --towgs84-before 1,2,3,0,0,0,4.5 "
        "--bands-after red,green,blue --date-after 2024-06-01 --unaligned"
    )
    assert run(["detect", "a.tif", "b.tif", "--out", "out", *options.split()]) == 0
    assert asked["aoi"] == Path("district.gpkg")
    assert (asked["device"], asked["workers"], asked["block"], asked["replace"]) == ("cpu", 3, 512, True)
    assert asked["allow_unaligned"] is True
    assert asked["before_options"] == {
        "sensor": "GF-2",
        "acquired_on": date(2024, 5, 1),
        "cloud_mask": Path("c.gpkg"),
        "towgs84": (1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 4.5),
        "assume_gsd_m": 0.5,
    }
    assert asked["after_options"] == {
        "roles": ("red", "green", "blue"),
        "acquired_on": date(2024, 6, 1),
        "assume_gsd_m": 0.5,
    }


@pytest.mark.parametrize(("language", "words"), [("zh", "3 个，共 2.00 公顷（30.0 亩）"), ("en", "3, 2.00 ha in all")])
@pytest.mark.usefixtures("asked")
def test_summary_says_what_was_found_and_where_to_look(
    language: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["detect", "a.tif", "b.tif", "--out", "out/may", "--lang", language]) == 0
    printed = capsys.readouterr()
    assert words in printed.out
    assert "98.7 %" in printed.out
    assert "x +0.25, y -0.50" in printed.out
    for name in FILES:
        assert f"out/may/{name}" in printed.out
    # Progress is no result: one line a stage, on stderr, where there is no terminal.
    stages = ["detect", "publish"] if language == "en" else ["检测", "输出"]
    assert printed.err.splitlines() == [f"{stage} ..." for stage in stages]


def test_language_comes_from_the_environment(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RSG_LANG", "en")
    monkeypatch.setenv("RSG_WORKERS", "1")
    assert run(["detect", "a.tif", "b.tif", "--out", "out"]) == 0
    printed = capsys.readouterr()
    assert "suspected changes" in printed.out
    assert printed.err.startswith("detect ...")
    assert asked["workers"] == 1
    # Said on the command line it wins, closest to the command most of all; and nothing stays from one run to the next.
    assert run(["--lang", "zh", "detect", "a.tif", "b.tif", "--out", "out"]) == 0
    assert "疑似变化图斑" in capsys.readouterr().out
    assert run(["--lang", "zh", "detect", "a.tif", "b.tif", "--out", "out", "--lang", "en"]) == 0
    assert "suspected changes" in capsys.readouterr().out
    monkeypatch.delenv("RSG_LANG")
    assert run(["detect", "a.tif", "b.tif", "--out", "out"]) == 0
    assert "疑似变化图斑" in capsys.readouterr().out
    monkeypatch.setenv("RSG_LANG", "fr")
    assert run(["detect", "a.tif", "b.tif", "--out", "out"]) == 2


@pytest.mark.usefixtures("asked")
def test_a_pixel_size_that_is_not_used_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["detect", "a.tif", "b.tif", "--out", "out", "--quiet", "--gsd", "0.5", "--lang", "en"]) == 0
    assert capsys.readouterr().err == (
        "Mind: the images are georeferenced, so their own pixel size was taken and --gsd ignored.\n"
    )


def test_json_is_all_there_is(asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["detect", "a.tif", "b.tif", "--out", "out", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    content = json.loads(printed.out)
    assert content["findings"] == 3
    assert content["files"] == list(FILES)
    assert content["registration"]["reliable"] is True
    assert asked["progress"] is None


@pytest.mark.usefixtures("asked")
def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["detect", "a.tif", "b.tif", "--out", "out", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_refusal_ends_the_progress_and_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise NoOverlap("The images share no ground; check their CRS.")

    monkeypatch.setattr(flows, "run_detect", refuse)
    assert run(["detect", "a.tif", "b.tif", "--out", "out"]) == NoOverlap.exit_code
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.endswith("The images share no ground; check their CRS.\n")


def test_an_unmeasured_shift_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    unknown = Registration(dy_px=0, dx_px=0, residual_px=None, windows_used=0, windows_tried=4, reliable=False)
    summary = flows.RunSummary(
        out=Path("out"),
        findings=0,
        area_m2=0.0,
        observable_share=1.0,
        registration=unknown,
        device="cpu",
        files=(),
        seconds={},
    )
    monkeypatch.setattr(flows, "run_detect", lambda *_, **__: summary)
    assert run(["detect", "a.tif", "b.tif", "--out", "out", "--quiet", "--lang", "en"]) == 0
    assert run(["detect", "a.tif", "b.tif", "--out", "out", "--lang", "en"]) == 0
    assert "could not be measured" in capsys.readouterr().out


@pytest.mark.parametrize(("language", "expected"), [("zh", "注意：像是云"), ("en", "Mind: Perhaps clouds")])
def test_what_stands_against_the_findings_is_said(
    language: str,
    expected: str,
    asked: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = flows.run_detect
    note = PairNote(code="perhaps_clouds_after", message_zh="像是云", message_en="Perhaps clouds")
    monkeypatch.setattr(flows, "run_detect", lambda *args, **keywords: replace(told(*args, **keywords), notes=(note,)))
    assert run(["--lang", language, "detect", "a.tif", "b.tif", "--out", "out", "--quiet"]) == 0
    printed = capsys.readouterr()
    assert expected in printed.err
    assert printed.out == ""


def test_numbers_that_cannot_be_name_their_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = Path(__file__).resolve().parents[2] / "sample_tiles" / "scenes"
    pair = [str(sample / "20260912.tif"), str(sample / "20261014.tif")]
    for option, value in (("--gsd", "-1"), ("--block", "100")):
        for language in ("zh", "en"):
            command = ["--lang", language, "detect", *pair, "--out", str(tmp_path / "out"), option, value, "--quiet"]
            assert run(command) == 2
            assert option in capsys.readouterr().err
