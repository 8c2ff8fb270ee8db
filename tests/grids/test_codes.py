"""The code tables that come with the program, and tables of one's own."""

from pathlib import Path

import pytest

from rs_governance.errors import ConfigInvalid
from rs_governance.grids import find_scheme
from rs_governance.grids.codes import packaged_schemes


@pytest.mark.parametrize("name", ["GB/T 21010-2017", "TD/T 1055-2019", "用地用海分类 2023"])
def test_every_code_of_land_stands_below_a_first_level(name: str) -> None:
    scheme = find_scheme(name)
    first = {code for code in scheme.codes if len(code) == 2}
    assert len(first) == {"GB/T 21010-2017": 12, "TD/T 1055-2019": 13, "用地用海分类 2023": 24}[name]
    assert {code[:2] for code in scheme.codes} == first
    assert all(found.label for found in scheme.codes.values())


def test_the_standard_has_73_codes_of_the_second_level() -> None:
    codes = find_scheme("GB/T 21010-2017").codes
    assert sum(len(code) == 4 for code in codes) == 73
    assert [codes[code].land_class for code in ("0101", "1006", "1202", "1001", "0404", "04")] == [
        "agricultural", "agricultural", "agricultural", "construction", "unused", None,
    ]  # fmt: skip


def test_06_is_not_mixed_up() -> None:
    found = [find_scheme(name).find("06") for name in ("GB/T 21010-2017", "用地用海分类 2023")]
    assert [code.label for code in found if code] == ["工矿仓储用地", "农业设施建设用地"]


def test_deeper_codes_only_where_the_table_says_so() -> None:
    deeper = find_scheme("用地用海分类 2023")
    assert [getattr(deeper.find(code), "code", None) for code in ("070102", "01019", "25", "0", "07x")] == [
        "07",
        "0101",
        None,
        None,
        None,
    ]
    assert find_scheme("GB/T 21010-2017").find("010101") is None


def test_what_was_not_confirmed_says_so() -> None:
    assert [name for name, scheme in packaged_schemes().items() if not scheme.recalled] == ["GB/T 21010-2017"]


@pytest.mark.parametrize(
    "text", ["code,label\n,x\n", "code,label\n1,\n", "code,label\n1,a\n1,b\n", "code,label,land_class\n1,a,sea\n"]
)
def test_a_table_that_contradicts_itself(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"Line \d of the code table"):
        find_scheme("t.csv", tmp_path)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="Cannot read the code table"):
        find_scheme("t.csv", tmp_path)
