"""Cases: from a suspicion to its end, by people and clocks, with every act on record.

`TRANSITIONS` is the life of a case, `act` the only way to change one, `decide` its pure part.
"""

from rs_governance.cases.life.acting import SYSTEM, Opening, act, events_of, find_case, open_case
from rs_governance.cases.life.asking import CHINA, Act, Actor, Decision
from rs_governance.cases.life.calendars import clocks_of, read_calendar
from rs_governance.cases.life.clocks import Calendar, Clock, Clocks, load_clocks, read_clocks
from rs_governance.cases.life.deciding import decide, needs_second_opinion
from rs_governance.cases.life.needs import CORRECTABLE
from rs_governance.cases.life.record import CASE_FIELDS, facts_of, from_plain, replay, to_plain
from rs_governance.cases.life.rights import may_move
from rs_governance.cases.life.steps import STEPS
from rs_governance.cases.life.transitions import ACTIONS, TRANSITIONS, Action, Move, allowed_for, allowed_in
from rs_governance.cases.life.words import (
    CHANNELS,
    MEASURES,
    REFERRALS,
    RELATIONS,
    RESOLUTIONS,
    RETURN_REASONS,
    ROLES,
    STATES,
    VERDICTS,
    Channel,
    Measure,
    Outcome,
    Referral,
    Relation,
    Role,
    State,
    Verdict,
)
from rs_governance.cases.people.register import actor_of, read_actor
from rs_governance.db.chain import GENESIS, append_event, seal

__all__ = [
    "ACTIONS",
    "CASE_FIELDS",
    "CHANNELS",
    "CHINA",
    "CORRECTABLE",
    "GENESIS",
    "MEASURES",
    "REFERRALS",
    "RELATIONS",
    "RESOLUTIONS",
    "RETURN_REASONS",
    "ROLES",
    "STATES",
    "STEPS",
    "SYSTEM",
    "TRANSITIONS",
    "VERDICTS",
    "Act",
    "Action",
    "Actor",
    "Calendar",
    "Channel",
    "Clock",
    "Clocks",
    "Decision",
    "Measure",
    "Move",
    "Opening",
    "Outcome",
    "Referral",
    "Relation",
    "Role",
    "State",
    "Verdict",
    "act",
    "actor_of",
    "allowed_for",
    "allowed_in",
    "append_event",
    "clocks_of",
    "decide",
    "events_of",
    "facts_of",
    "find_case",
    "from_plain",
    "load_clocks",
    "may_move",
    "needs_second_opinion",
    "open_case",
    "read_actor",
    "read_calendar",
    "read_clocks",
    "replay",
    "seal",
    "to_plain",
]
