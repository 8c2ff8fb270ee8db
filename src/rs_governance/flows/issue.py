"""What an issue says of itself: its images, pairs, coverage, references and inputs."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from rs_governance import grids, rules
from rs_governance.district import District
from rs_governance.flows.comparisons import Compared
from rs_governance.grids.coverage import SeenPart, cover_units
from rs_governance.publish import month as publish


def seen_parts(compared: Compared) -> list[SeenPart]:
    """Return what was compared, with its days."""
    return [
        SeenPart(before_on=one.before.acquired_on, after_on=one.after.acquired_on, area=one.area)
        for one in compared.plan.comparisons
    ]


def gather_issue(
    district: District,
    name: str,
    compared: Compared,
    joined: grids.Joined,
    judged: rules.Judged,
    former: tuple[publish.FormerIssue, ...],
    feedback: publish.IssueFeedback | None = None,
) -> publish.MonthlyIssue:
    """Gather what is published of an issue.

    Parameters
    ----------
    district
        The district.
    name
        Name of the issue.
    compared
        What was compared.
    joined
        Findings and what they have to do with the references.
    judged
        Spots and their decisions.
    former
        Issues that came before.
    feedback
        What became of their spots.
    """
    numbers = judged.spots.set_index("finding_id")["spot_no"]
    in_units = joined.in_units.assign(spot_no=joined.in_units["finding_id"].map(numbers))
    return publish.MonthlyIssue(
        district_code=district.code,
        district_name=district.name,
        district_name_en=district.name_en,
        issue=name,
        crs=district.crs,
        spots=judged.spots,
        decisions=judged.decisions,
        in_units=in_units[["spot_no", "level", "code", "name", "area_in_unit_m2"]]
        .sort_values("spot_no", kind="stable")
        .reset_index(drop=True),
        units=joined.references.units.frame,
        scenes=_scene_facts(district, name, compared),
        pairs=tuple(
            publish.PairFacts(
                before_image=before,
                after_image=after,
                basis=compared.bases[before, after],
                residual_px=registration.residual_px if registration.reliable else None,
            )
            for (before, after), registration in compared.registrations.items()
        ),
        coverage=cover_units(joined.references.units, seen_parts(compared)),
        unseen=gpd.GeoDataFrame(
            {"reason": [one.reason for one in compared.plan.unseen]},
            geometry=np.array([one.area for one in compared.plan.unseen], object),
            crs=district.crs,
        ),
        sources=_source_facts(joined.references),
        trend=tuple(issue.figures() for issue in former),
        feedback=feedback,
    )


def _scene_facts(district: District, issue: str, compared: Compared) -> tuple[publish.SceneFacts, ...]:
    facts = []
    for source in district.scenes:
        scene = compared.scenes.get(source.id)
        if scene is None:
            continue
        before_only = source.issue != issue
        role: publish.SceneRole = "after"
        if before_only:
            monthly = any(before == source.id and basis == "monthly" for (before, _), basis in compared.bases.items())
            role = "before" if monthly else "baseline"
        facts.append(
            publish.SceneFacts(
                id=source.id,
                acquired_on=source.acquired_on,
                issue=source.issue,
                sensor=scene.sensor or "unknown",
                roles=scene.roles,
                gsd_m=round(float(np.sqrt(np.prod(scene.grid.pixel_size_m))), 3),
                footprint=compared.areas[source.id],
                files=scene.files,
                role=role,
            )
        )
    return tuple(facts)


def _source_facts(references: grids.References) -> tuple[publish.SourceFacts, ...]:
    def facts(part: Any, kind: publish.SourceKind, name: str, titles: tuple[str, str]) -> publish.SourceFacts:
        return publish.SourceFacts(
            name=name,
            title_zh=titles[0],
            title_en=titles[1],
            kind=kind,
            as_of=getattr(part, "as_of", None),
            scheme=getattr(part, "scheme", None),
            features=len(part.frame),
            problems=part.problems,
        )

    found = [facts(references.units, "units", "units", ("行政区划与网格", "administrative units and grid cells"))]
    found += [facts(one, "layer", name, (one.title_zh, one.title_en)) for name, one in references.layers.items()]
    found += [facts(one, "register", name, (one.title_zh, one.title_en)) for name, one in references.registers.items()]
    if references.zones is not None:
        found.append(facts(references.zones, "zones", "zones", ("屏蔽区", "muted zones")))
    if references.ledger is not None:
        found.append(facts(references.ledger, "ledger", "ledger", ("存量台账", "ledger of known spots")))
    return tuple(found)


def input_files(
    path: Path,
    district: District,
    compared: Compared,
    former: tuple[publish.FormerIssue, ...],
    *,
    feedback: Path | None = None,
) -> dict[str, tuple[Path, ...]]:
    """Return the files that went into an issue, by their part, for the manifest.

    Parameters
    ----------
    path
        `district.toml`, or its folder.
    district
        What it says.
    compared
        What was compared.
    former
        Issues that came before.
    feedback
        File of what became of their spots.
    """
    inputs: dict[str, tuple[Path, ...]] = {"district": (path / "district.toml" if path.is_dir() else path,)}
    if district.rules is not None:
        inputs["rules"] = (district.rules,)
    for source in district.scenes:
        if source.id in compared.scenes:
            inputs[f"scene {source.id}"] = compared.scenes[source.id].files
            if source.clouds is not None:
                inputs[f"clouds {source.id}"] = _with_sidecars(source.clouds)
    for level, unit in district.units.items():
        inputs[f"units {level}"] = _with_sidecars(unit.path)
    for kind, sources in (("layer", district.layers), ("register", district.registers)):
        for name, layer in sources.items():
            inputs[f"{kind} {name}"] = _with_sidecars(layer.path)
    for name, one in (("zones", district.zones), ("ledger", district.ledger)):
        if one is not None:
            inputs[name] = _with_sidecars(one.path)
    for issue in former:
        inputs[f"issue {issue.name}"] = issue.files
    if feedback is not None:
        inputs["feedback"] = (feedback,)
    return inputs


def _with_sidecars(path: Path) -> tuple[Path, ...]:
    """Return a file with those that belong to it: a shapefile is several."""
    if path.suffix.lower() != ".shp":
        return (path,)
    return tuple(sorted(other for other in path.parent.iterdir() if other.stem == path.stem and other.is_file()))
