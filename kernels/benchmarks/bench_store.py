"""Time a store of many cases: a page of the list, one act, matching the findings of a month, the audit.

    python -m benchmarks.bench_store --cases 100000 --events 1000000

The store is made up, the same for the same seed; it can be kept with --keep and used again with --store. Wall time is told
(median and 95th percentile), an act with its fsync, and the processor time beside it.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
import sqlalchemy as sa

from rs_governance.cases import SYSTEM, Act, Clocks, Opening, act, read_clocks
from rs_governance.cases.life.acting import first_facts
from rs_governance.cases.life.many import Batch
from rs_governance.cases.life.record import plain_changes
from rs_governance.cases.months.known import read_known
from rs_governance.cases.months.matching import Seen, match
from rs_governance.cases.months.observing import Edition, Shown, observe
from rs_governance.cases.shown.listing import Wanted, list_cases
from rs_governance.cases.trail.audit import audit_store
from rs_governance.db import Case, Store, create_store, open_store
from rs_governance.db.chain import append_events

AIMS = {"page, ms": 100.0, "act, ms": 20.0, "match and write 20,000, s": 30.0}
"""What is aimed at with 100,000 cases and 1,000,000 events."""

_NOW = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
_CLOCKS = Clocks(by_state=read_clocks())
_STATES = (
    "detected",
    "screened",
    "dispatched",
    "verifying",
    "evidenced",
    "confirmed",
    "disposing",
    "rectified",
    "closed",
)
_KINDS = ("new_building", "earthwork", "demolition")
_THEMES = ("farmland", "protected_woodland", "illegal_construction")
_AT_ONCE = 2000


def make_store(folder: Path, *, cases: int, events: int, seed: int) -> Store:
    """Make up a store: cases 60 m apart, each with as many events, opened over the last years.

    Parameters
    ----------
    folder
        Folder to make.
    cases, events
        How many; events is a multiple of cases.
    seed
        Of everything drawn.
    """
    store = create_store(
        folder,
        district_code="450108",
        district_name="良庆区",
        crs=pyproj.CRS("EPSG:4545"),
        now=_NOW,
        store_id="450108-bench",
    )
    rng = np.random.default_rng(seed)
    with store.write() as session:
        for start in range(0, cases, _AT_ONCE):
            rows = [_case(number, rng) for number in range(start, min(start + _AT_ONCE, cases))]
            session.execute(sa.insert(Case), rows)
            append_events(session, [_opened(row) for row in rows], at=_NOW)
        numbers = [f"C{number:06}" for number in range(cases)]
        versions = np.ones(cases, dtype=int)
        for start in range(cases, events, _AT_ONCE):
            chosen = [number % cases for number in range(start, min(start + _AT_ONCE, events))]
            many = []
            for place in chosen:
                versions[place] += 1
                many.append(_commented(numbers[place], int(versions[place])))
            append_events(session, many, at=_NOW)
        session.execute(sa.update(Case).values(version=events // cases))
    return store


def _case(number: int, rng: np.random.Generator) -> dict[str, Any]:
    column, line = number % 400, number // 400
    x, y = 500_000 + 60.0 * column, 2_500_000 + 60.0 * line
    state = _STATES[int(rng.integers(len(_STATES)))]
    opening = Opening(
        number=f"C{number:06}",
        facts={
            "channel": "satellite",
            "state": state,
            "verdict": "illegal" if state == "closed" else "suspected",
            "resolution": "demolished" if state == "closed" else None,
            "closed_at": _NOW if state == "closed" else None,
            "severity": ("red", "yellow", "green")[int(rng.integers(3))],
            "suspicion": "suspected",
            "theme": _THEMES[int(rng.integers(3))],
            "kind": _KINDS[int(rng.integers(3))],
            "department": "agriculture",
            "district_code": "450108",
            "town_code": f"450108{100 + number % 12:03}",
            "village_code": f"450108{100 + number % 12:03}{number % 15:03}",
            "cell_code": "",
            "first_issue": "2026-09",
            "last_issue": "2026-09",
            "first_seen_on": date(2026, 9, 12),
            "last_seen_on": date(2026, 9, 12) - timedelta(days=int(rng.integers(700))),
            "area_m2": 600.0,
            "lon": 108.0 + column / 2000,
            "lat": 22.6 + line / 2000,
            "outline": shapely.box(x, y, x + 30, y + 20),
        },
    )
    return first_facts(opening, now=_NOW, clocks=_CLOCKS)


def _opened(facts: dict[str, Any]) -> dict[str, Any]:
    return _event(facts["number"], 1, "open", to_state=facts["state"], changes=plain_changes({}, facts))


def _commented(number: str, version: int) -> dict[str, Any]:
    return _event(
        number, version, "comment", to_state="screened", changes={"version": version}, note="现场查看，未见施工"
    )


def _event(number: str, version: int, action: str, **more: Any) -> dict[str, Any]:
    return {
        "case_number": number, "version": version, "action": action, "actor": "system", "role": "system",
        "from_state": None, "reason": None, "note": "", "evidence": [], "facts": {}, "key": None, **more,
    }  # fmt: skip


def measure(store: Store, *, times: int, findings: int, seed: int) -> dict[str, Any]:
    """Time what people wait for.

    Parameters
    ----------
    store
        The store.
    times
        Number of pages and acts that are timed.
    findings
        Number of findings that are matched.
    seed
        Of everything drawn.
    """
    rng = np.random.default_rng(seed)
    with store.read() as session:
        numbers = list(session.scalars(sa.select(Case.number).where(Case.state != "closed")))
        events = session.execute(sa.text("SELECT max(id) FROM events")).scalar_one()
    figures: dict[str, Any] = {"cases, open": len(numbers), "events": events}
    for name, wanted in _pages():
        figures[f"page, {name}, ms"] = _times(lambda wanted=wanted: _read_page(store, wanted), times)
    chosen = iter(rng.choice(numbers, times + 1))
    figures["act, ms"] = _times(lambda: _comment(store, str(next(chosen))), times)
    figures |= _match(store, findings, rng)
    with _timed("audit") as audited:
        audit = audit_store(store, (), {})
    figures |= {**audited, "audit, defects": len(audit.defects)}
    figures["file, MB"] = round(sum(file.stat().st_size for file in store.folder.glob("store.gpkg*")) / 1e6)
    figures["peak GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    return figures


def _pages() -> Iterator[tuple[str, Wanted]]:
    yield "all open", Wanted(open_only=True)
    yield "red in a town, by state", Wanted(states=("dispatched", "verifying"), severities=("red",), town="450108104")
    yield "overdue", Wanted(overdue_on=date(2026, 11, 5))
    yield "piece of a number", Wanted(text="0123")


def _read_page(store: Store, wanted: Wanted) -> None:
    with store.read() as session:
        list_cases(session, wanted)


def _comment(store: Store, number: str) -> None:
    with store.write() as session:
        act(session, number, Act(action="respond", actor=SYSTEM, note="现场查看"), now=_NOW, clocks=_CLOCKS)


def _match(store: Store, findings: int, rng: np.random.Generator) -> dict[str, Any]:
    shown = {one.spot["spot_no"]: one for one in _spots(findings, rng)}
    with _timed(f"match {findings:,}") as figures, store.read() as session:
        seen = [
            Seen(key=key, outline=one.outline, kind=one.spot["kind"], work=one.is_work, after_on=one.spot["after_on"])
            for key, one in shown.items()
        ]
        known = read_known(session)
        matches = match(seen, known)
    # All of taking in an issue but reading its files and keeping its spots: cases are opened, reopened and updated.
    with _timed(f"match and write {findings:,}") as written, store.write() as session:
        events = session.execute(sa.text("SELECT max(id) FROM events")).scalar_one()
        edition = Edition(issue=f"2026-10-{events}", number=1, image_on=date(2026, 10, 14), unseen=None)
        batch = Batch(session=session, actor=SYSTEM, now=_NOW, clocks=_CLOCKS)
        batch.load(matches.of_case)
        observed = observe(batch, edition, shown, matches, known)
        batch.write()
    relations = dict(sorted(observed.relations.items()))
    return {**figures, "matched": len(matches.of_finding), **written, "cases by relation": relations}


def _spots(count: int, rng: np.random.Generator) -> Iterator[Shown]:
    for place in range(count):
        x, y = 500_000 + float(rng.uniform(0, 24_000)), 2_500_000 + float(rng.uniform(0, 15_000))
        spot = {
            "spot_no": f"S{place:05}", "kind": _KINDS[place % 3], "theme": _THEMES[place % 3], "suspicion": "suspected",
            "department": "agriculture", "severity": ("red", "yellow", "green")[place % 3], "lon": 108.1, "lat": 22.7,
            "district_code": "450108", "town_code": "450108100", "village_code": "450108100001", "cell_code": "",
            "area_m2": 600.0, "cropland_m2": 100.0, "basic_cropland_m2": 0.0, "protected_m2": 0.0, "permit_number": None,
            "permit_register": None, "issue": "2026-10", "reason_zh": "批准范围外动工", "after_on": date(2026, 10, 14),
        }  # fmt: skip
        yield Shown(spot=spot, outline=shapely.box(x, y, x + 30, y + 20))


@contextmanager
def _timed(name: str) -> Iterator[dict[str, float]]:
    wall, processor, figures = time.perf_counter(), time.process_time(), dict[str, float]()
    yield figures
    figures[f"{name}, s"] = round(time.perf_counter() - wall, 2)
    figures[f"{name}, processor s"] = round(time.process_time() - processor, 2)


def _times(work: Callable[[], None], times: int) -> dict[str, float]:
    work()
    wall, processor = [], time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        work()
        wall.append(time.perf_counter() - start)
    spent = (time.process_time() - processor) / times
    median, slow = np.quantile(wall, [0.5, 0.95])
    return {"median": round(1e3 * median, 2), "p95": round(1e3 * slow, 2), "processor": round(1e3 * spent, 2)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--findings", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder to keep the store in")
    parser.add_argument("--store", type=Path, help="folder of a store that was kept")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        wall, processor = time.perf_counter(), time.process_time()
        store = (
            open_store(options.store)
            if options.store
            else make_store(
                options.keep or Path(scratch) / "store", cases=options.cases, events=options.events, seed=options.seed
            )
        )
        made = {
            "made, s": round(time.perf_counter() - wall, 1),
            "made, processor s": round(time.process_time() - processor, 1),
        }
        figures = measure(store, times=options.times, findings=options.findings, seed=options.seed)
        store.close()
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({**made, **figures, "load of the machine": load, "aims": AIMS}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
