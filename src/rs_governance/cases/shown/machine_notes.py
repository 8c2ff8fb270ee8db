"""Notes of the machine in English: the record keeps them in Chinese, and beside them the facts that they were made of."""

from collections.abc import Mapping
from typing import Any

from rs_governance.cases.life.transitions import ACTIONS
from rs_governance.cases.life.words import CHANNELS, RELATIONS
from rs_governance.cases.months.recheck import OUTLOOKS
from rs_governance.cases.people.reminding import LEVELS
from rs_governance.db import Event
from rs_governance.rules import Word

# What events say comes from the store: looked up by whatever text it is.
_OUTLOOKS: Mapping[str, Word] = {str(code): word for code, word in OUTLOOKS.items()}
_ACTIONS: Mapping[str, Word] = {str(code): word for code, word in ACTIONS.items()}
_OPENINGS = ("open", "reopen")


def note_words(event: Event, reasons: Mapping[str, Word], language: str) -> str:
    """Return the note of an event; one that the machine wrote in the language asked for, one of a person as it is.

    Parameters
    ----------
    event
        Event of a case.
    reasons
        Why the rules took each spot for what it is, by its number.
    language
        `zh` or `en`.
    """
    if language == "zh" or event.role != "system" or not event.note:
        return event.note
    return _english(event, event.facts, reasons) or event.note


def _english(event: Event, facts: Mapping[str, Any], reasons: Mapping[str, Word]) -> str:
    issue = facts.get("issue")
    if (outlook := _OUTLOOKS.get(str(facts.get("recheck")))) is not None:
        return f"{issue}: {outlook.en}"
    if facts.get("vanished"):
        return f"no longer listed in edition {facts['edition']} of {issue}"
    if event.action in _OPENINGS and issue is not None:
        why = "; ".join(dict.fromkeys(reasons[spot].en for spot in facts.get("spots", ()) if spot in reasons))
        what = f"spot of {issue}" if event.action == "open" else f"change again on a closed place in {issue}"
        return f"{what}: {why}" if why else what
    if isinstance(facts.get("clue"), Mapping):
        clue = facts["clue"]
        return f"{CHANNELS[clue['channel']].en} {clue['number']}" if clue.get("channel") in CHANNELS else ""
    if (permits := facts.get("permits")) and facts.get("register"):
        told = ", ".join(map(str, permits)) if isinstance(permits, list) else str(permits)
        return f"a permit of {facts['register']} that came later: {told}"
    if (proposal := _ACTIONS.get(str(facts.get("proposal")))) is not None:
        return f"{issue}: {proposal.en} is proposed" if issue else f"{proposal.en} is proposed"
    if facts.get("filed"):
        return f"{issue} came late: filed, for younger images show the case"
    if issue is not None and facts.get("relation") in RELATIONS:
        return f"{issue}: {RELATIONS[facts['relation']].en}"
    return _english_of_terms(event, facts) or _english_of_packages(facts)


def _english_of_terms(event: Event, facts: Mapping[str, Any]) -> str:
    level = LEVELS.get(event.changes.get("warned", 0))
    return "" if level is None else f"{level.en} (due {facts.get('due_on')})"


def _english_of_packages(facts: Mapping[str, Any]) -> str:
    if "void_export" in facts:
        return f"package {facts['void_export']} was made void"
    if "handed_out_by" in facts:
        return f"handed out with package {facts['export']} to {facts['receiver']}"
    if "drawn_inspector" in facts:
        return f"drawn at random for {facts['drawn_inspector']} ({facts['plan']}, seed {facts['seed']})"
    return ""
