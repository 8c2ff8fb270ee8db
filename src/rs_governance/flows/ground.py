"""The ground of a store: where the district lies, and the codes of its units."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from rs_governance.db import Case, Finding, Scene, Store
from rs_governance.district import read_district
from rs_governance.errors import ConfigInvalid
from rs_governance.grids import Units
from rs_governance.grids.placement import project
from rs_governance.grids.units import read_units

_BORDER_M = 1000.0
_AROUND_M = 20_000.0
_LEVELS = ("town", "village", "cell")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where the district lies."""

    district_code: str
    """Six digits."""
    outline: shapely.Geometry | None
    """Ground on which a place can be, in the store's CRS; None where nobody knows."""
    units: Units | None = None
    """Units and grid cells; None where the district's file was not given."""

    def codes_of(self, outline: shapely.Geometry) -> dict[str, str]:
        """Return the codes of the units that hold a place; empty where they are not known.

        Parameters
        ----------
        outline
            Point or polygon in the store's CRS; of a polygon a point inside counts.
        """
        codes = {"district_code": self.district_code, **{f"{level}_code": "" for level in _LEVELS}}
        if self.units is None:
            return codes
        levels, names, tree = self._tree
        for at in sorted(tree.query(shapely.point_on_surface(outline), predicate="intersects").tolist()):
            if levels[at] in _LEVELS and not codes[f"{levels[at]}_code"]:
                codes[f"{levels[at]}_code"] = names[at]
        return codes

    def knows(self, code: str) -> bool:
        """Tell whether there is a unit of this code; true where the units are not known."""
        return self.units is None or code in self._codes

    @cached_property
    def _codes(self) -> frozenset[str]:
        return frozenset() if self.units is None else frozenset(self.units.frame["code"])

    @cached_property
    def _tree(self) -> tuple[list[str], list[str], shapely.STRtree]:
        assert self.units is not None
        frame = self.units.frame
        return list(frame["level"]), list(frame["code"]), shapely.STRtree(frame.geometry.to_numpy())


def read_ground(store: Store, session: Session, district: Path | None) -> Ground:
    """Find out where the district of a store lies.

    Parameters
    ----------
    store
        The store.
    session
        Session of it.
    district
        `district.toml`, or its folder, for its units; None to take the ground around what is in the store.

    Raises
    ------
    ConfigInvalid
        When the file is of another district.
    """
    code = store.setting("district_code")
    if district is None:
        return Ground(district_code=code, outline=_around_what_is_there(session))
    about = read_district(district)
    if about.code != code:
        raise ConfigInvalid(
            f"'{district}' is of district {about.code}, the store of {code}; name the file of that district.",
            zh=f"'{district}' 属于 {about.code}，本库属于 {code}；请指定本区的文件。",
        )
    units = read_units(about)
    frame = units.frame
    if about.crs != store.crs:
        frame = frame.set_geometry(project(frame.geometry.to_numpy(), about.crs, store.crs), crs=store.crs)
    whole = frame[frame["level"] == units.levels[0]].geometry.to_numpy() if units.levels else []
    outline = shapely.union_all(whole).buffer(_BORDER_M) if len(whole) else None
    return Ground(district_code=code, outline=outline, units=Units(frame=frame) if units.levels else None)


def _around_what_is_there(session: Session) -> shapely.Geometry | None:
    boxes = []
    for column in (Scene.outline, Finding.outline, Case.outline):
        outlines = [one for one in session.scalars(sa.select(column)) if one is not None]
        if outlines:
            boxes.append(shapely.box(*shapely.total_bounds(outlines)))
    return shapely.union_all(boxes).envelope.buffer(_AROUND_M) if boxes else None
