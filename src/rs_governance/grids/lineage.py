"""Which spots of several issues lie on one site."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SAME_SITE_SHARE = 0.3
"""Two outlines lie on one site from this share of the smaller one on."""


def group_sites(
    outlines: npt.NDArray[np.object_], issues: Sequence[str], *, share: float = SAME_SITE_SHARE
) -> npt.NDArray[np.intp]:
    """Group outlines of several issues into sites: those that overlap one another, directly or through a third.

    Outlines of one and the same issue are different things and are tied only through another issue.

    Parameters
    ----------
    outlines
        (n,) polygons in one CRS.
    issues
        (n,) issue of each.
    share
        Part of the smaller outline that has to be common.

    Returns
    -------
    ndarray
        (n,) number of the site of each, from 0, by the first outline of each site.

    Examples
    --------
    >>> from shapely import box
    >>> outlines = np.array([box(0, 0, 4, 4), box(20, 0, 24, 4), box(1, 0, 6, 4)], object)
    >>> group_sites(outlines, ["2026-09", "2026-09", "2026-10"]).tolist()
    [0, 1, 0]
    """
    count = len(outlines)
    if count == 0:
        return np.zeros(0, np.intp)
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    names = np.asarray(issues, dtype=object)
    apart = (one < other) & (names[one] != names[other])
    one, other = one[apart], other[apart]
    area = shapely.area(outlines)
    tied = shapely.area(shapely.intersection(outlines[one], outlines[other])) > share * np.minimum(
        area[one], area[other]
    )
    ties = coo_array((np.ones(tied.sum(), np.int8), (one[tied], other[tied])), shape=(count, count))
    _, labels = connected_components(ties, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
