"""Options that several commands share, declared once."""

import os
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rs_governance.cli.language import Language
from rs_governance.errors import OutputFailed, UsageError

IMAGES = "影像 / Images"
INPUT = "影像说明 / About the images"
OUTPUT = "输出 / Output"
COMPUTING = "计算 / Computing"
STORE = "案件库 / Store"


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


def read_moment(text: str) -> datetime:
    """Read an aware time, for `--at`.

    Parameters
    ----------
    text
        ISO 8601 with an offset.

    Returns
    -------
    datetime.datetime
        In UTC.

    Raises
    ------
    UsageError
        When it is no time, or one without an offset.

    Examples
    --------
    >>> read_moment("2026-10-08T09:00+08:00").isoformat()
    '2026-10-08T01:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--at {text!r} is no time; write it as 2026-10-08T09:00+08:00.",
            zh=f"--at {text!r} 不是时间；请写成 2026-10-08T09:00+08:00。",
        ) from None
    if moment.tzinfo is None:
        raise UsageError(
            f"--at {text!r} has no offset from UTC; write it as 2026-10-08T09:00+08:00.",
            zh=f"--at {text!r} 没有写时区；请写成 2026-10-08T09:00+08:00。",
        )
    return moment.astimezone(UTC)


def time_of(at: datetime | None) -> datetime:
    """Return the time at which a command acts: `--at`, or now.

    Raises
    ------
    UsageError
        When `--at` lies more than a day ahead and `RSG_SIMULATE` is not 1: what has not happened is not recorded.
    """
    now = datetime.now(UTC)
    if at is not None and at > now + _AHEAD and os.environ.get("RSG_SIMULATE") != "1":
        raise UsageError(
            f"--at {at.isoformat(timespec='minutes')} lies ahead, it is {now.isoformat(timespec='minutes')}; leave it out. "
            "(To play through time to come, with a store made for it, set RSG_SIMULATE=1.)",
            zh=f"--at {at.isoformat(timespec='minutes')} 晚于现在（{now.isoformat(timespec='minutes')}）；请去掉。",
        )
    return now if at is None else at


_AHEAD = timedelta(days=1)


Store = Annotated[
    Path,
    typer.Option(
        "--store",
        metavar="DIR",
        envvar="RSG_STORE",
        help="案件库文件夹\n\nFolder of the store.",
        rich_help_panel=STORE,
    ),
]
DEFAULT_STORE = Path("store")
"""Where a command without `--store` looks."""
As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="LOGIN",
        envvar="RSG_LOGIN",
        help="办理人账号（见 rsg people list）\n\nAccount of who acts (see rsg people list).",
        show_default=False,
        rich_help_panel=STORE,
    ),
]
AsKeeper = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="LOGIN",
        envvar="RSG_LOGIN",
        help="导入人账号：区级管理员；库中尚无区级管理员时不需要\n\nAccount of who takes it in, a district manager; not needed while there is none.",
        show_default=False,
        rich_help_panel=STORE,
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        metavar="TIME",
        parser=read_moment,
        hidden=True,
        help="以此时间办理（测试、推演用）\n\nAct at this time (for tests and simulations).",
    ),
]


def read_day(option: str, text: str) -> date:
    """Read a day.

    Raises
    ------
    UsageError
        When it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no day; write it as 2026-10-08.",
            zh=f"{option} {text!r} 不是日期；请写成 2026-10-08。",
        ) from None


def write_page(path: Path, page: str) -> None:
    """Write a page whole or not at all.

    Raises
    ------
    OutputFailed
        When it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputFailed(
            f"'{path}' cannot be written: {error.strerror}; name another file.",
            zh=f"'{path}' 写不进去（{error.strerror}）；请换一个文件。",
        ) from None
