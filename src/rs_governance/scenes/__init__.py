"""Images in: open, check, pair, register and read scenes of two dates, pixel on pixel."""

from rs_governance.scenes.aligned import (
    UNREGISTERED,
    AlignedPair,
    PairBlock,
    RawPairBlock,
    Registration,
    align,
)
from rs_governance.scenes.bands import ROLES, sensors
from rs_governance.scenes.coverage import observe
from rs_governance.scenes.display import preview, to_rgb
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.pair import ScenePair, pair_scenes
from rs_governance.scenes.registration import register
from rs_governance.scenes.scene import Scene, open_scene
from rs_governance.scenes.series import Comparison, ComparisonPlan, Observation, Unseen, plan_comparisons

__all__ = [
    "ROLES",
    "UNREGISTERED",
    "AlignedPair",
    "Comparison",
    "ComparisonPlan",
    "Observation",
    "PairBlock",
    "PixelGrid",
    "RawPairBlock",
    "Registration",
    "Scene",
    "ScenePair",
    "Unseen",
    "Window",
    "align",
    "observe",
    "open_scene",
    "pair_scenes",
    "plan_comparisons",
    "preview",
    "register",
    "sensors",
    "to_rgb",
]
