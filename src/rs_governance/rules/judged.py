"""What judging hands on: the spots, and for each the steps that led to its decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import geopandas as gpd

StepName = Literal["kind", "permit", "theme", "severity", "department"]
"""The questions that are asked of a spot, in this order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One rule that was tried on one spot."""

    step: StepName
    """The question that the rule belongs to."""
    rule: str
    """The rule's id in the rules file, or the register's name for a permit."""
    holds: bool
    """Whether the rule applied."""
    numbers: Mapping[str, float | str]
    """The spot's own numbers and words that the rule looked at; without those that are missing."""
    layer: str | None
    """Layer or register that the numbers come from; None where they come from the images."""
    layer_as_of: date | None
    """Date of that layer; None where it has none, or where there is no layer."""
    text_zh: str
    """The step as a sentence, in Chinese."""
    text_en: str
    """The step as a sentence, in English."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The spots of an issue with the grounds of their decisions."""

    spots: gpd.GeoDataFrame
    """One row a spot, by `SPOTS`, in the order of spot numbers."""
    decisions: Mapping[str, tuple[Step, ...]]
    """Spot number to its steps in the order in which they were taken, in the order of `spots`."""
