"""Steps of a disposal: how far each measure has come, one after the other, each with its proof."""

from collections.abc import Iterable, Mapping

from rs_governance.cases.life.words import Measure
from rs_governance.db import Event
from rs_governance.rules import Word

STEPS: Mapping[Measure, Mapping[str, Word]] = {
    "stop_work": {
        "notice_served": Word("送达责令停工通知书", "notice served"),
        "stopped": Word("已停工", "work has stopped"),
    },
    "rectify": {
        "notice_served": Word("送达限期整改通知书", "notice served"),
        "under_way": Word("整改中", "under way"),
        "cleared": Word("已拆除清理", "taken down and cleared"),
        "restored": Word("已复垦复绿", "land restored"),
    },
    "regularise": {
        "applied": Word("已申请补办", "applied for"),
        "examined": Word("审查中", "under examination"),
        "approved": Word("已批准", "approved"),
    },
    "confiscate": {
        "decided": Word("作出没收决定", "decided"),
        "served": Word("送达决定书", "decision served"),
        "handed_over": Word("已移交接收单位", "handed over"),
    },
    "file_case": {
        "filed": Word("已立案", "case filed"),
        "investigated": Word("调查终结", "investigated"),
        "decided": Word("作出处罚决定", "penalty decided"),
        "enforced": Word("执行完毕", "carried out"),
    },
    "refer": {
        "file_prepared": Word("移送材料已备", "file prepared"),
        "handed_over": Word("已移送", "handed over"),
    },
}
"""Steps by measure, in their order."""


def next_steps(measure: Measure, events: Iterable[Event]) -> tuple[str, ...]:
    """List the steps of a measure that can be entered now.

    Parameters
    ----------
    measure
        The measure.
    events
        Events of the case, the first first.

    Returns
    -------
    tuple of str
        The step after the last one; after an acceptance that failed also those before it, which turned out not to be done;
        none where all are done. A measure that is planned anew begins with its first step.

    Examples
    --------
    >>> next_steps("rectify", ())
    ('notice_served',)
    """
    steps = tuple(STEPS[measure])
    done, again, current = 0, False, None
    for event in events:
        current = event.changes.get("measure", current)
        if event.action in _ANEW or (event.action == "plan" and current == measure):
            done, again = 0, False
        elif event.action == "fail":
            again = True
        elif event.action == "proceed" and current == measure:
            done, again = steps.index(event.facts["step"]) + 1, False
    return steps[0 if again else done : done + 1]


_ANEW = ("reverse", "reopen")
"""Actions after which every disposal begins anew."""
