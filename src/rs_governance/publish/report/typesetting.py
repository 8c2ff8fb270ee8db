"""Pages set by Typst from a packaged template, a few pictures and data; always the same bytes."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pylopdf_fonts_zh_cn
import typst

from rs_governance.errors import OutputFailed

TEMPLATES = Path(__file__).parent / "templates"
"""Folder of the packaged templates."""

_EPOCH = 0  # what Typst writes as the day of creation, so that bytes do not depend on the clock


class Typesetter:
    """Sets any number of documents by one template; fonts are loaded once.

    Only the packaged fonts are used, so that a page looks alike everywhere. Pictures lie in a scratch folder until
    the typesetter is closed.

    Parameters
    ----------
    template
        Name of a file in `TEMPLATES`; it reads its data by `json(bytes(sys.inputs.data))`.
    """

    def __init__(self, template: str) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="rsg-pages-")
        self.folder = Path(self._scratch.name)
        for name in ("look.typ", template):
            shutil.copyfile(TEMPLATES / name, self.folder / name)
        self._compiler = typst.Compiler(
            str(self.folder / template),
            root=str(self.folder),
            font_paths=[str(pylopdf_fonts_zh_cn.sans_path().parent)],
            ignore_system_fonts=True,
        )

    def add_picture(self, name: str, content: bytes) -> str:
        """Put a picture (PNG or SVG by its name) where the template finds it, and return its name."""
        (self.folder / name).write_bytes(content)
        return name

    def pdf(self, data: Mapping[str, Any]) -> bytes:
        """Set a document and return it as a PDF.

        Parameters
        ----------
        data
            What the template reads; plain values, lists and mappings.

        Raises
        ------
        OutputFailed
            When the template cannot be set, or a font is missing.
        """
        return self._compile(data, "pdf")[0]

    def pages(self, data: Mapping[str, Any], *, ppi: float = 96.0) -> list[bytes]:
        """Set a document and return each page as a PNG.

        Raises
        ------
        OutputFailed
            When the template cannot be set, or a font is missing.
        """
        return self._compile(data, "png", ppi=ppi)

    def close(self) -> None:
        """Remove the scratch folder."""
        self._scratch.cleanup()

    def _compile(self, data: Mapping[str, Any], kind: Literal["pdf", "png"], **settings: Any) -> list[bytes]:
        inputs = {"data": json.dumps(data, ensure_ascii=False, allow_nan=False)}
        try:
            result, warnings = self._compiler.compile_with_warnings(
                sys_inputs=inputs, format=kind, timestamp=_EPOCH, **settings
            )
        except RuntimeError as error:
            raise OutputFailed(f"Cannot set the page: {' '.join(str(error).split())}; report it as a fault.") from error
        if warnings:  # a font that is missing leaves blank letters, and is no error to Typst
            raise OutputFailed(f"Cannot set the page well: {warnings[0]}; install the packaged fonts again.")
        return [page for page in (result if isinstance(result, list) else [result]) if page is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
