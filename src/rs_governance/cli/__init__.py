"""The command line `rsg`. Importing it loads nothing heavy: each command imports its rooms when it runs."""

from rs_governance.cli.app import app, run

__all__ = ["app", "run"]
