"""`rsg schema`."""

import typer


def schema() -> None:
    """输出图斑的 JSON Schema / Print the JSON Schema of findings.geojson."""
    from rs_governance.publish.schema import SCHEMA_FILE

    typer.echo(SCHEMA_FILE.read_text(encoding="utf-8").rstrip())
