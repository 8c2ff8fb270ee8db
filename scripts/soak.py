"""Many processes on one store, and processes killed at random instants: nothing lost, doubled or half-written.

python scripts/soak.py                  all of it; writes docs/soak.md
python scripts/soak.py --share 0.1      a tenth, as `make test` does; prints JSON
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import soak_workers as workers
import sqlalchemy as sa

from rs_governance.cases.trail.audit import audit_store
from rs_governance.db import SCHEMA, Case, Clue, Event, Export, Finding, Intake, Issue, Photo, Store, open_store
from rs_governance.db.checking import check_database
from rs_governance.db.copying import read_backup
from rs_governance.db.store import open_any_store, schema_of
from rs_governance.errors import RsgError
from rs_governance.field import settle_exports

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "soak.md"
PROCESSES, ACTS = 8, 200
KILLS = {"acts": 80, "take-ins": 40, "backups": 40, "exports": 30, "issues": 30, "returns": 30, "migrations": 30}
"""Processes killed, by what they do."""

# Forked from a process that has loaded everything and done nothing: a process of its own, ready in milliseconds.
_START = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a killed process left."""

    store: Path
    """Folder of its store."""
    work: Path
    """Folder of what it made outside."""
    told: Sequence[Sequence[str]]
    """What it had told as done, word by word."""
    start: int
    """Number of the process."""


class Broken(Exception):
    """Something was lost, doubled or half-written."""


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


