"""From the images and references of a district to a published issue."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

import rs_kernels
from rs_governance import grids, rules
from rs_governance.detect import DETECTOR, FINDINGS, MONTHLY
from rs_governance.district import ISSUE_PATTERN, District, read_district
from rs_governance.errors import ConfigInvalid, UsageError
from rs_governance.flows.comparisons import Compared, compare_scenes
from rs_governance.flows.issue import gather_issue, input_files
from rs_governance.flows.outdated import tell_outdated
from rs_governance.flows.setup import PathLike, Progress, Setup, Stopwatch, tell
from rs_governance.publish import month as publish

ISSUES, SUPERSEDED = "issues", "superseded"
"""Folder of the published issues beside `district.toml`, and the one in it for those that were replaced."""

FEEDBACK_JSON = "feedback.json"
"""Copy of the file of feedback that an issue was made with."""

_ASSETS = {
    "findings.geojson": ("图斑（WGS 84） / spots in WGS 84", "data"),
    "findings.gpkg": ("图斑（GeoPackage） / spots as GeoPackage", "data"),
    "findings.parquet": ("图斑（GeoParquet） / spots as GeoParquet", "data"),
    "findings.kml": ("图斑（KML） / spots as KML", "data"),
    "statistics.json": ("统计 / figures", "metadata"),
    "decisions.json": ("判定依据 / grounds of the decisions", "metadata"),
    "tasks/index.json": ("任务清单目录 / index of the task lists", "metadata"),
    "report.html": ("月报（网页） / report as a page", "overview"),
    "report.pdf": ("月报（PDF） / report as PDF", "overview"),
    "map.png": ("全区一张图 / map of the district", "overview"),
}
"""Files of an issue that its catalogue points to: what they are, and their role there."""

_LOOK_AT = (
    "report.html",
    "report.pdf",
    "map.png",
    "findings.gpkg",
    "findings.xlsx",
    "tasks/index.json",
    "statistics.xlsx",
    "manifest.json",
)

_LAND_USE, _WOODED = "land_use", ("woodland", "grassland")

# More of the district than this unseen is worth a warning.
_LITTLE_SEEN = 0.8


@dataclass(frozen=True, kw_only=True)
class MonthSummary:
    """What an issue says, and where it lies."""

    out: Path
    """Folder of the issue."""
    issue: str
    """Name of the issue."""
    spots: int
    """Number of spots."""
    severity: Mapping[str, int]
    """Number of spots of each severity."""
    observed_share: float
    """Share of the district that could be compared, 0..1."""
    warnings: tuple[tuple[str, str], ...]
    """What somebody should know before trusting the issue, in Chinese and in English."""
    seconds: Mapping[str, float]
    """Wall-clock seconds of each stage."""
    files: tuple[str, ...]
    """What to open, in the order in which to look at it."""


def run_month(
    district: PathLike,
    *,
    month: str | None = None,
    issue: str | None = None,
    out: PathLike | None = None,
    replace: bool = False,
    device: str = "auto",
    workers: int | None = None,
    block: int | None = None,
    pictures: bool = True,
    feedback: PathLike | None = None,
    progress: Progress | None = None,
) -> MonthSummary:
    """Publish an issue of a district: compare, join, judge, write; whole or not at all.

    Parameters
    ----------
    district
        `district.toml`, or its folder.
    month
        Month to publish, such as `2026-10`: the issue of that name.
    issue
        Issue to publish instead, such as `2026-10a`.
    out
        Folder of the issues; `issues` beside `district.toml` by default.
    replace
        True to publish an issue again; the former one is moved to `superseded`.
    device, workers, block
        As for `detect`.
    pictures
        False to leave out chips, cards, report and scenes.
    feedback
        File of `rsg feedback --out`, for the report; None to leave that chapter out.
    progress
        Told how far the work is.

    Returns
    -------
    MonthSummary
        Main figures.

    Raises
    ------
    RsgError
        One of its subclasses, when an input cannot be used or the folder cannot be written.
    """
    started_at, watch = datetime.now(UTC), Stopwatch()
    setup = Setup.resolve(detector=DETECTOR, device=device, workers=workers, block=block)
    name = _issue_name(month, issue)
    with watch.time("read"):
        tell(progress, "read", 0.0)
        about = read_district(district)
        references = grids.read_references(about)
        rulebook = rules.read_rules(about.rules)
        told = None if feedback is None else publish.read_feedback(Path(feedback), district_code=about.code)
        tell(progress, "read", 1.0)
    setup.tell_of_compiling(progress)
    issues = Path(out) if out is not None else about.folder / ISSUES
    former = publish.find_issues(issues, before=name)
    with publish.OutputFolder(issues / name, replace=replace, keep=_next_superseded(issues, name)) as part:
        compared, joined, judged = judge_issue(
            about, references, rulebook, issue=name, setup=setup, former=former, watch=watch, progress=progress
        )
        with watch.time("tables"):
            tell(progress, "tables", 0.0)
            content = gather_issue(about, name, compared, joined, judged, former, told)
            publish_tables(part, content, pictures=pictures)
            if feedback is not None:
                _keep_feedback(part, Path(feedback))
            kept = rules.keep_judged(joined, rulebook, district_code=about.code, issue=name, as_of=_as_of(compared))
            _keep(part / rules.KEPT_FOLDER, kept)
            tell(progress, "tables", 1.0)
        if pictures:
            with watch.time("pictures"):
                _publish_pictures(part, content, compared, setup.workers, progress)
        with watch.time("manifest"):
            publish.write_manifest(
                content,
                part,
                inputs=input_files(
                    Path(district), about, compared, former, feedback=None if feedback is None else Path(feedback)
                ),
                parameters={
                    "detector": DETECTOR,
                    **MONTHLY.as_record(),
                    "rules": {"version": rulebook.version},
                    "pictures": pictures,
                },
                device=setup.device,
            )
        log = publish.RunLog(
            started_at=started_at,
            finished_at=datetime.now(UTC),
            seconds=watch.seconds,
            device=rs_kernels.device_name(setup.device),
            workers=setup.workers,
            block_px=setup.block_px,
        )
        publish.write_run_log(part / "run.log.json", log)
        files = tuple(name for name in _LOOK_AT if (part / name).exists())
    severity = content.spots["severity"].value_counts()
    return MonthSummary(
        out=issues / name,
        issue=name,
        spots=len(content.spots),
        severity={each: int(severity.get(each, 0)) for each in rules.SEVERITIES},
        observed_share=float(content.coverage["observed_share"].iloc[0]),
        warnings=(*_warnings(content, references, compared.clouded), *tell_outdated(issues, name)),
        seconds=watch.seconds,
        files=files,
    )


def judge_issue(
    about: District,
    references: grids.References,
    rulebook: rules.Rules,
    *,
    issue: str,
    setup: Setup,
    former: Sequence[publish.FormerIssue] = (),
    watch: Stopwatch | None = None,
    progress: Progress | None = None,
) -> tuple[Compared, grids.Joined, rules.Judged]:
    """Compare, join and judge an issue, without publishing it.

    Parameters
    ----------
    about
        The district.
    references
        Its units, layers and registers.
    rulebook
        Its rules.
    issue
        Name of the issue.
    setup
        How to compute.
    former
        Issues that came before.
    watch
        Told how long it took.
    progress
        Told how far the work is.
    """
    watch = watch or Stopwatch()
    with watch.time("compare"):
        compared = compare_scenes(
            about,
            issue=issue,
            inside=_inside(references),
            woods=_woods(references),
            setup=setup,
            known=publish.outlines_of(former, about.crs),
            progress=progress,
        )
    with watch.time("judge"):
        tell(progress, "judge", 0.0)
        # As it is published, so that the parts in units and all sums are of the areas that people find in the tables.
        area_m2 = compared.findings["area_m2"].round(FINDINGS.by_name["area_m2"].decimals)
        findings = compared.findings.assign(basis=compared.basis.to_numpy(), area_m2=area_m2)
        joined = grids.join(findings, references, shrink_m=compared.shrink_m)
        judged = rules.judge(joined, rulebook, district_code=about.code, issue=issue, as_of=_as_of(compared))
        tell(progress, "judge", 1.0)
    return compared, joined, judged


def _as_of(compared: Compared) -> date:
    """Return the day on which an issue is judged: that of its newest image, so that judging again changes nothing."""
    return max(one.after.acquired_on for one in compared.plan.comparisons)


def _keep(folder: Path, files: Mapping[str, bytes]) -> None:
    with publish.writing(folder):
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)


def _keep_feedback(part: Path, file: Path) -> None:
    with publish.writing(part / FEEDBACK_JSON):
        shutil.copyfile(file, part / FEEDBACK_JSON)


def publish_tables(part: Path, content: publish.MonthlyIssue, *, pictures: bool) -> None:
    """Write everything but pictures."""
    publish.write_geojson(content.spots, part / "findings.geojson", table=rules.SPOTS, outlines=content.outlines_wgs84)
    publish.write_issue_gpkg(content, part / "findings.gpkg")
    publish.write_geoparquet(content.spots, part / publish.FINDINGS_PARQUET, table=rules.SPOTS)
    (part / "shapefile").mkdir()
    publish.write_shapefile(content.spots, part / "shapefile" / "findings.shp", table=rules.SPOTS)
    publish.write_kml(content, part / "findings.kml")
    publish.write_task_lists(content, part / "tasks", pictures=pictures)
    figures = publish.summarise(content)
    publish.write_statistics_json(figures, part / publish.STATISTICS_JSON)
    publish.write_statistics_csv(figures, part / "statistics.csv")
    publish.write_statistics_xlsx(figures, part / "statistics.xlsx", trend=content.trend)
    publish.write_decisions(content, part / "decisions.json")
    publish.write_list_xlsx(
        content.spots,
        part / "findings.xlsx",
        table=rules.SPOTS,
        title=f"{content.district_name} {content.issue} 期图斑清单",
        made_on=content.last_image_on,
        tint="severity",
    )


def _publish_pictures(
    part: Path, content: publish.MonthlyIssue, compared: Compared, threads: int, progress: Progress | None
) -> None:
    """Write chips, cards, map, report, scenes and the catalogue."""
    with publish.Imagery(compared.scenes) as imagery:
        tell(progress, "chips", 0.0)
        chips = publish.write_chips(content, imagery, part / "chips", shifts=compared.shifts)
        tell(progress, "cards", 0.0)
        publish.write_cards(content, imagery, chips, part / "cards")
        tell(progress, "report", 0.0)
        for lang in publish.LANGUAGES:
            publish.write_report(content, imagery, chips, part, lang=lang)
        tell(progress, "scenes", 0.0)
        (part / "scenes").mkdir()
        # What is compared with was published with its own issue.
        new = [scene.id for scene in content.scenes if scene.role == "after"]
        scenes = {
            name: publish.write_scene(imagery, name, part / "scenes", crs=content.crs, threads=threads) for name in new
        }
    publish.write_catalogue(content, part, scenes=scenes, assets=_assets(part))


def _assets(part: Path) -> list[publish.IssueAsset]:
    return [
        publish.IssueAsset(key=name.replace("/", "_").replace(".", "_"), path=part / name, title=title, roles=(role,))
        for name, (title, role) in _ASSETS.items()
        if (part / name).exists()
    ]


def _warnings(
    content: publish.MonthlyIssue, references: grids.References, clouded: Mapping[str, float]
) -> tuple[tuple[str, str], ...]:
    """Say what somebody should know before trusting an issue."""
    said = []
    share = float(content.coverage["observed_share"].iloc[0])
    if share < _LITTLE_SEEN:
        said.append((
            f"{content.issue} 期仅可比对全区 {share:.0%}，其余见未观测范围。",
            f"Issue {content.issue}: only {share:.0%} of the district could be compared; see what was not observed.",
        ))
    said += [
        (
            f"{pair.before_image} 与 {pair.after_image} 的位移未能测定，沿边缘可能误报。",
            f"The shift between {pair.before_image} and {pair.after_image} could not be measured; edges may be found falsely.",
        )
        for pair in content.pairs
        if pair.residual_px is None
    ]
    said += [
        (
            f"影像 {name} 约 {share:.1%} 的范围像是云，会被误报；若是云，请在其 [[scene]] 中以 clouds 给出云掩膜。",
            f"About {share:.1%} of image {name} looks like clouds; if it is, give its mask as clouds in its [[scene]].",
        )
        for name, share in clouded.items()
    ]
    problems = sum(len(source.problems) for source in content.sources)
    if problems:
        said.append((
            f"参考资料有 {problems} 处问题，见 rsg grids check。",
            f"{problems} rows of the references have problems; see rsg grids check.",
        ))
    said += [(f"{note.message_zh}。", f"{note.message_en}.") for note in references.notes]
    return tuple(said)


def _issue_name(month: str | None, issue: str | None) -> str:
    """Return the issue that was asked for."""
    name = issue or month
    if name is None or not re.fullmatch(ISSUE_PATTERN, name):
        raise UsageError(
            f"Expected a month such as 2026-10 (--month), or an issue such as 2026-10a (--issue), got {name or 'neither'}."
        )
    if issue is not None and month is not None and not issue.startswith(month):
        raise UsageError(f"Issue {issue} is not one of month {month}; say one of them.")
    return name


def _inside(references: grids.References) -> BaseGeometry:
    """Return the ground of the district."""
    units = references.units.frame
    if not len(units):
        raise ConfigInvalid(
            "district.toml names no units, so nobody knows where the district ends; add [units] with district, town or village."
        )
    level = references.units.levels[0]
    return shapely.union_all(units.geometry[units["level"] == level].to_numpy())


def _woods(references: grids.References) -> BaseGeometry | None:
    """Return the wooded ground of the land-use survey; None where there is none."""
    if _LAND_USE not in references.layers:
        return None
    surveyed = references.layers[_LAND_USE].frame
    wooded = surveyed[[rules.land_group(code) in _WOODED for code in surveyed["code"]]]
    return shapely.union_all(wooded.geometry.to_numpy()) if len(wooded) else None


def _next_superseded(issues: Path, name: str) -> Path:
    """Return the first free name for an issue that is replaced."""
    number = 1
    while (kept := issues / SUPERSEDED / f"{name}.{number:03d}").exists():
        number += 1
    return kept
