"""Words for how far a photo of the ground can be trusted, and why."""

from collections.abc import Mapping
from typing import Literal

from rs_governance.rules import Word

Trust = Literal["good", "fair", "doubtful"]
"""How far a photo can be trusted: nothing speaks against it, something is missing, something speaks against it."""

Reason = Literal[
    "no_exif",
    "exif_unreadable",
    "no_position",
    "position_of_form",
    "no_time",
    "time_of_form",
    "no_heading",
    "far_from_spot",
    "facing_away",
    "positions_differ",
    "before_dispatch",
    "after_return",
    "times_differ",
    "edited",
    "hash_differs",
    "same_elsewhere",
    "alike_elsewhere",
    "unreadable",
]
"""Why a photo is not simply good."""

TRUSTS: Mapping[Trust, Word] = {
    "good": Word("可信", "good"),
    "fair": Word("基本可信", "fair"),
    "doubtful": Word("存疑", "doubtful"),
}
"""The word shown for each `Trust`."""

REASONS: Mapping[Reason, Word] = {
    "no_exif": Word("照片不含拍摄信息（可能经聊天软件转发）", "no camera data (a messenger may have stripped them)"),
    "exif_unreadable": Word("照片的拍摄信息已损坏，读不出来", "camera data are there but damaged, they cannot be read"),
    "no_position": Word("没有拍摄位置", "no position"),
    "position_of_form": Word("位置取自表单", "position taken from the form"),
    "no_time": Word("没有拍摄时间", "no time"),
    "time_of_form": Word("时间取自表单", "time taken from the form"),
    "no_heading": Word("没有拍摄方位", "no heading"),
    "far_from_spot": Word("拍摄位置远离图斑", "taken far from the spot"),
    "facing_away": Word("拍摄方向背对图斑", "facing away from the spot"),
    "positions_differ": Word("照片位置与表单位置不符", "position of the photo and of the form differ"),
    "before_dispatch": Word("拍摄于任务下发之前", "taken before the task was handed out"),
    "after_return": Word("拍摄时间晚于回传时间", "taken after it was returned"),
    "times_differ": Word("照片内的时间互相矛盾", "times inside the photo contradict each other"),
    "edited": Word("照片经图像软件处理", "saved by an image editor"),
    "hash_differs": Word("与手机端登记的哈希不符", "not the file that the phone registered"),
    "same_elsewhere": Word("同一照片用于其他案件", "the same photo is used for another case"),
    "alike_elsewhere": Word("与其他案件的照片极为相似", "nearly the same photo is used for another case"),
    "unreadable": Word("无法打开照片，仅保留原件", "cannot be opened; the original is kept"),
}
"""The words shown for each `Reason`."""
