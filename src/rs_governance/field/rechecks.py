"""Pictures of the rechecks of a case: what the image showed of which an issue says that nothing has changed there."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.cases.months.recheck import OUTLOOKS
from rs_governance.cases.shown.sheet import Picture, Sheet
from rs_governance.db import Event, Scene
from rs_governance.field.chips import draw_sides
from rs_governance.field.ground import PublishedGround, jpeg

_QUALITY = 82


def draw_rechecks(session: Session, sheet: Sheet, ground: PublishedGround) -> list[Picture]:
    """Cut the place of a case out of the image of each recheck that has no finding, and so no chip, of its own.

    The earlier side is the image that showed the change last before; both come from the scenes of the published issues.

    Parameters
    ----------
    session
        Session of the store, for the days of the images.
    sheet
        What there is about the case.
    ground
        The published scenes.

    Returns
    -------
    list
        One picture for each issue, the oldest first; an issue whose scenes are not there has none.
    """
    seen_by = {finding.issue for finding in sheet.findings}
    looked = {
        event.facts["issue"]: event
        for event in sheet.events
        if event.facts.get("recheck") in OUTLOOKS and event.facts.get("issue") not in seen_by
    }
    pictures = (_draw(session, sheet, ground, event) for _, event in sorted(looked.items()))
    return [picture for picture in pictures if picture is not None]


def _draw(session: Session, sheet: Sheet, ground: PublishedGround, event: Event) -> Picture | None:
    issue, case = event.facts["issue"], sheet.case
    scenes = session.execute(
        sa.select(Scene.image_id, Scene.acquired_on).order_by(Scene.acquired_on.desc(), Scene.image_id)
    ).all()
    former = [(finding.after_image, finding.after_on) for finding in sheet.findings if finding.issue < issue]
    brought = ground.scenes_of(issue)
    for after in (scene for scene in scenes if scene.image_id in brought):  # the youngest that shows the place
        # Of a case that no image saw the images before that one.
        earlier = former[-1:] or [(each.image_id, each.acquired_on) for each in scenes]
        for image, day in earlier:
            if day >= after.acquired_on:
                continue
            pair = ground.pair_of(case["outline"], case["lat"], before=image, after=after.image_id)
            if pair is not None:
                rings, days = ground.web_rings(case["outline"]), (str(day), str(after.acquired_on))
                drawn = draw_sides(rings, pair, days, case["severity"], words=("", ""))
                return Picture(
                    issue=issue,
                    before_on=day,
                    after_on=after.acquired_on,
                    outlook=event.facts["recheck"],
                    content=jpeg(drawn, quality=_QUALITY),
                )
    return None
