"""Issues that were published before one that should have come first."""

import json
from pathlib import Path

from rs_governance.publish.month import FINDINGS_PARQUET, find_issues
from rs_governance.publish.month.manifest import MANIFEST_FILE


def tell_outdated(issues: Path, name: str) -> tuple[tuple[str, str], ...]:
    """Say which later issues were made without this one, or with what it replaced.

    Parameters
    ----------
    issues
        Folder of the issues.
    name
        The issue that has just been published.

    Returns
    -------
    tuple
        Nothing, or one sentence in Chinese and in English.
    """
    # By its bytes: an issue that is published again may be the same.
    own = _digests(issues / name, "outputs").get(FINDINGS_PARQUET)
    later = [
        issue.name
        for issue in find_issues(issues)
        if issue.name > name and _digests(issue.folder, f"issue {name}").get(FINDINGS_PARQUET) != own
    ]
    if not later:
        return ()
    names = ", ".join(later)
    zh = f"{names} 期发布时没有本期成果（或用的是被替换的成果），其前时相与趋势可能改变：请用 --replace 依次重新发布。"
    en = (
        f"{names}: published without this issue, or with what it replaces; earlier dates and trends may change. Publish again "
        "with --replace, one after the other."
    )
    return ((zh, en),)


def _digests(folder: Path, part: str) -> dict[str, str]:
    """Return digests of files by their name, as the manifest of an issue has them; none where it cannot be read."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        files = manifest["outputs"] if part == "outputs" else manifest["inputs"].get(part, [])
        return {file["name"]: file["sha256"] for file in files}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
