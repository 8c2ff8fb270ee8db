"""Texts whose encoding nobody says: UTF-8 or one of the Chinese ones."""

import codecs
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rs_governance.errors import LayerUnreadable
from rs_governance.grids.carriers import RowProblem

Objects = NDArray[np.object_]

_UTF8 = "utf-8"
# Holds GB 2312 and GBK, so it stands for all three.
_CHINESE = "gb18030"
_CHINESE_NAMES = ("gb", "936", "cp936", "ansi 936", "ansi936", "euc-cn", "euccn")


def decode_columns(
    names: Sequence[str], columns: Sequence[Objects], *, where: str, declared: str | None, written: str | None
) -> tuple[list[str], list[Objects], tuple[RowProblem, ...]]:
    """Decode the texts of a table that was read byte by byte (as ISO 8859-1).

    The table's encoding is the declared one, else what most texts are; a `.cpg` that contradicts them is told of. A text
    that is not in it is tried in the other of UTF-8 and GB 18030: rows that were pasted together from files of both are
    read right, and told of.

    Parameters
    ----------
    names
        Names of the fields.
    columns
        (n,) values of each field; what is not text stays as it is.
    where
        Key in `district.toml`, for messages.
    declared
        Encoding that a person declared.
    written
        Encoding that the file says it has (`.cpg`).

    Returns
    -------
    tuple
        Names, columns, and what was wrong: texts in another encoding, texts in none (set to None).

    Raises
    ------
    LayerUnreadable
        If the declared encoding is unknown.
    """
    texts = [value for column in columns for value in column if isinstance(value, str) and not value.isascii()]
    chosen, problems = _choose(texts, where=where, declared=declared, written=written)
    other = _UTF8 if chosen == _CHINESE else _CHINESE
    decoded_columns: list[Objects] = []
    strange: list[tuple[int, str]] = []
    lost: list[tuple[int, str]] = []
    for name, column in zip(names, columns, strict=True):
        decoded = column.copy()
        for row, value in enumerate(column):
            if not isinstance(value, str) or value.isascii():
                continue
            raw = value.encode("iso-8859-1")
            decoded[row] = None if chosen == _CHINESE and _is_surely_utf8(raw) else _decode(raw, chosen)
            if decoded[row] is None:
                decoded[row] = _decode(raw, other)
                (lost if decoded[row] is None else strange).append((row, name))
        decoded_columns.append(decoded)
    field_names = [_decode(name.encode("iso-8859-1"), chosen) or name for name in names]
    if strange:
        problems.append(_mixed(where, strange[0][0] + 1, len(strange), chosen, other))
    to_name = dict(zip(names, field_names, strict=True))
    problems += [_unreadable(where, row + 1, to_name[name]) for row, name in lost]
    return field_names, decoded_columns, tuple(problems)


def decode_text(raw: bytes, *, declared: str | None) -> str | None:
    """Decode a whole text as declared, else each line as UTF-8 or GB 18030; None where that fails."""
    if declared:
        codec = _codec(declared)
        return None if codec is None else _decode(raw.removeprefix(codecs.BOM_UTF8), codec)
    lines = [_decode_line(line) for line in raw.removeprefix(codecs.BOM_UTF8).splitlines()]
    return None if None in lines else "\n".join(line for line in lines if line is not None)


