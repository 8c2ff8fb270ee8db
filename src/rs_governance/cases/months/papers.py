"""Papers: what a permit that is in the store does to a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rs_governance.cases.life.acting import SYSTEM
from rs_governance.cases.life.asking import Act
from rs_governance.cases.life.many import Batch
from rs_governance.cases.months.observing import BEFORE_VERDICT, RESOLUTION_OF_REGISTER
from rs_governance.rules import Word

SPEAKS_A_LITTLE = ("short", "stage", "not_yet", "expired", "undated", "outdated")
"""States of a permit that excuse nothing by themselves, but that somebody should know of."""

# A permit that covers less of a spot than this is a neighbour's.
_LEAST_SHARE = 0.1

WHAT_TO_DO: Mapping[str, Word] = {
    "short": Word("手续只覆盖一部分，请核对范围外的部分", "covers a part only; look at the rest"),
    "stage": Word("手续未许可到影像所见阶段", "does not reach the stage that was seen"),
    "not_yet": Word(
        "影像时手续尚未生效，属先建后批", "was not in force when the image was taken: work before approval"
    ),
    "expired": Word("手续在前期影像之前已过期", "had expired before the earlier image"),
    "undated": Word("手续名册没有日期，不能据以认定", "the register has no date to rely on"),
    "outdated": Word("手续名册过旧，不能据以认定", "the register is too old to rely on"),
}
"""What is proposed where a permit is not enough."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a register says of a case."""

    register: str
    """The register."""
    state: str
    """How far it speaks for the case, a `PermitState`."""
    numbers: tuple[str, ...]
    """Numbers of the permits."""
    share: float
    """Share of the case that they cover."""
    trace: Mapping[str, Any]
    """Everything that led to this: cover, dates, stage, date of the register."""
    text_zh: str
    """The same as a sentence."""
    certain: bool = True
    """Whether the rules could judge the case: there is a finding with dates on it."""

    def keys(self, case: Mapping[str, Any]) -> tuple[str, str]:
        """Return the keys under which it answers a case, and is seen on it, once in each life of it.

        New work on the ground of a closed case (a recurrence) is judged anew; what a person has reopened is left to people.
        """
        key = f"permit:{self.register}:{'、'.join(self.numbers)}:{case['number']}:{self.state}"
        if case["recurrence"]:
            key += f":{case['recurrence']}"
        return key, f"{key}:seen"


def answer_paper(batch: Batch, number: str, paper: Paper) -> str | None:
    """Withdraw a case that a permit makes lawful, or propose to look again.

    The system withdraws only what nobody has judged yet; a case that a person has judged, or of which no image tells the
    stage, is proposed.

    Parameters
    ----------
    batch
        Takes the acts; the case and the paper's keys are loaded.
    number
        Number of the case.
    paper
        What the register says of it.

    Returns
    -------
    str or None
        `withdrawn`, `proposed`, or None where the permit says nothing or it was said before.
    """
    case = batch.facts(number)
    if paper.share < _LEAST_SHARE or case["state"] == "closed":
        return None
    key, seen_key = paper.keys(case)
    if batch.was_done(key):
        return None
    resolution = RESOLUTION_OF_REGISTER.get(paper.register, "other_right")
    if paper.state == "lawful" and paper.certain and case["state"] in BEFORE_VERDICT:
        fields = {"permit_number": "、".join(paper.numbers), "suspicion": "lawful"}
        note = f"案件库中的手续：{paper.text_zh}"
        seen = {"facts": {**paper.trace, "resolution": resolution}, "fields": fields}
        batch.act(number, Act(action="observe", actor=SYSTEM, note=note, values=seen, key=seen_key))
        values = {"resolution": resolution, "facts": dict(paper.trace)}
        batch.act(number, Act(action="withdraw", actor=SYSTEM, note=note, values=values, key=key))
        return "withdrawn"
    if paper.state == "lawful":
        facts, note = {"proposal": "withdraw", "resolution": resolution}, f"案件库中的手续，请核对：{paper.text_zh}"
    elif paper.state in SPEAKS_A_LITTLE:
        facts, note = {"proposal": "look_again"}, f"{WHAT_TO_DO[paper.state].zh}：{paper.text_zh}"
    else:
        return None
    values = {"facts": {**paper.trace, **facts}}
    batch.act(number, Act(action="propose", actor=SYSTEM, note=note, values=values, key=key))
    return "proposed"
