"""Errors that a caller can act on.

One class for each thing a caller does differently. Every message says what was expected,
what came and what to do; the command line prints it as one line and exits with `exit_code`.

The message is in English. In Chinese is said beside it, where it is raised (`zh`), what people in the districts meet
every day; of everything else `advice_zh` says what kind of thing it is and what to do, before the English words.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal


class RsgError(Exception):
    """Base of all expected errors; never raised itself."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    advice_zh: ClassVar[str] = "未能完成，请按下文办理。"

    def __init__(self, message: str = "", *, zh: str = "") -> None:
        super().__init__(message)
        self.zh = zh
        """The message in Chinese; empty where it is said in English alone."""

    def told(self, language: Literal["zh", "en"]) -> str:
        """Say it in a language.

        >>> NoOverlap("The images share no ground; check their CRS.").told("zh")
        '影像之间或与范围没有重叠；请核对所选文件及其坐标系。The images share no ground; check their CRS.'
        >>> UsageError("There is no case 7.", zh="没有案件 7。").told("zh")
        '没有案件 7。'
        """
        if language == "en":
            return str(self)
        return self.zh or f"{self.advice_zh}{self}"


class UsageError(RsgError):
    """The arguments contradict each other or name something that does not exist."""

    code = "usage"
    exit_code = 2
    advice_zh = "所给的参数互相矛盾，或所指的内容不存在；请改正后重试。"


class RulesInvalid(RsgError):
    """A rules file names something that does not exist, or its rules contradict each other."""

    code = "rules_invalid"
    exit_code = 3
    advice_zh = "规则文件有误；请按下文所指的位置修改（rsg rules check）。"


class SceneUnreadable(RsgError):
    """A raster, mask or vector input is missing, truncated or in no format that GDAL knows."""

    code = "scene_unreadable"
    exit_code = 3
    advice_zh = "影像或数据文件读不出来；请核对路径，或重新复制该文件。"


class CrsRefused(RsgError):
    """No CRS, a CRS that cannot be transformed safely, or coordinates that contradict the CRS."""

    code = "crs_refused"
    exit_code = 3
    advice_zh = "坐标系缺失、不能安全转换或与坐标不符；请核对坐标系。"


class ConfigInvalid(RsgError):
    """A file of settings cannot be read, or says something that cannot be."""

    code = "config_invalid"
    exit_code = 3
    advice_zh = "设置文件或成果文件夹有误；请按下文修改，或换用正确的文件。"


class LayerUnreadable(RsgError):
    """A vector file or table of the district is in no usable format, or lacks a field that is needed."""

    code = "layer_unreadable"
    exit_code = 3
    advice_zh = "数据文件或表格读不出来，或缺少必需的列；请按下文改正后重试。"


class BandsMismatch(RsgError):
    """The two scenes share too few bands, or their bands cannot be told."""

    code = "bands_mismatch"
    exit_code = 3
    advice_zh = "两期影像的波段对不上；请指明波段，或换用同类影像。"


class NoOverlap(RsgError):
    """The scenes, or the scenes and the area of interest, share no ground."""

    code = "no_overlap"
    exit_code = 3
    advice_zh = "影像之间或与范围没有重叠；请核对所选文件及其坐标系。"


class NotAlignable(RsgError):
    """The scenes overlap but no credible shift between them was found."""

    code = "not_alignable"
    exit_code = 3
    advice_zh = "两期影像找不到可信的配准关系；请核对影像是否同一地点，或先行配准。"


class NothingObserved(RsgError):
    """Not one pixel is usable on both dates."""

    code = "nothing_observed"
    exit_code = 3
    advice_zh = "没有一处在两期影像上都可用；请换用云少的影像。"


class DatasetInvalid(RsgError):
    """A labelled dataset lacks a folder, a partner file or a matching size."""

    code = "dataset_invalid"
    exit_code = 3
    advice_zh = "样本数据集缺少文件或大小不一；请按下文补齐。"


class OutputFailed(RsgError):
    """The result could not be written: no permission, no room, or already there."""

    code = "output_failed"
    exit_code = 4
    advice_zh = "结果写不进去；请检查权限、磁盘空间，或换一个文件夹。"


class DeviceUnavailable(RsgError):
    """The requested compute device is not usable on this machine."""

    code = "device_unavailable"
    exit_code = 5
    advice_zh = "所选计算设备在本机不可用；请改用 --device cpu，或运行 rsg doctor 查看。"


class StoreInvalid(RsgError):
    """The folder holds no store, or one that is damaged or of another version."""

    code = "store_invalid"
    exit_code = 3
    advice_zh = "该文件夹不是案件库，或已损坏、版本不符；请核对 --store，必要时升级或从备份恢复（rsg db）。"


class ActionRefused(RsgError):
    """The action is not possible in this state of the case, or not for this person."""

    code = "action_refused"
    exit_code = 6
    advice_zh = "案件在此状态下不能这样办，或此人无权办理；请按下文办理。"


class CaseConflict(RsgError):
    """Somebody else holds the case, or has changed it since it was read."""

    code = "case_conflict"
    exit_code = 7
    advice_zh = "他人正在办理该案件，或案件已被改动；请重新查看后再办（rsg cases show）。"

    def __init__(self, message: str = "", differences: Sequence[Mapping[str, Any]] = (), *, zh: str = "") -> None:
        super().__init__(message, zh=zh)
        self.differences = tuple(differences)
        """Fields that changed since: field, seen, now, actor, at."""


class SchemaViolation(RsgError):
    """A table of findings does not match its declared schema: a defect of the program."""

    code = "schema_violation"
    exit_code = 70
    advice_zh = "成果数据不符合规定的格式，属程序缺陷；请连同下文报告。"
