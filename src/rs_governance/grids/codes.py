"""Code tables: what a code of a scheme and edition means."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from rs_governance.errors import ConfigInvalid

LandClass = Literal["agricultural", "construction", "unused"]
"""The three classes of land in Chinese land law."""

_FOLDER = resources.files("rs_governance.grids") / "code_tables"
_LAND_CLASSES = ("agricultural", "construction", "unused", "")


@dataclass(frozen=True, kw_only=True)
class Code:
    """One code of a scheme."""

    code: str
    """The code as the table has it."""
    label: str
    """Chinese name."""
    land_class: LandClass | None
    """Class of land; None where the scheme has none or it depends."""


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A code table with its edition."""

    name: str
    """Name and edition: `GB/T 21010-2017`."""
    title_zh: str
    """Chinese title."""
    title_en: str
    """English title."""
    codes: Mapping[str, Code]
    """Codes of the table."""
    deeper: bool
    """Whether longer codes than the table's are taken as the code that they begin with."""
    recalled: bool
    """Whether the table was never confirmed against the standard."""

    def find(self, code: str) -> Code | None:
        """Return what a code means, None where the table does not have it.

        >>> find_scheme("GB/T 21010-2017").find("0601").label, find_scheme("用地用海分类 2023").find("0601").label
        ('工业用地', '农业设施建设用地')
        """
        found = self.codes.get(code)
        if found is not None or not self.deeper or not code.isdecimal():
            return found
        return next((self.codes[code[:n]] for n in range(len(code) - 1, 1, -1) if code[:n] in self.codes), None)


def find_scheme(name: str, folder: Path | None = None) -> Scheme:
    """Return a packaged scheme, or the code table in a file.

    Parameters
    ----------
    name
        Name of a packaged scheme, or path of a CSV file with the columns code, label and (if wanted) land_class.
    folder
        Folder from which a relative path goes.

    Raises
    ------
    ConfigInvalid
        If there is no such scheme or the file is no such table.
    """
    if name.lower().endswith(".csv"):
        path = (folder or Path()) / name
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid(f"Cannot read the code table '{path}'; expected CSV in UTF-8.") from error
        return Scheme(
            name=name, title_zh=name, title_en=name, codes=_parse(text, str(path)), deeper=False, recalled=False
        )
    known = packaged_schemes()
    if name not in known:
        raise ConfigInvalid(
            f"There is no code scheme '{name}'; expected {', '.join(known)}, or a CSV file with the columns code and label."
        )
    return known[name]


@cache
def packaged_schemes() -> Mapping[str, Scheme]:
    """Return the schemes that come with the program, by name."""
    content = tomllib.loads((_FOLDER / "schemes.toml").read_text(encoding="utf-8"))
    return {
        table["name"]: Scheme(
            name=table["name"],
            title_zh=table["title_zh"],
            title_en=table["title_en"],
            codes=_parse((_FOLDER / table["file"]).read_text(encoding="utf-8"), table["file"]),
            deeper=table.get("deeper", False),
            recalled=table.get("recalled", False),
        )
        for table in content["scheme"]
    }


def _parse(text: str, name: str) -> dict[str, Code]:
    codes: dict[str, Code] = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        code, label, land_class = (
            (row.get("code") or "").strip(),
            (row.get("label") or "").strip(),
            row.get("land_class"),
        )
        if not code or not label or code in codes or (land_class or "") not in _LAND_CLASSES:
            raise ConfigInvalid(
                f"Line {line} of the code table '{name}' is {dict(row)}; expected a new code, a label and a land_class "
                "of agricultural, construction, unused or nothing."
            )
        codes[code] = Code(code=code, label=label, land_class=land_class or None)  # type: ignore[arg-type] # checked above
    return codes
