"""Entry of `rsg` and of `python -m rs_governance`."""

import sys

from rs_governance.config import settle_process


def main() -> None:
    """Run the command line and leave with its exit code."""
    settle_process()
    from rs_governance.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
