"""From two images to a folder of findings.

Tables, pictures and kernels take most of a second to import, all of it under the interpreter's lock. So this module
imports none of them: they are loaded in threads while the images are registered and decoded, which leaves the lock;
kernels first, tables when they are through.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rs_governance.flows.pair_notes import PairNote, note_pair
from rs_governance.scenes import AlignedPair, Registration, ScenePair, align, open_scene, pair_scenes, register

if TYPE_CHECKING:
    import geopandas as gpd

    from rs_governance import publish
    from rs_governance.detect import ScoredBlock
    from rs_governance.flows.setup import PathLike, Progress, Setup

FINDINGS_GEOJSON, FINDINGS_GPKG, SCORE_TIF = "findings.geojson", "findings.gpkg", "score.tif"
OVERVIEW_PNG, RUN_JSON, RUN_LOG_JSON = "overview.png", "run.json", "run.log.json"

RESULT_FILES = (OVERVIEW_PNG, FINDINGS_GPKG, FINDINGS_GEOJSON, SCORE_TIF, RUN_JSON, RUN_LOG_JSON)
"""Files of a result, in the order in which to look at them."""


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a run found and where it lies."""

    out: Path
    """Folder of the result."""
    findings: int
    """Number of findings."""
    area_m2: float
    """Their geodesic area together."""
    observable_share: float
    """Share of the grid that was usable on both dates, 0..1."""
    registration: Registration
    """Shift between the images."""
    device: str
    """Device that computed."""
    files: tuple[str, ...]
    """Names of the files, in the order in which to look at them."""
    seconds: Mapping[str, float]
    """Wall-clock seconds of each stage."""
    notes: tuple[PairNote, ...] = ()
    """What stands against believing the findings."""


