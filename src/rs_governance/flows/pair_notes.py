"""What a person should know of a pair before believing its findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rs_governance.detect import SpectralModel
    from rs_governance.scenes import AlignedPair

CLOUDED = 0.005
"""Share of a scene from which on it is said to look clouded: less is a handful of findings among many."""

# On less ground than this nothing tells what is usual in a scene.
_JUDGED_PX = 64 * 64

_DATES = (("before", "前期", "earlier", "后期"), ("after", "后期", "later", "前期"))


@dataclass(frozen=True, kw_only=True)
class PairNote:
    """A sentence on a pair that goes into `run.json` and onto the screen."""

    code: str
    """Stable name for programs."""
    message_zh: str
    """In Chinese."""
    message_en: str
    """The same in English."""

    def as_record(self) -> Mapping[str, str]:
        """Return it for `run.json`."""
        return {"code": self.code, "message_zh": self.message_zh, "message_en": self.message_en}


def note_pair(pair: "AlignedPair", model: "SpectralModel", *, observed_px: int) -> tuple[PairNote, ...]:
    """Say what stands against believing the findings of a pair.

    Parameters
    ----------
    pair
        The pair.
    model
        What was learnt from it.
    observed_px
        Pixels that were usable on both dates.

    Returns
    -------
    tuple of PairNote
        Empty where nothing does.
    """
    notes = []
    for scene, share, (date, zh, en, other_zh) in zip((pair.before, pair.after), model.clouded, _DATES, strict=True):
        if scene.cloud_mask is None and share >= CLOUDED:
            notes.append(
                PairNote(
                    code=f"perhaps_clouds_{date}",
                    message_zh=f"{zh}影像约 {share:.1%} 的范围又亮又匀，{other_zh}并非如此，像是云。云会被误报，也会压低"
                    f"其余变化的得分；若是云，请用 --clouds-{date} 给出云掩膜，再检测一次。",
                    message_en=f"About {share:.1%} of the {en} image is very bright and even where the other is not, as "
                    f"clouds are. They are found as changes and hide others; if they are, give their mask with "
                    f"--clouds-{date} and run again.",
                )
            )
    if observed_px < _JUDGED_PX:
        notes.append(
            PairNote(
                code="too_small_to_judge",
                message_zh=f"两期均可用的像元只有 {observed_px} 个，不足以得知这里什么算平常，结果不能作准；"
                "请用更大的影像或范围。",
                message_en=f"Only {observed_px} pixels are usable on both dates, too few to learn what is usual here: the "
                "result says nothing. Use larger images or a larger area.",
            )
        )
    return tuple(notes)
