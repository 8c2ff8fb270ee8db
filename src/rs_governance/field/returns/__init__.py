"""Returns: what inspectors bring back, read from whatever carried it and taken in once."""

from rs_governance.field.returns.reading import RETURN_FORMAT, RETURN_VERSION, read_return
from rs_governance.field.returns.returned import Problem, Return, ReturnedCase, ReturnedPhoto
from rs_governance.field.returns.taking import Taken, take_return

__all__ = [
    "RETURN_FORMAT",
    "RETURN_VERSION",
    "Problem",
    "Return",
    "ReturnedCase",
    "ReturnedPhoto",
    "Taken",
    "read_return",
    "take_return",
]
