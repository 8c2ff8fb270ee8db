"""Whose a return is, and whether it comes from where it says."""

import numpy as np
import pyproj
import shapely
import sqlalchemy as sa

from rs_governance.cases import Actor
from rs_governance.cases.people.register import actor_of
from rs_governance.db import Case, Export, Person, Store
from rs_governance.errors import ActionRefused, UsageError
from rs_governance.field.returns.returned import Problem, Return
from rs_governance.grids import gcj02_to_wgs84
from rs_governance.scenes.crs import transformer

FIELD_ROLES = ("town_inspector", "grid_keeper")
"""Who brings returns in."""

# Nobody verifies a spot from further off.
_FAR_M = 5_000.0
# GCJ-02 is off by some hundred metres; without it the position has to be at the spot.
_OFFSET_M, _AT_SPOT_M = (150.0, 1_000.0), 60.0


def read_inspector(store: Store, returned: Return, importer: Actor, name: str) -> tuple[Actor, list[Problem]]:
    """Say in whose name a return is taken in: by the ledger of what was handed out, else by what the file says.

    Parameters
    ----------
    store
        Store of the cases.
    returned
        The return.
    importer
        Who takes it in.
    name
        Name of the file, for messages.

    Returns
    -------
    tuple
        The inspector, and what is odd about it.

    Raises
    ------
    UsageError
        When nothing says whose it is and the importer is nobody of the field.
    """
    problems: list[Problem] = []
    login = returned.receiver
    with store.read() as session:
        if returned.export is not None:
            handed = session.scalar(sa.select(Export).where(Export.number == returned.export))
            if handed is None:
                text = f"the package {returned.export} is in no ledger of this store; a person should ask where it comes from."
                problems.append(Problem(row=name, text=text))
            elif "void" in handed.facts:
                text = f"the package {returned.export} was made void; a person should ask who had it."
                problems.append(Problem(row=name, text=text))
            elif login is not None and ":" not in handed.receiver and handed.receiver != login:
                text = f"the package {returned.export} was handed to {handed.receiver}, the file says {login}; taken as {handed.receiver}'s."
                problems.append(Problem(row=name, text=text))
                login = handed.receiver
        known = None
        if login is not None:
            known = session.scalar(sa.select(Person).where(Person.login == login, Person.active))
        if known is not None:
            return actor_of(known), problems
    if importer.role not in FIELD_ROLES:
        raise UsageError(f"'{name}' does not say who was in the field; say it with --by LOGIN ('rsg people list').")
    return importer, problems


def check_importer(importer: Actor, inspector: Actor, name: str) -> None:
    """Refuse somebody of the field who takes in what another one brought.

    Raises
    ------
    ActionRefused
        When it is somebody else's.
    """
    if importer.role in FIELD_ROLES and inspector.login != importer.login:
        raise ActionRefused(
            f"'{name}' was brought by {inspector.login}; {importer.login} ({importer.role}) takes in only what is their own. "
            "Ask the office to take it in."
        )


def check_position(position: tuple[float, float] | None, known: Case, crs: pyproj.CRS) -> Problem | None:
    """Say what is odd about the inspector's position: far off, or in the frame of phone maps; None where nothing is.

    Parameters
    ----------
    position
        Longitude and latitude as they came.
    known
        The case.
    crs
        CRS of the store.
    """
    if position is None:
        return None
    distance = to_point(crs, position).distance(known.outline)
    if distance > _FAR_M:
        text = (
            f"its position is {distance / 1000:,.0f} km from the spot; swapped or of another place? The rest was taken."
        )
        return Problem(row=known.number, text=text)
    if _OFFSET_M[0] < distance < _OFFSET_M[1]:
        lon, lat = (float(part) for part in gcj02_to_wgs84(np.array(position[0]), np.array(position[1])))
        if to_point(crs, (lon, lat)).distance(known.outline) < _AT_SPOT_M:
            text = f"its position is {distance:.0f} m from the spot, and at it when read as GCJ-02 (phone map): was it copied from one?"
            return Problem(row=known.number, text=text)
    return None


def to_point(crs: pyproj.CRS, position: tuple[float, float]) -> shapely.Point:
    """Move a position in WGS 84 (longitude, latitude) into the store's CRS."""
    return shapely.Point(*transformer(pyproj.CRS.from_epsg(4326), crs).transform(*position))
