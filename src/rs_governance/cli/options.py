"""Options that several commands share, declared once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rs_governance.cli.language import Language

IMAGES = "影像 / Images"
INPUT = "影像说明 / About the images"
OUTPUT = "输出 / Output"
COMPUTING = "计算 / Computing"


class DeviceChoice(StrEnum):
    """Where the kernels run."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="结果文件夹\n\nFolder for the results.", rich_help_panel=OUTPUT),
]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="覆盖已有的结果\n\nReplace results that are there.", rich_help_panel=OUTPUT),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="以 JSON 输出，供程序读取\n\nPrint JSON, for programs.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="只显示错误\n\nPrint nothing but errors.", rich_help_panel=OUTPUT),
]


Lang = Annotated[
    Language | None,
    typer.Option(
        "--lang",
        help="显示的语言，同 rsg --lang\n\nLanguage of what is printed, as rsg --lang.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Device = Annotated[
    DeviceChoice,
    typer.Option(
        "--device",
        envvar="RSG_DEVICE",
        help="计算设备；auto 自动选择，cuda 不可用时报错\n\nWhere to compute; 'cuda' fails where there is none.",
        rich_help_panel=COMPUTING,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        envvar="RSG_WORKERS",
        help="并行数，默认为处理器核数；不影响结果\n\nParallel workers, one a core by default; never changes the result.",
        show_default=False,
        rich_help_panel=COMPUTING,
    ),
]
Block = Annotated[
    int | None,
    typer.Option(
        "--block",
        min=64,
        metavar="PIXELS",
        help="分块边长，64 的倍数；越小内存越省，不影响结果\n\nSide of a block, a multiple of 64: smaller needs less memory; never changes the result.",
        show_default=False,
        rich_help_panel=COMPUTING,
    ),
]