def detect(
    before: PathLike,
    after: PathLike,
    *,
    aoi: PathLike | None = None,
    detector: str = "spectral",
    device: str = "auto",
    workers: int | None = None,
    block: int | None = None,
    before_options: Mapping[str, Any] | None = None,
    after_options: Mapping[str, Any] | None = None,
    allow_unaligned: bool = False,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame:
    """Find what changed between two images.

    Parameters
    ----------
    before, after
        Images of the earlier and the later date: files, folders of sheets or VRTs.
    aoi
        Vector file; nothing is looked for outside its polygons.
    detector
        Name of the detector.
    device
        `auto`, `cpu` or `cuda`.
    workers
        Threads; one a core by default. Never changes the result.
    block
        Side of a block in pixels, a multiple of 64. Never changes the result.
    before_options, after_options
        Keywords of `rs_governance.scenes.open_scene` for either image.
    allow_unaligned
        True to compare images as delivered that would be refused because they cannot be aligned.
    progress
        Told how far the work is.

    Returns
    -------
    GeoDataFrame
        One row a finding, in the CRS of `before`; the columns are those of docs/schema.md.

    Raises
    ------
    RsgError
        One of its subclasses, when an image cannot be used; the message says what to do.
    """
    loading = _Loading(detector=detector, device=device, workers=workers, block=block, progress=progress)
    with opened_pair(
        before,
        after,
        aoi=aoi,
        before_options=before_options,
        after_options=after_options,
        allow_unaligned=allow_unaligned,
        beside=loading,
    ) as pair:
        return loading.setup.find(pair, progress=progress).findings


def preview(
    before: PathLike,
    after: PathLike,
    findings: gpd.GeoDataFrame | None = None,
    *,
    aoi: PathLike | None = None,
    before_options: Mapping[str, Any] | None = None,
    after_options: Mapping[str, Any] | None = None,
) -> publish.Picture:
    """Show two images side by side, with findings where given; a notebook shows the picture by itself.

    Parameters
    ----------
    before, after
        Images of the earlier and the later date.
    findings
        From `detect` of the same images.
    aoi, before_options, after_options
        As for `detect`.
    """
    from rs_governance import publish

    # A look is what tells whether a pair belongs together, so none is refused here.
    with opened_pair(
        before, after, aoi=aoi, before_options=before_options, after_options=after_options, allow_unaligned=True
    ) as pair:
        return publish.preview(pair, findings)


def run_detect(
    before: PathLike,
    after: PathLike,
    out: PathLike,
    *,
    aoi: PathLike | None = None,
    detector: str = "spectral",
    device: str = "auto",
    workers: int | None = None,
    block: int | None = None,
    replace: bool = False,
    before_options: Mapping[str, Any] | None = None,
    after_options: Mapping[str, Any] | None = None,
    allow_unaligned: bool = False,
    progress: Progress | None = None,
) -> RunSummary:
    """Find what changed between two images and publish it as a folder, whole or not at all.

    Parameters
    ----------
    before, after, aoi, detector, device, workers, block, before_options, after_options, allow_unaligned, progress
        As for `detect`.
    out
        Folder to make.
    replace
        True to allow `out` to be a former result.

    Returns
    -------
    RunSummary
        Main figures.

    Raises
    ------
    RsgError
        One of its subclasses, when an image cannot be used or the folder cannot be written.
    """
    started_at, started, out = datetime.now(UTC), time.perf_counter(), Path(out)
    loading = _Loading(detector=detector, device=device, workers=workers, block=block, progress=progress)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=2, thread_name_prefix="beside"))
        hashing = _Hashing(aoi)
        stack.callback(hashing.stop.set)
        beside: list[Future[None]] = []

        def begin(scenes: ScenePair) -> None:
            # Hashing leaves the lock that the imports hold: 0.3 s of processor time while one core would wait.
            beside.append(pool.submit(hashing, scenes))
            loading(scenes)
            beside.append(pool.submit(_load_tables))

        # Inputs first: what cannot be compared is refused before anything is written.
        pair = stack.enter_context(
            opened_pair(
                before,
                after,
                aoi=aoi,
                before_options=before_options,
                after_options=after_options,
                allow_unaligned=allow_unaligned,
                beside=begin,
            )
        )
        import rs_kernels
        from rs_governance import publish
        from rs_governance.flows.setup import Stopwatch, tell

        setup, watch = loading.setup, Stopwatch(seconds={"open": time.perf_counter() - started})
        part = stack.enter_context(publish.OutputFolder(out, replace=replace))
        writer = stack.enter_context(publish.ScoreWriter(part / SCORE_TIF, pair.grid, threads=setup.workers))
        overview = publish.Overview(pair.grid, pair.roles)
        with watch.time("detect"):

            def sink(block: ScoredBlock, _labels: object) -> None:
                writer.write(block.window, block.score)
                overview.add(block.window, block.before, block.after, block.valid)
                rows, cols = block.window.slices
                if (rows.stop, cols.stop) == (pair.grid.height, pair.grid.width):
                    # The raster leaves the interpreter's lock, which objects, tables and most of the picture hold.
                    beside.append(pool.submit(writer.finish))

            result = setup.find(pair, sink=sink, progress=progress)
        tell(progress, "publish", 0.0)
        with watch.time("publish"):
            beside[0].result()
            observed_px = round(overview.observable_share * pair.grid.height * pair.grid.width)
            notes = note_pair(pair, result.model, observed_px=observed_px)
            record = publish.RunRecord(
                inputs=hashing.files,
                parameters={"detector": detector, **result.model.as_record()},
                device=setup.device,
                grid=pair.grid,
                registration=pair.registration,
                observable_share=overview.observable_share,
                pixels=observed_px,
                findings=len(result.findings),
                notes=tuple(note.as_record() for note in notes),
            )
            # One after the other: both mute warnings, which changes what all threads see.
            _write_tables(part, pair, result.findings)
            _write_picture(part, pair, result.findings, overview)
            publish.write_run_record(part / RUN_JSON, record)
            for written in beside:
                written.result()
        tell(progress, "publish", 1.0)
        log = publish.RunLog(
            started_at=started_at,
            finished_at=datetime.now(UTC),
            seconds=watch.seconds,
            device=rs_kernels.device_name(setup.device),
            workers=setup.workers,
            block_px=setup.block_px,
        )
        publish.write_run_log(part / RUN_LOG_JSON, log)
        files = tuple(name for name in RESULT_FILES if (part / name).exists())
    findings = result.findings
    return RunSummary(
        out=out,
        findings=len(findings),
        area_m2=float(findings["area_m2"].sum()),
        observable_share=record.observable_share,
        registration=record.registration,
        device=setup.device,
        files=files,
        seconds=watch.seconds,
        notes=notes,
    )


