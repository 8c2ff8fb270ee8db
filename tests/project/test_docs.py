"""What the pages for people say is there: commands, options, targets and files."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from rs_governance.cli import app

PAGES = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")
ROOT = Path(__file__).resolve().parents[2]


def code_of(page: str) -> Iterator[str]:
    """Lines of code blocks, and what stands between back quotes."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", text)


def options_by_command() -> dict[tuple[str, ...], set[str]]:
    """Options of every command, of subcommands too."""

    def walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], set[str]]]:
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}  # type: ignore[attr-defined]
        yield path, options | {"--help"}
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*path, name))

    return dict(walk(typer.main.get_command(app), ()))


OPTIONS = options_by_command()


@pytest.mark.parametrize("page", PAGES)
def test_named_targets_exist(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {match.group(1) for code in code_of(page) if (match := re.match(r"make ([a-z-]+)", code))}
    assert named
    assert named <= targets


@pytest.mark.parametrize("page", PAGES)
def test_named_commands_and_options_exist(page: str) -> None:
    for code in code_of(page):
        match = re.match(r"(?:\S*/)?rsg\b(?P<rest>[^#]*)", code)
        if match is None:
            continue
        words = match.group("rest").split()
        path = tuple(words[:2]) if tuple(words[:2]) in OPTIONS else tuple(words[:1])
        if words and words[0].startswith("-"):
            path = ()
        assert path in OPTIONS, code
        assert {word for word in words if word.startswith("--")} <= OPTIONS[path], code


@pytest.mark.parametrize("page", PAGES)
def test_options_named_alone_exist(page: str) -> None:
    known = set().union(*OPTIONS.values())
    for code in code_of(page):
        if re.fullmatch(r"--[a-z0-9-]+.*", code):
            assert code.split()[0] in known, code


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert not broken


def test_both_languages_say_the_same() -> None:
    english, chinese = (sorted(code for code in code_of(page) if "rsg" in code or "--" in code) for page in PAGES[:2])
    commands = [[re.sub(r"\s*#.*", "", code) for code in page] for page in (english, chinese)]
    assert commands[0] == commands[1]


def test_every_exit_code_is_in_the_table() -> None:
    from rs_governance import errors
    from rs_governance.cli import failures

    codes = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RsgError)
    }
    codes |= {failures.EXIT_USAGE, failures.EXIT_UNEXPECTED, failures.EXIT_INTERRUPTED}
    codes -= {errors.RsgError.exit_code}
    for page in PAGES[:2]:
        table = {
            int(code) for code in re.findall(r"^\| (\d+) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        }
        assert codes <= table


@pytest.mark.parametrize("page", PAGES[:2])
def test_imports_that_are_shown_work(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = re.findall(r"^from (rs_\S+) import (.+)$", text, re.MULTILINE)
    assert shown
    for module, names in shown:
        found = importlib.import_module(module)
        assert all(callable(getattr(found, name)) for name in names.split(", "))
