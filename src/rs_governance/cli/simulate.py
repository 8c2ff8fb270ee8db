"""`rsg simulate`."""

from typing import Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_json
from rs_governance.cli.language import say, speak
from rs_governance.errors import OutputFailed


def simulate(
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            min=0,
            metavar="N",
            help="随机种子，相同种子得到相同样例区\n\nThe same seed makes the same district.",
        ),
    ],
    out: options.Out,
    size_km: Annotated[
        float, typer.Option("--size-km", min=0.2, max=6.0, metavar="KM", help="边长（公里）\n\nLength of a side in km.")
    ] = 3.0,
    months: Annotated[
        int,
        typer.Option(
            "--months", min=2, max=12, metavar="N", help="影像期数，每月一期\n\nNumber of images, one a month."
        ),
    ] = 5,
    cut: Annotated[
        bool,
        typer.Option(
            "--cut",
            help="只做约 1 平方公里、不超过 20 MB 的小样例\n\nAbout 1 km² only, at most 20 MB, as in sample_tiles.",
        ),
    ] = False,
    workers: options.Workers = None,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.Json = False,
) -> None:
    """生成模拟样例区：多期影像、参考图层、名册与真实变化 / Make a simulated district with its true changes.

    0.8 米，四波段，另有 district.toml；非真实地点 / 0.8 m, four bands, with its district.toml; no real place.
    """
    speak(lang)
    import os

    from rs_governance.simulate import CUT_PX, GSD_M, monthly_dates, simulate_district, write_district

    if (out / "manifest.json").exists() and not replace:
        raise OutputFailed(
            f"There is a district in '{out}' already; add --replace to overwrite it, or choose another folder."
        )
    size_px = CUT_PX if cut else round(size_km * 1000 / GSD_M)
    district = simulate_district(seed, size_px=size_px, dates=monthly_dates(months))
    manifest = write_district(district, out, workers=workers or os.cpu_count() or 1)
    if as_json:
        print_json(manifest)
    else:
        count = manifest["changes"]
        typer.echo(say(f"{out}：{count} 处变化，见 README.md", f"{out}: {count} changes, see README.md"))
