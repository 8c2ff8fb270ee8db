"""`rsg db`: the store."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rs_governance.cli import audit, options
from rs_governance.cli.console import print_json, print_table
from rs_governance.cli.language import say, speak
from rs_governance.cli.options import OUTPUT, STORE

app = typer.Typer(
    help="案件库：影像、监测、业务三库合一的 GeoPackage / The store: imagery, monitoring and business in one GeoPackage.",
    no_args_is_help=True,
)

_District = Annotated[
    Path,
    typer.Option("--district", metavar="DISTRICT", help="区县配置 district.toml\n\nThe file district.toml."),
]
_Crs = Annotated[
    str | None,
    typer.Option(
        "--crs",
        metavar="CRS",
        help="案件库坐标系，须为投影坐标，如 EPSG:4545；默认取区县配置\n\nCRS of the store, projected; that of the district by default.",
        show_default=False,
    ),
]
_StoreId = Annotated[str | None, typer.Option("--id", hidden=True, help="库编号\n\nName of the store.")]
_Backups = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="DIR",
        help="备份所在文件夹，默认为库旁的 <库名>.backups\n\nFolder of the backups; <store>.backups beside the store by default.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
_Backup = Annotated[
    Path,
    typer.Argument(
        metavar="BACKUP", help="rsg db backup 生成的文件夹\n\nFolder that rsg db backup made.", rich_help_panel=STORE
    ),
]
_Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="已有案件库时取而代之，原库改名保留\n\nTake the place of a store that is there; the former one is kept.",
        rich_help_panel=STORE,
    ),
]
_Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="副本所在文件夹\n\nFolder for the copy.", rich_help_panel=OUTPUT),
]


@app.command("init")
def init(
    district: _District,
    store: options.Store = options.DEFAULT_STORE,
    crs: _Crs = None,
    store_id: _StoreId = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """新建空的案件库 / Make an empty store."""
    speak(lang)
    import secrets

    import pyproj
    from pyproj.exceptions import ProjError

    from rs_governance.db import STORE_FILE, create_store
    from rs_governance.district import read_district
    from rs_governance.errors import UsageError

    content = read_district(district)
    try:
        asked = content.crs if crs is None else pyproj.CRS.from_user_input(crs)
    except ProjError:
        raise UsageError(
            f"--crs {crs!r} is no CRS; write one such as EPSG:4545.", zh=f"--crs {crs!r} 不是坐标系；请写成 EPSG:4545。"
        ) from None
    store_id = store_id or f"{content.code}-{secrets.token_hex(4)}"
    create_store(
        store,
        district_code=content.code,
        district_name=content.name,
        crs=asked,
        now=options.time_of(at),
        store_id=store_id,
    ).close()
    if as_json:
        print_json({"store": str(store), "store_id": store_id, "crs": asked.name})
        return
    rows = [
        (say("案件库", "store"), str(store / STORE_FILE)),
        (say("库编号", "id"), store_id),
        (say("区县", "district"), f"{content.code} {content.name}"),
        (say("坐标系", "CRS"), asked.name),
        (say("下一步", "next"), say("rsg audit key 生成签名密钥", "rsg audit key makes the key of the anchors")),
    ]
    print_table(rows)


@app.command("upgrade")
def upgrade(
    store: options.Store = options.DEFAULT_STORE,
    backups: _Backups = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """把案件库升级到本程序的版本，先备份 / Bring the store to this program's version, after a backup."""
    speak(lang)
    from rs_governance.db.migrating import upgrade_store

    done = upgrade_store(store, backups=backups or _backups_of(store), now=options.time_of(at))
    backup = None if done.backup is None else str(done.backup.folder)
    if as_json:
        print_json({"found": done.found, "made": done.made, "backup": backup})
    elif backup is None:
        typer.echo(say(f"已是版本 {done.made}，无需升级。", f"It is of version {done.made} already."))
    else:
        print_table([
            (say("版本", "version"), f"{done.found} -> {done.made}"),
            (say("升级前的备份", "backup before it"), backup),
        ])


@app.command("backup")
def backup(
    store: options.Store = options.DEFAULT_STORE,
    backups: _Backups = None,
    key: audit.Key = None,
    anchors: audit.Anchors = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """备份案件库与证据原件，不影响使用 / Back up the store and its originals while it is in use."""
    speak(lang)
    from rs_governance.db import open_store
    from rs_governance.db.copying import back_up

    now = options.time_of(at)
    with closing(open_store(store)) as opened:
        made = back_up(opened, backups or _backups_of(store), now=now)
        anchor = audit.set_anchor(opened, f"backup {made.folder.name}", audit.find_place(opened, key, anchors), now)
    if as_json:
        print_json({**asdict(made), "anchor": anchor})
        return
    rows = [
        (say("备份", "backup"), str(made.folder)),
        (say("办理记录", "events"), str(made.events)),
        (say("证据原件", "originals"), str(made.originals)),
    ]
    print_table(rows)


@app.command("restore")
def restore(
    backup: _Backup,
    store: options.Store = options.DEFAULT_STORE,
    replace: _Replace = False,
    key: audit.Key = None,
    anchors: audit.Anchors = None,
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """核对备份并恢复为案件库 / Verify a backup and make it the store."""
    speak(lang)
    from rs_governance.cases.trail.audit import RESTORE
    from rs_governance.db.copying import restore_store
    from rs_governance.db.store import open_any_store

    now = options.time_of(at)
    kept = restore_store(backup, store, now=now, replace=replace)
    with closing(open_any_store(store)) as opened:
        anchor = audit.set_anchor(opened, RESTORE, audit.find_place(opened, key, anchors), now)
    if as_json:
        print_json({"store": str(store), "kept": None if kept is None else str(kept), "anchor": anchor})
        return
    rows = [(say("案件库", "store"), str(store))]
    print_table(rows if kept is None else [*rows, (say("原库保留在", "former store kept in"), str(kept))])


@app.command("check")
def check(
    store: options.Store = options.DEFAULT_STORE,
    key: audit.Key = None,
    anchors: audit.Anchors = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """检查文件、引用、写保护、空间索引、原件与办理记录 / Check file, references, guards, indices, originals and events.

    有问题时退出码为 1 / Exits with 1 where something is wrong.
    """
    speak(lang)
    from rs_governance.db import open_store
    from rs_governance.db.checking import check_database

    with closing(open_store(store)) as opened:
        found = audit.run_audit(opened, [audit.find_place(opened, key, anchors)])
        defects = [*check_database(opened), *found.defects]
    if as_json:
        print_json({"ok": not defects, "defects": [asdict(each) for each in defects]})
    else:
        audit.print_audit(found)
        audit.print_defects(defects)
    if defects:
        raise typer.Exit(audit.EXIT_DEFECTS)


@app.command("snapshot")
def snapshot(
    store: options.Store = options.DEFAULT_STORE,
    out: _Out = Path(),
    at: options.At = None,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """为分析人员导出带日期的副本，不含个人信息，可随意编辑 / Write a dated copy for analysts, without personal data, free to edit."""
    speak(lang)
    from rs_governance.db import open_store
    from rs_governance.db.copying import snapshot as write

    with closing(open_store(store)) as opened:
        path = write(opened, out, now=options.time_of(at))
    if as_json:
        print_json({"snapshot": str(path)})
    else:
        print_table([(say("副本", "copy"), str(path))])


def _backups_of(store: Path) -> Path:
    folder = store.resolve()
    return folder.parent / f"{folder.name}.backups"