def soak_acts(folder: Path, acts: int) -> dict[str, int]:
    """Let processes act on the same cases at once, and compare the store with what they were told."""
    workers.make_store(folder / "store")
    logs = [folder / f"worker-{worker}.log" for worker in range(PROCESSES)]
    processes = [
        _START.Process(target=workers.act_often, args=(folder / "store", log, worker, acts))
        for worker, log in enumerate(logs)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        demand(process.exitcode == 0, "a process met something else than a refusal or a conflict")
    told = [line.split() for log in logs for line in log.read_text().splitlines()]
    outcomes = dict(Counter(outcome for outcome, *_ in told))
    done = {key for outcome, _, key in told if outcome == "done"}
    demand(len({key for *_, key in told}) == PROCESSES * acts, "an act was not answered")
    store = open_store(folder / "store")
    with store.read() as session:
        kept = list(session.scalars(sa.select(Event.key).where(Event.key.is_not(None))))
        versions = session.execute(
            sa
            .select(Case.version, sa.func.count(Event.id))
            .join(Event, Event.case_number == Case.number)
            .group_by(Case.id)
        ).all()
    demand(len(kept) == len(set(kept)), "an act counts twice")
    demand(
        set(kept) == done, f"{len(done - set(kept))} acts were lost, {len(set(kept) - done)} were refused and yet done"
    )
    demand(all(version == count for version, count in versions), "the versions of a case have a gap")
    demand_sound(store)
    store.close()
    return {"processes": PROCESSES, "acts": PROCESSES * acts, **outcomes}


def soak_kills(folder: Path, kills: dict[str, int], rng: random.Random) -> dict[str, dict[str, Any]]:
    """Kill processes at random instants, and look after each at what they left."""
    figures = {}
    pristine = folder / "pristine"
    workers.make_store(pristine)
    for name, count in kills.items():
        work = folder / name
        work.mkdir()
        store = folder / f"{name}-store"
        if name == "migrations":
            workers.make_steps(work / "steps", SCHEMA)
        else:
            shutil.copytree(pristine, store)
        span = _span(name, folder, store, work)
        found: Counter[str] = Counter()
        for start in range(1, count + 1):
            if name == "migrations":
                _renew(pristine, store, work)
            told = _kill(name, store, work, folder / f"{name}-{start}.log", start, rng.uniform(0, span))
            found.update(_CHECKS[name](Left(store=store, work=work, told=told, start=start)))
        opened = open_any_store(store)
        if name != "migrations":
            demand_sound(opened)
        opened.close()
        figures[name] = {"kills": count, "within ms": round(1000 * span), **found}
    return figures


def _span(name: str, folder: Path, store: Path, work: Path) -> float:
    """Measure how long one piece of the work takes, so that the instants fall all over it."""
    if name == "migrations":
        _renew(folder / "pristine", store, work)
    log = folder / f"{name}-0.log"
    process = _START.Process(target=workers.be_victim, args=(name, store, work, log, 0))
    process.start()
    began = _wait_for(log, "begin", process)
    ended = _wait_for(log, "done", process)
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    # An upgrade is one piece of work, the others begin the next piece at once.
    return (1.1 if name == "migrations" else 2.0) * (ended - began)


def _kill(name: str, store: Path, work: Path, log: Path, start: int, after: float) -> list[list[str]]:
    process = _START.Process(target=workers.be_victim, args=(name, store, work, log, start))
    process.start()
    _wait_for(log, "begin", process)
    time.sleep(after)
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    demand(process.exitcode in {0, -signal.SIGKILL}, f"{name}: the process ended by itself with {process.exitcode}")
    return [line.split()[1:] for line in log.read_text().splitlines() if line.startswith("done ")]


def _wait_for(log: Path, word: str, process: Any) -> float:
    while not log.exists() or f"{word}" not in log.read_text():
        demand(process.is_alive() or (log.exists() and word in log.read_text()), "the process did not even begin")
        time.sleep(0.001)
    return time.monotonic()


def _renew(pristine: Path, store: Path, work: Path) -> None:
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(pristine, store)
    for backup in work.glob("*-2*"):
        shutil.rmtree(backup)


def _after_acts(left: Left) -> Counter[str]:
    store = open_store(left.store)
    with store.read() as session:
        mine = Event.key.like(f"act-{left.start}-%")
        kept = dict(session.execute(sa.select(Event.key, Event.evidence).where(mine)).all())
        photos = set(session.scalars(sa.select(Photo.taken_in).where(Photo.taken_in.like(f"act-{left.start}-%"))))
    store.close()
    demand({key for key, _ in left.told} <= set(kept), "an act that was told as done is not there")
    demand(len(kept) <= len(left.told) + 1, "more acts are there than were begun")
    demand(photos == set(kept), "an act is there without its photo, or a photo without its act")
    return Counter(done=len(left.told), **{"done but not told": len(kept) - len(left.told)})


def _after_take_ins(left: Left) -> Counter[str]:
    store = open_store(left.store)
    with store.read() as session:
        counts = dict(session.execute(sa.select(Clue.taken_in, sa.func.count()).group_by(Clue.taken_in)).all())
        entered = set(session.scalars(sa.select(Intake.sha256)))
        loose = session.scalar(
            sa.select(sa.func.count()).select_from(Clue).where(~Clue.case_number.in_(sa.select(Case.number)))
        )
    store.close()
    demand({sha256 for _, sha256 in left.told} <= set(counts), "a file that was told as taken is not there")
    demand(set(counts.values()) <= {workers.CLUES}, f"a file was taken by half: {counts}")
    demand(set(counts) == entered, "a file was taken without its entry")
    demand(loose == 0, "a clue has no case")
    return Counter(done=len(left.told))


def _after_backups(left: Left) -> Counter[str]:
    there = {path.name for path in left.work.iterdir() if not path.name.startswith(".")}
    demand({name for (name,) in left.told} <= there, "a backup that was told as made is not there")
    store = open_store(left.store)
    with store.read() as session:
        events = session.scalar(sa.select(sa.func.count(Event.id)))
    store.close()
    for name in there:
        backup = read_backup(left.work / name)
        demand(backup.events == events, "a backup has not all events")
        shutil.rmtree(left.work / name)
    return Counter(done=len(left.told))


def _after_exports(left: Left) -> Counter[str]:
    store = open_store(left.store)
    settle_exports(store, now=workers.NOW, clocks=workers.CLOCKS)
    with store.read() as session:
        exports = session.execute(sa.select(Export.number, Export.case_numbers, Export.facts)).all()
        entered = {row.number: row.case_numbers for row in exports}
        void = {row.number for row in exports if "void" in row.facts}
        noted = Counter(
            key.split("/")[1] for key in session.scalars(sa.select(Event.key).where(Event.key.like("export/%")))
        )
    store.close()
    demand({number for number, _ in left.told} <= set(entered), "a package was handed out without an entry")
    demand(
        noted == {number: len(cases) for number, cases in entered.items()},
        "a package is noted on some of its cases only",
    )
    demand(not any("making" in row.facts for row in exports), "an entry neither counts nor is void")
    demand(not {number for number, _ in left.told} & void, "a package that was told as made is void")
    there = {file.stem for file in left.work.glob("package-*/*.geojson")}
    demand(
        there == set(entered) - void,
        "an entry counts whose package is not there, or a package has no entry that counts",
    )
    packages = [path for path in left.work.iterdir() if path.name.startswith(f"package-{left.start}-")]
    demand(
        {name for _, name in left.told} <= {path.name for path in packages},
        "a package that was told as made is not there",
    )
    demand(
        all(any(path.glob("*.geojson")) or any(path.glob("*/*.geojson")) for path in packages), "a package is not whole"
    )
    return Counter(done=len(left.told))


def _after_issues(left: Left) -> Counter[str]:
    store = open_store(left.store)
    with store.read() as session:
        issues = set(session.scalars(sa.select(Issue.name)))
        entered = {row.name: row.result for row in session.execute(sa.select(Intake.name, Intake.result))}
        found = dict(
            session.execute(
                sa.select(Finding.issue, sa.func.count()).where(Finding.case_id.is_not(None)).group_by(Finding.issue)
            ).all()
        )
        opened = dict(session.execute(sa.select(Case.first_issue, sa.func.count()).group_by(Case.first_issue)).all())
    store.close()
    demand({name for (name,) in left.told} <= issues, "an issue that was told as taken is not there")
    demand(issues == set(entered), "an issue was taken without its entry")
    demand(found == dict.fromkeys(issues, workers.SPOTS), "the findings of an issue are not all there")
    demand(
        all(opened.get(name, 0) == result["opened"] for name, result in entered.items()),
        "the cases of an issue are not all there",
    )
    return Counter(done=len(left.told))


def _after_returns(left: Left) -> Counter[str]:
    store = open_store(left.store)
    told = {name for (name,) in left.told}
    files = sorted(left.work.glob("*.json"))
    demand(told <= {file.name for file in files}, "a return that was told as taken is not there")
    for file in files:
        taken = workers.take_in(store, file)  # the way out after a stop: take the same file again
        demand(taken.again or file.name not in told, "a return that was told as taken was not whole")
        demand(len(taken.submitted) == workers.RETURNED and not taken.conflicts, f"{file.name}: {taken}")
        with store.read() as session:
            submitted = session.scalars(
                sa.select(Event.case_number).where(Event.case_number.in_(taken.submitted), Event.action == "submit")
            ).all()
            photos = session.scalars(sa.select(Photo.case_number).where(Photo.case_number.in_(taken.submitted))).all()
            entries = session.scalars(sa.select(Intake.name).where(Intake.name == file.name)).all()
        demand(
            sorted(submitted) == sorted(photos) == sorted(taken.submitted),
            "a case of a return counts twice, or by half",
        )
        demand(len(entries) == 1, "a return was entered twice, or never")
        file.unlink()
    store.close()
    return Counter(done=len(told), **{"done but not told": len(files) - len(told)})


def _after_migrations(left: Left) -> Counter[str]:
    store = open_any_store(left.store)
    schema = schema_of(store)
    demand(schema in {SCHEMA, "9999"}, f"the store is of version {schema}")
    demand(schema == "9999" or not left.told, "an upgrade that was told as done is not there")
    with store.read() as session:
        columns = {column["name"] for column in sa.inspect(session.connection()).get_columns("events")}
    demand(("soaked" in columns) == (schema == "9999"), "the tables are not of the version that they say")
    demand_sound(store)
    store.close()
    for backup in left.work.glob("[!.]*-2*"):
        read_backup(backup)
    return Counter(done=int(schema == "9999"))


_CHECKS = {
    "acts": _after_acts,
    "take-ins": _after_take_ins,
    "backups": _after_backups,
    "exports": _after_exports,
    "issues": _after_issues,
    "returns": _after_returns,
    "migrations": _after_migrations,
}


def demand_sound(store: Store) -> None:
    """Demand that the file, its indices and guards, the chain, the cases and the originals are what they should be."""
    defects = [*check_database(store), *audit_store(store, (), {}).defects]
    demand(not defects, f"{store.folder.name}: {defects[:3]}")


def page(figures: dict[str, Any]) -> Iterator[str]:
    """Write the figures as a page.

    Yields
    ------
    str
        Lines.
    """
    from rs_governance.learn.provenance import gather_provenance

    made_with = gather_provenance("cpu")
    acts, kills = figures["acts"], figures["kills"]
    yield "# Soak\n"
    yield "Many processes on one store, and processes killed at random instants (`make soak`). Nothing was lost, doubled or half-written.\n"
    yield f"{figures['date']}, {made_with.host}, commit {made_with.commit}. Share of the full soak: {figures['share']:g}.\n"
    yield "## At once\n"
    yield "| processes | acts | done | refused | conflicts | lost | doubled |\n|---|---|---|---|---|---|---|"
    yield (
        f"| {acts['processes']} | {acts['acts']} | {acts.get('done', 0)} | {acts.get('refused', 0)} | {acts.get('conflict', 0)} | 0 | 0 |\n"
    )
    yield "Acts are counted with those that were sent twice under one key: they are answered twice and count once.\n"
    yield "## Killed (SIGKILL)\n"
    yield "| what was killed | kills | at an instant within, ms | pieces done before | done but not told | half-written |\n|---|---|---|---|---|---|"
    for name, row in kills.items():
        yield (
            f"| {name} | {row['kills']} | {row['within ms']} | {row.get('done', 0)} | {row.get('done but not told', 0)} | 0 |"
        )
    total = sum(row["kills"] for row in kills.values())
    yield f"\n{total} kills. 'Done but not told': the transaction was kept and the process died before it could say so; doing it again under the same key counts once."
    yield "\nAfter each kill what the process had told as done must be there, and nothing by half; at the end file, references, guards, spatial indices, chain, cases and originals are checked (`rsg db check`)."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="share of the acts and kills (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the instants")
    parser.add_argument("--page", type=Path, help="page to write (default: docs/soak.md where the share is 1)")
    given = parser.parse_args()
    # The forkserver finds its modules by this alone.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    _START.set_forkserver_preload(["soak_workers"])
    kills = {name: max(round(count * given.share), 1) for name, count in KILLS.items()}
    with tempfile.TemporaryDirectory() as scratch:
        try:
            acts = soak_acts(Path(scratch), max(round(ACTS * given.share), 1))
            figures = {"acts": acts, "kills": soak_kills(Path(scratch), kills, random.Random(given.seed))}
        except (Broken, RsgError) as error:
            sys.exit(f"{type(error).__name__}: {error}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    figures |= {"date": f"{datetime.now(UTC):%Y-%m-%d}", "share": given.share}
    figures |= {"processor_s": round(sum(each.ru_utime + each.ru_stime for each in used), 1)}
    to = given.page or (PAGE if given.share == 1 else None)
    if to is not None:
        to.write_text("\n".join(page(figures)) + "\n", "utf-8")
    print(json.dumps(figures, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
