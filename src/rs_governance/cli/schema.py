"""`rsg schema`."""

import typer


def schema() -> None:
    """输出图斑的 JSON Schema / Print the JSON Schema of findings.geojson."""
    from importlib import resources

    # Found as data: importing the room that made it would load every library for a few lines of text.
    folder = resources.files("rs_governance") / "publish" / "schemas"
    files = {entry.name: entry for entry in folder.iterdir() if entry.name.startswith("findings-")}
    newest = max(files, key=lambda name: [int(part) for part in name[len("findings-") : -len(".json")].split(".")])
    typer.echo(files[newest].read_text(encoding="utf-8").rstrip())
