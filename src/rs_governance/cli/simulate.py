"""`rsg simulate`."""

from typing import Annotated

import typer

from rs_governance.cli import options
from rs_governance.cli.console import print_json
from rs_governance.errors import OutputFailed


def simulate(
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, metavar="N", help="随机种子，相同种子得到相同影像\n\nThe same seed makes the same pair."
        ),
    ],
    out: options.Out,
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """生成一对模拟影像及真实变化 / Make a pair of simulated images with the true changes.

    约 1 平方公里，0.8 米，四波段；非真实地点 / About 1 km² at 0.8 m, four bands; no real place.
    """
    from rs_governance.simulate import make_sample

    if (out / "manifest.json").exists() and not replace:
        raise OutputFailed(
            f"There is a pair in '{out}' already; add --replace to overwrite it, or choose another folder."
        )
    manifest = make_sample(out, seed)
    if as_json:
        print_json(manifest)
    else:
        typer.echo(f"{out}：{manifest['changes']} 处变化，见 README.md / {manifest['changes']} changes, see README.md")
