"""Errors that a caller can act on.

One class for each thing a caller does differently. Every message says what was expected,
what came and what to do; the command line prints it as one line and exits with `exit_code`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class RsgError(Exception):
    """Base of all expected errors; never raised itself."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1


class UsageError(RsgError):
    """The arguments contradict each other or name something that does not exist."""

    code = "usage"
    exit_code = 2


class RulesInvalid(RsgError):
    """A rules file names something that does not exist, or its rules contradict each other."""

    code = "rules_invalid"
    exit_code = 3


class SceneUnreadable(RsgError):
    """A raster, mask or vector input is missing, truncated or in no format that GDAL knows."""

    code = "scene_unreadable"
    exit_code = 3


class CrsRefused(RsgError):
    """No CRS, a CRS that cannot be transformed safely, or coordinates that contradict the CRS."""

    code = "crs_refused"
    exit_code = 3


class ConfigInvalid(RsgError):
    """A file of settings cannot be read, or says something that cannot be."""

    code = "config_invalid"
    exit_code = 3


class LayerUnreadable(RsgError):
    """A vector file or table of the district is in no usable format, or lacks a field that is needed."""

    code = "layer_unreadable"
    exit_code = 3


class BandsMismatch(RsgError):
    """The two scenes share too few bands, or their bands cannot be told."""

    code = "bands_mismatch"
    exit_code = 3


class NoOverlap(RsgError):
    """The scenes, or the scenes and the area of interest, share no ground."""

    code = "no_overlap"
    exit_code = 3


class NotAlignable(RsgError):
    """The scenes overlap but no credible shift between them was found."""

    code = "not_alignable"
    exit_code = 3


class NothingObserved(RsgError):
    """Not one pixel is usable on both dates."""

    code = "nothing_observed"
    exit_code = 3


class DatasetInvalid(RsgError):
    """A labelled dataset lacks a folder, a partner file or a matching size."""

    code = "dataset_invalid"
    exit_code = 3


class OutputFailed(RsgError):
    """The result could not be written: no permission, no room, or already there."""

    code = "output_failed"
    exit_code = 4


class DeviceUnavailable(RsgError):
    """The requested compute device is not usable on this machine."""

    code = "device_unavailable"
    exit_code = 5


class StoreInvalid(RsgError):
    """The folder holds no store, or one that is damaged or of another version."""

    code = "store_invalid"
    exit_code = 3


class ActionRefused(RsgError):
    """The action is not possible in this state of the case, or not for this person."""

    code = "action_refused"
    exit_code = 6


class CaseConflict(RsgError):
    """Somebody else holds the case, or has changed it since it was read."""

    code = "case_conflict"
    exit_code = 7

    def __init__(self, message: str, differences: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.differences = tuple(differences)
        """Fields that changed since: field, seen, now, actor, at."""


class SchemaViolation(RsgError):
    """A table of findings does not match its declared schema: a defect of the program."""

    code = "schema_violation"
    exit_code = 70
