"""Clocks: by when a case has to leave a state, in working or calendar days."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from rs_governance.cases.life.words import State
from rs_governance.errors import ConfigInvalid
from rs_governance.rules import Severity

DEFAULT_CLOCKS = Path(__file__).with_name("clocks.toml")
"""Clocks that come with the program."""

SECOND_OPINION: tuple[Severity, ...] = ("red",)
"""Severities whose rejection needs a second person, where no file says otherwise."""

Unit = Literal["working", "calendar"]
"""What is counted."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How long a case may stay in a state."""

    unit: Unit
    """Working or calendar days."""
    days: Mapping[Severity, int]
    """Days by severity."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Which days are worked: weekdays, but for the days of the holiday table."""

    days: Mapping[date, bool] = field(default_factory=dict)
    """Days that differ from their weekday: True where they are worked."""

    def works(self, day: date) -> bool:
        """Tell whether a day is worked.

        Examples
        --------
        >>> Calendar(days={date(2026, 10, 1): False}).works(date(2026, 10, 1))
        False
        """
        return self.days.get(day, day.weekday() < 5)

    def knows(self, year: int) -> bool:
        """Tell whether the holidays of a year were loaded."""
        return year in self._years

    @cached_property
    def _years(self) -> frozenset[int]:
        return frozenset(day.year for day in self.days)

    def add(self, day: date, count: int, unit: Unit) -> date:
        """Count days from the day after `day` on.

        Parameters
        ----------
        day
            Day on which the clock starts; it does not count.
        count
            Number of days.
        unit
            Working or calendar days.

        Returns
        -------
        datetime.date
            Last day within the clock.

        Examples
        --------
        >>> Calendar().add(date(2026, 10, 16), 3, "working")
        datetime.date(2026, 10, 21)
        """
        if unit == "calendar":
            return day + timedelta(days=count)
        while count > 0:
            day += timedelta(days=1)
            count -= self.works(day)
        return day

    def between(self, start: date, end: date, unit: Unit) -> int:
        """Count the days after `start` up to and with `end`; 0 where `end` is not later."""
        span = (end - start).days
        if unit == "calendar":
            return max(span, 0)
        return sum(self.works(start + timedelta(days=step)) for step in range(1, span + 1))


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """The clocks of all states and the calendar that they count by."""

    by_state: Mapping[State, Clock]
    """Clocks by state; a state without one waits without a term."""
    calendar: Calendar = field(default_factory=Calendar)
    """Working days."""
    second_opinion: tuple[Severity, ...] = SECOND_OPINION
    """Severities whose rejection needs a second person."""
    remind_at_0_1: float = 0.8
    """Share of a term after which its case is called to mind."""
    again_after_days: int = 7
    """Calendar days after the end of a term when a case is escalated once more."""

    def due_on(self, state: State, severity: Severity, entered_on: date) -> date | None:
        """Say by when a case has to leave a state.

        Parameters
        ----------
        state, severity
            Of the case.
        entered_on
            Day on which it entered the state, in local time.

        Returns
        -------
        datetime.date or None
            Last day; None where the state has no clock.
        """
        clock = self.by_state.get(state)
        return None if clock is None else self.calendar.add(entered_on, clock.days[severity], clock.unit)

    def unit_of(self, state: State) -> Unit:
        """Say what the term of a state is counted in; one that a file gave once and gives no more, in calendar days."""
        return self.by_state[state].unit if state in self.by_state else "calendar"

    def elapsed_0_1(self, state: State, entered_on: date, due_on: date, today: date) -> float:
        """Say how much of a term has passed: 1 on its last day, more after it.

        Examples
        --------
        >>> clocks = Clocks(by_state={"detected": Clock(unit="working", days={"red": 5, "yellow": 5, "green": 5})})
        >>> clocks.elapsed_0_1("detected", date(2026, 10, 12), date(2026, 10, 19), date(2026, 10, 16))
        0.8
        """
        unit = self.unit_of(state)
        whole = self.calendar.between(entered_on, due_on, unit)
        return self.calendar.between(entered_on, today, unit) / max(whole, 1)

    def years_without_holidays(self, first: date, last: date) -> tuple[int, ...]:
        """List the years between two days whose holidays nobody loaded: working days in them are but weekdays."""
        return tuple(year for year in range(first.year, last.year + 1) if not self.calendar.knows(year))


@cache
def read_clocks(path: Path = DEFAULT_CLOCKS) -> Mapping[State, Clock]:
    """Read the terms of a file of clocks: `load_clocks(path).by_state`."""
    return load_clocks(path).by_state


def load_clocks(path: Path = DEFAULT_CLOCKS, calendar: Calendar | None = None) -> Clocks:
    """Read a file of clocks.

    Parameters
    ----------
    path
        TOML file such as `clocks.toml` beside this module.
    calendar
        Working days; without it every weekday is one.

    Returns
    -------
    Clocks
        Terms, warnings and second opinions.

    Raises
    ------
    ConfigInvalid
        When the file names what does not exist, or numbers that cannot be.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigInvalid(f"The clocks '{path}' cannot be read: {error}; write TOML such as clocks.toml.") from None
    warnings = content.pop("warnings", {})
    opinions = content.pop("second_opinion", {})
    share, days = warnings.get("remind_at_share", 0.8), warnings.get("again_after_days", 7)
    severities = opinions.get("reject", list(SECOND_OPINION))
    if (
        set(warnings) - {"remind_at_share", "again_after_days"}
        or not (isinstance(share, float) and 0 < share <= 1)
        or not (isinstance(days, int) and days >= 1)
    ):
        raise ConfigInvalid(
            f"[warnings] of '{path.name}' was expected to hold remind_at_share (above 0, at most 1.0) and again_after_days "
            "(1 or more); correct it."
        )
    if set(opinions) - {"reject"} or not set(severities) <= set(get_args(Severity)):
        raise ConfigInvalid(
            f"[second_opinion] of '{path.name}' was expected to hold reject, a list of {', '.join(get_args(Severity))}; correct it."
        )
    return Clocks(
        by_state={state: _clock(path, state, table) for state, table in content.items()},  # type: ignore[misc]
        calendar=Calendar() if calendar is None else calendar,
        second_opinion=tuple(severities),
        remind_at_0_1=share,
        again_after_days=days,
    )


def _clock(path: Path, state: str, table: object) -> Clock:
    severities = get_args(Severity)
    content = table if isinstance(table, dict) else {}
    days: dict[Severity, Any] = {severity: content.get(severity, content.get("days")) for severity in severities}
    known = {"unit", "days", *severities}
    if state not in get_args(State) or content.get("unit") not in get_args(Unit) or set(content) - known:
        raise ConfigInvalid(
            f"[{state}] of '{path.name}' was expected to name a state ({', '.join(get_args(State))}) with unit 'working' or "
            f"'calendar' and days or {', '.join(severities)}; correct it."
        )
    if odd := [name for name, count in days.items() if not isinstance(count, int) or count < 1]:
        raise ConfigInvalid(
            f"[{state}] of '{path.name}' gives no number of days for {odd[0]}; write whole days from 1 on."
        )
    return Clock(unit=content["unit"], days=days)