@contextmanager
def opened_pair(
    before: PathLike,
    after: PathLike,
    *,
    aoi: PathLike | None = None,
    before_options: Mapping[str, Any] | None = None,
    after_options: Mapping[str, Any] | None = None,
    allow_unaligned: bool = False,
    beside: Callable[[ScenePair], None] | None = None,
) -> Iterator[AlignedPair]:
    """Open, check, pair, register and align two images.

    Parameters
    ----------
    before, after, aoi, before_options, after_options, allow_unaligned
        As for `detect`.
    beside
        Run in a thread while the images are registered.

    Yields
    ------
    AlignedPair
        Closed when the block ends.
    """
    scenes = (
        open_scene(before, which="before", **(before_options or {})),
        open_scene(after, which="after", **(after_options or {})),
    )
    pair = pair_scenes(*scenes, aoi=aoi)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside") as pool:
        # What it tells of its progress is in the language that is spoken here.
        other = None if beside is None else pool.submit(copy_context().run, beside, pair)
        registration = register(pair, allow_unaligned=allow_unaligned)
        if other is not None:
            other.result()
    with align(pair, registration) as aligned:
        yield aligned


class _Loading:
    """Imports the detector, decides how it computes and fetches its kernels, when called with a pair."""

    setup: Setup

    def __init__(self, *, progress: Progress | None, **wishes: Any) -> None:
        self._progress, self._wishes = progress, wishes

    def __call__(self, pair: ScenePair) -> None:
        from rs_governance.detect import load_kernels
        from rs_governance.flows.setup import Setup

        self.setup = Setup.resolve(**self._wishes)
        if self.setup.device != "cpu":
            return
        # If not there, in their own time, when the images have been found to fit: a minute in a thread could not be
        # interrupted.
        if not self.setup.tell_of_compiling(self._progress):
            load_kernels(pair.dtype, len(pair.roles))


def _write_tables(part: Path, pair: AlignedPair, findings: gpd.GeoDataFrame) -> None:
    from rs_governance import publish

    # Without georeference there is no longitude and latitude to write.
    if pair.grid.crs is not None:
        publish.write_geojson(findings, part / FINDINGS_GEOJSON)
    publish.write_gpkg(findings, part / FINDINGS_GPKG)


def _write_picture(part: Path, pair: AlignedPair, findings: gpd.GeoDataFrame, overview: publish.Overview) -> None:
    from rs_governance import publish

    picture = overview.render(
        findings,
        before_image=pair.before.image_id,
        after_image=pair.after.image_id,
        before_on=pair.before.acquired_on,
        after_on=pair.after.acquired_on,
        registration=pair.registration,
    )
    with publish.writing(part / OVERVIEW_PNG):
        (part / OVERVIEW_PNG).write_bytes(picture)


def _load_tables() -> None:
    """Import what findings and pictures are written with, while the pixels are looked at."""
    import rs_governance.publish.run_record  # noqa: F401 -- all of them for those who will need them


class _Hashing:
    """Hashes the files that go into a run, when called with the scenes."""

    files: dict[str, tuple[publish.InputFile, ...]]
    """By their part in the run."""

    def __init__(self, aoi: PathLike | None) -> None:
        self.stop = threading.Event()
        """To be set when nobody waits any longer: large scenes take minutes."""
        self._aoi = aoi

    def __call__(self, pair: ScenePair) -> None:
        from rs_governance import publish

        parts: dict[str, list[Path]] = {"before": list(pair.before.files), "after": list(pair.after.files)}
        for name, scene in (("clouds_before", pair.before), ("clouds_after", pair.after)):
            if scene.cloud_mask is not None:
                parts[name] = [Path(scene.cloud_mask)]
        if self._aoi is not None:
            parts["aoi"] = [Path(self._aoi)]
        self.files = {name: publish.hash_files(files, threads=1, stop=self.stop) for name, files in parts.items()}
