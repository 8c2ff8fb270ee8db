"""`rsg audit`: whether the record is still what was recorded."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_columns, print_json, print_table
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import STORE

if TYPE_CHECKING:
    from rs_governance.cases.trail.anchors import AnchorPlace
    from rs_governance.cases.trail.audit import Audit
    from rs_governance.db import Store
    from rs_governance.db.defects import Defect

app = typer.Typer(
    help="办理记录审计：哈希链、库外签名锚、照片原件 / Audit of the record: chain, anchors outside the store, originals.",
    no_args_is_help=True,
)

Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="锚的签名私钥，须在案件库之外（默认在用户配置目录，或环境变量 RSG_ANCHOR_KEY）"
        "\n\nPrivate key of the anchors, outside the store (default: the user's configuration folder, or RSG_ANCHOR_KEY).",
        show_default=False,
        rich_help_panel=STORE,
    ),
]
Anchors = Annotated[
    Path | None,
    typer.Option(
        "--anchors",
        metavar="FILE",
        help="锚文件，须在案件库之外（默认在库旁，或环境变量 RSG_ANCHORS）"
        "\n\nFile of anchors, outside the store (default: beside the store, or RSG_ANCHORS).",
        show_default=False,
        rich_help_panel=STORE,
    ),
]
_AnchorFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--anchors",
        metavar="FILE",
        help="锚文件，可重复：曾在几处锚定的，一并给出（默认在库旁，或环境变量 RSG_ANCHORS）"
        "\n\nFile of anchors; repeat it for a store that was anchored in several (default: beside the store, or RSG_ANCHORS).",
        show_default=False,
        rich_help_panel=STORE,
    ),
]
_Public = Annotated[
    Path | None,
    typer.Option(
        "--public",
        metavar="FILE",
        help="公钥文件，审计人没有私钥时用（默认为私钥旁的 .pub）"
        "\n\nFile of public keys, for an auditor without the private one (default: .pub beside it).",
        show_default=False,
        rich_help_panel=STORE,
    ),
]

_KINDS = {
    "damaged": ("文件损坏", "file damaged"),
    "foreign_key": ("引用失效", "reference to nothing"),
    "guard": ("写保护缺失", "guard missing"),
    "index": ("空间索引不符", "spatial index out of step"),
    "evidence_missing": ("原件缺失", "original missing"),
    "evidence_changed": ("原件被改", "original changed"),
    "event_changed": ("记录被改", "event changed"),
    "event_missing": ("记录被删", "event removed"),
    "event_order": ("记录被换序或替换", "event moved or replaced"),
    "events_cut": ("末尾记录被删", "events cut off"),
    "resealed": ("哈希链被重写", "chain sealed anew"),
    "row_changed": ("登记内容被改", "recorded row changed"),
    "row_missing": ("登记内容被删", "recorded row removed"),
    "row_unrecorded": ("未经登记的内容", "row that nobody recorded"),
    "case_differs": ("案件与记录不符", "case is not what its events say"),
    "anchor_invalid": ("锚无效", "anchor not valid"),
    "anchor_missing": ("锚缺失", "anchor missing"),
}

EXIT_DEFECTS = 1
"""Exit code of a check that found something."""


@app.command("verify")
def verify(
    store: options.Store = options.DEFAULT_STORE,
    key: Key = None,
    anchors: _AnchorFiles = None,
    public: _Public = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """核对全部办理记录、锚、案件、登记内容与原件 / Verify all events, anchors, cases, recorded rows and originals.

    有问题时退出码为 1，第一条即最早的改动 / Exits with 1 where something is wrong; the first line is the earliest change.
    """
    speak(lang)
    from rs_governance.db import open_store

    files: Sequence[Path | None] = anchors or [None]
    with closing(open_store(store)) as opened:
        audit = run_audit(opened, [find_place(opened, key, file) for file in files], public)
    content = {**asdict(audit), "unanchored": audit.unanchored, "ok": not audit.defects}
    if as_json:
        print_json(content)
    else:
        print_audit(audit)
        print_defects(audit.defects)
    if audit.defects:
        raise typer.Exit(EXIT_DEFECTS)


@app.command("anchor")
def anchor(
    store: options.Store = options.DEFAULT_STORE,
    key: Key = None,
    anchors: Anchors = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """现在就把记录条数与末条哈希签名存到库外 / Sign the number of events and the last hash outside the store, now."""
    speak(lang)
    from rs_governance.db import open_store

    with closing(open_store(store)) as opened:
        made = set_anchor(opened, "by_hand", find_place(opened, key, anchors), options.time_of(at))
    if as_json:
        print_json({"anchor": made})
    elif made is not None:
        print_table([(name, str(value)) for name, value in made.items()])
    if made is None:
        raise typer.Exit(EXIT_DEFECTS)


@app.command("key")
def make(
    key: Key = None,
    store: options.Store = options.DEFAULT_STORE,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """生成签名密钥；公钥请抄存别处 / Make the signing key; keep a copy of the public one elsewhere."""
    speak(lang)
    from rs_governance.cases.trail.anchors import key_path, make_key, public_file

    path = key_path(store, key)
    public = make_key(path, replace=replace)
    if as_json:
        print_json({"key": str(path), "public_file": str(public_file(path)), "public": public})
        return
    print_table([
        (say("私钥（只限本人读取）", "private key (yours alone)"), str(path)),
        (say("公钥文件", "file of public keys"), str(public_file(path))),
        (say("公钥（抄存别处，审计用）", "public key (keep a copy elsewhere)"), public),
    ])


def find_place(store: "Store", key: Path | None, anchors: Path | None) -> "AnchorPlace":
    """Say where key and anchors lie, from options and environment."""
    from rs_governance.cases.trail.anchors import anchor_place

    return anchor_place(store, key=key, anchors=anchors)


def set_anchor(store: "Store", purpose: str, place: "AnchorPlace", now: Any) -> dict[str, Any] | None:
    """Set an anchor; where there is no key, say so on stderr and return None."""
    from rs_governance.cases.trail.anchors import anchor as sign

    made = sign(store, purpose, now=now, place=place)
    if made is None:
        text = say(
            f"注意：没有签名密钥 {place.key}，未锚定；用 rsg audit key 生成。",
            f"Mind: there is no key {place.key}, nothing was anchored; make one with rsg audit key.",
        )
        typer.echo(text, err=True)
        return None
    return asdict(made)


def run_audit(store: "Store", places: "Sequence[AnchorPlace]", public: Path | None = None) -> "Audit":
    """Audit a store with the anchors of several files and the public keys of the first place."""
    from rs_governance.cases.trail.anchors import in_order, known_anchors, public_file, read_anchors, read_public_keys
    from rs_governance.cases.trail.audit import audit_store

    known = known_anchors(store)  # before the files: what is anchored meanwhile is not missed in them
    anchors = [read_anchors(place.file) for place in places]
    keys = read_public_keys(public or public_file(places[0].key))
    return audit_store(store, in_order(anchors), keys, known=known)


def print_audit(audit: "Audit") -> None:
    """Print how much was audited, and how much of it is anchored."""
    rows = [
        (say("办理记录", "events"), str(audit.events)),
        (say("其他登记内容", "rows on record besides cases"), str(audit.rows)),
        (say("有效的锚", "good anchors"), str(audit.anchors)),
        (say("已锚定的记录", "anchored events"), str(audit.anchored)),
        (say("尚未锚定的记录", "not yet anchored"), str(audit.unanchored)),
    ]
    rows += [(say("恢复备份时放弃", "given up by a restore"), text) for text in audit.given_up]
    print_table(rows + [(say("请注意", "worth knowing"), text) for text in audit.remarks])
    if audit.events and not audit.anchors:
        text = say(
            "注意：没有找到有效的锚，此前的记录只由哈希链自证；请核对 --anchors，或用 rsg audit anchor 锚定。",
            "Mind: no good anchor was found: nothing before now is protected but by the chain itself; check --anchors, or "
            "set one with rsg audit anchor.",
        )
        typer.echo(text)


def print_defects(defects: "Sequence[Defect]") -> None:
    """Print what is wrong, or that nothing is."""
    if not defects:
        typer.echo(say("未发现问题。", "Nothing is wrong."))
        return
    rows = [(say(*_KINDS[each.kind]), each.where, each.detail) for each in defects]
    header = (say("问题", "what"), say("位置", "where"), say("说明", "detail"))
    print_columns(header, rows, title=say(f"发现 {len(rows)} 处问题", f"{len(rows)} defects"))
