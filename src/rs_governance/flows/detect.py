"""From two images to a folder of findings."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd

import rs_kernels
from rs_governance import publish
from rs_governance.detect import DETECTOR, ScoredBlock
from rs_governance.flows.setup import PathLike, Progress, Setup, Stopwatch, tell
from rs_governance.scenes import AlignedPair, Registration, align, open_scene, pair_scenes, register

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


def detect(
    before: PathLike,
    after: PathLike,
    *,
    aoi: PathLike | None = None,
    detector: str = DETECTOR,
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
    setup = Setup.resolve(detector=detector, device=device, workers=workers, block=block)
    with opened_pair(
        before,
        after,
        aoi=aoi,
        before_options=before_options,
        after_options=after_options,
        allow_unaligned=allow_unaligned,
    ) as pair:
        return setup.find(pair, progress=progress).findings


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
    detector: str = DETECTOR,
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
    started_at, watch, out = datetime.now(UTC), Stopwatch(), Path(out)
    setup = Setup.resolve(detector=detector, device=device, workers=workers, block=block)
    with ExitStack() as stack:
        # Inputs first: what cannot be compared is refused before anything is written.
        with watch.time("open"):
            pair = stack.enter_context(
                opened_pair(
                    before,
                    after,
                    aoi=aoi,
                    before_options=before_options,
                    after_options=after_options,
                    allow_unaligned=allow_unaligned,
                )
            )
        part = stack.enter_context(publish.OutputFolder(out, replace=replace))
        writer = stack.enter_context(publish.ScoreWriter(part / SCORE_TIF, pair.grid, threads=setup.workers))
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=2, thread_name_prefix="beside"))
        hashes = pool.submit(_hash_inputs, pair, aoi)
        overview = publish.Overview(pair.grid, pair.roles)
        with watch.time("detect"):

            def sink(block: ScoredBlock, _labels: object) -> None:
                writer.write(block.window, block.score)
                overview.add(block.window, block.before, block.after, block.valid)

            result = setup.find(pair, sink=sink, progress=progress)
        tell(progress, "publish", 0.0)
        with watch.time("publish"):
            # The raster leaves the interpreter's lock, which tables and the picture hold most of the time.
            score = pool.submit(writer.finish)
            record = publish.RunRecord(
                inputs=hashes.result(),
                parameters={"detector": detector, **result.model.as_record()},
                device=setup.device,
                grid=pair.grid,
                registration=pair.registration,
                observable_share=overview.observable_share,
                pixels=round(overview.observable_share * pair.grid.height * pair.grid.width),
                findings=len(result.findings),
            )
            _publish(part, pair, result.findings, overview, record)
            score.result()
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
) -> Iterator[AlignedPair]:
    """Open, check, pair, register and align two images.

    Parameters
    ----------
    before, after, aoi, before_options, after_options, allow_unaligned
        As for `detect`.

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
    with align(pair, register(pair, allow_unaligned=allow_unaligned)) as aligned:
        yield aligned


def _publish(
    part: Path, pair: AlignedPair, findings: gpd.GeoDataFrame, overview: publish.Overview, record: publish.RunRecord
) -> None:
    # Without georeference there is no longitude and latitude to write.
    if pair.grid.crs is not None:
        publish.write_geojson(findings, part / FINDINGS_GEOJSON)
    publish.write_gpkg(findings, part / FINDINGS_GPKG)
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
    publish.write_run_record(part / RUN_JSON, record)


def _hash_inputs(pair: AlignedPair, aoi: PathLike | None) -> dict[str, tuple[publish.InputFile, ...]]:
    parts: dict[str, list[Path]] = {"before": list(pair.before.files), "after": list(pair.after.files)}
    for name, scene in (("clouds_before", pair.before), ("clouds_after", pair.after)):
        if scene.cloud_mask is not None:
            parts[name] = [Path(scene.cloud_mask)]
    if aoi is not None:
        parts["aoi"] = [Path(aoi)]
    return {name: publish.hash_files(files, threads=1) for name, files in parts.items()}
