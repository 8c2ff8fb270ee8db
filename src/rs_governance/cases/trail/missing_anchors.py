"""Anchors that the store knows to have been set, and that are not in the files that were given."""

from collections.abc import Sequence
from itertools import groupby

from rs_governance.cases.trail.anchors import Anchor
from rs_governance.db import AnchorNote, moment_text
from rs_governance.db.defects import Defect


def find_missing_anchors(anchors: Sequence[Anchor], known: Sequence[AnchorNote]) -> tuple[list[Defect], list[str]]:
    """Compare the anchors of a store with what it knows of them.

    A file may hold more than the store knows: after a restore the store is older than the file. A store may be anchored in
    several files, such as one beside it and one on a stick: a file of which nothing was given is a remark as long as the
    given one was in use beside it. Where the given one was begun after it, it took the place of one that was lost.

    Parameters
    ----------
    anchors
        Anchors of the store, of one or several files.
    known
        What the store knows, in the order in which they were set.

    Returns
    -------
    tuple of list
        Defects, and remarks in words.
    """
    given, files = {each.signature for each in anchors}, {each.file for each in anchors}
    begun = min((note.id for note in known if note.series in files), default=None)
    defects, remarks = [], []
    # Sorting is stable: within a file they stay in the order in which they were set.
    for series, group in groupby(sorted(known, key=lambda note: note.series), key=lambda note: note.series):
        notes = list(group)
        gone = [note for note in notes if note.signature not in given]
        if not gone:
            continue
        which = f"{len(gone)} anchors that were set, {gone[0].number} to {gone[-1].number}, the last at {moment_text(gone[-1].at)}"
        if series in files:
            detail = f"{which}, are not in the file: it was cut off, or an older copy is in its place"
        elif not files:
            detail = f"{which}, were not given: their file was removed or emptied, or is another"
        elif begun is None or notes[-1].id < begun:
            detail = f"{which}, were not given: their file was lost, and the one that was given begun anew; give both"
        else:
            remarks.append(f"{which}, lie in another file; give it too")
            continue
        defects.append(Defect(kind="anchor_missing", where=f"anchor {gone[0].number}", detail=detail))
    return defects, remarks