def decode_table(raw: bytes, *, where: str, declared: str | None) -> tuple[str, list[RowProblem]]:
    """Decode a table of a district; one that is not what it was declared to be is read line by line, and told of.

    Parameters
    ----------
    raw
        The file.
    where
        Key in `district.toml`, for messages.
    declared
        Encoding that a person declared.

    Raises
    ------
    LayerUnreadable
        If the declared encoding is unknown, or a line is in neither UTF-8 nor GB 18030.
    """
    if declared is not None and _codec(declared) is None:
        raise LayerUnreadable(_unknown(where, declared))
    text = decode_text(raw, declared=declared)
    if text is not None:
        return text, []
    text = decode_text(raw, declared=None)
    if text is None:
        raise LayerUnreadable(f"[{where}] has lines that are neither UTF-8 nor GB 18030; save it as UTF-8 again.")
    zh = f"district.toml 写明编码为 {declared}，并非如此，已逐行按 UTF-8 或 GB 18030 读取"
    en = f"district.toml says {declared}, which it is not; each line was read as UTF-8 or GB 18030"
    return text, [
        RowProblem(source=where, row="file", field="", value=str(declared), message_zh=zh, message_en=en, kept=True)
    ]


def _decode_line(line: bytes) -> str | None:
    for encoding in (_UTF8, _CHINESE):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _choose(
    texts: Sequence[str], *, where: str, declared: str | None, written: str | None
) -> tuple[str, list[RowProblem]]:
    if declared is not None:
        codec = _codec(declared)
        if codec is None:
            raise LayerUnreadable(_unknown(where, declared))
        return codec, []
    said = _codec(written) if written else None
    if not texts:
        return said or _UTF8, []
    # Chinese bytes are UTF-8 by chance only, while most UTF-8 bytes make some Chinese text.
    as_utf8 = sum(_decode(text.encode("iso-8859-1"), _UTF8) is not None for text in texts)
    seen = _UTF8 if 2 * as_utf8 > len(texts) else _CHINESE
    if said is None or (said in {_UTF8, _CHINESE} and said != seen):
        return seen, [] if said is None else [_contradicted(where, str(written), seen)]
    return said, []


def _unknown(where: str, declared: str) -> str:
    return f"[{where}] has the unknown encoding '{declared}'; expected UTF-8 or GBK, for example."


def _is_surely_utf8(raw: bytes) -> bool:
    """Whether bytes are UTF-8 of two Chinese characters or more, which no Chinese text of another encoding looks like."""
    text = _decode(raw, _UTF8) or ""
    foreign = [character for character in text if not character.isascii()]
    return len(foreign) > 1 and all("\u4e00" <= character <= "\u9fff" for character in foreign)


def _codec(name: str) -> str | None:
    folded = name.strip().lower()
    if folded.startswith(_CHINESE_NAMES):
        return _CHINESE
    if folded in {"65001", "utf8", "utf-8", "utf_8"}:
        return _UTF8
    try:
        return codecs.lookup(folded).name
    except LookupError:
        return None


def _decode(raw: bytes, encoding: str) -> str | None:
    """Decode one text; up to three bytes of a character that the field's width cut off are dropped."""
    for cut in range(4):
        try:
            return raw[: len(raw) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            if error.end < len(raw) - cut or ("end of data" not in error.reason and "incomplete" not in error.reason):
                return None
    return None


def _mixed(where: str, row: int, count: int, chosen: str, other: str) -> RowProblem:
    return RowProblem(
        source=where,
        row=row,
        field="",
        value=f"{count}",
        message_zh=f"编码混用：文件按 {chosen} 读取，有 {count} 个文本只能按 {other} 读取，已分别读取",
        message_en=f"mixed encodings: the file is {chosen}, but {count} texts are {other}; each was read as what it is",
        kept=True,
    )


def _unreadable(where: str, row: int, name: str) -> RowProblem:
    return RowProblem(
        source=where,
        row=row,
        field=name,
        value="",
        message_zh="文本既不是 UTF-8 也不是 GB 18030，视为空",
        message_en="the text is neither UTF-8 nor GB 18030; taken as missing",
        kept=True,
    )


def _contradicted(where: str, written: str, seen: Any) -> RowProblem:
    return RowProblem(
        source=where,
        row="file",
        field="",
        value=written,
        message_zh=f".cpg 写明编码为 {written}，实际为 {seen}，已按后者读取",
        message_en=f"the .cpg says {written}, the texts are {seen}; read as the latter",
        kept=True,
    )
