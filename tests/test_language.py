"""Documents, docstrings, API descriptions, the dashboard and help texts use the words of docs/glossary.md, and none of `AVOIDED`."""

from __future__ import annotations

import argparse
import ast
import json
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

from tenantry.cli.main import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]

# What is not written, as a regular expression in any case, and what is written instead.
AVOIDED: Final = {
    r"fence[sd]?": "isolation layer",
    r"verdicts?": "authorizer policy, or attack result",
    r"dead letters?": "dead-letter message, or dead-letter queue",
    r"poison(ed)?": "rejected record",
    r"mend(s|ed|ing)?": "repair, or fix",
    r"in a while": "asynchronously",
    r"of when (it|that) was asked for": "of the request",
    r"none such|no such one": "does not exist",
    r"that (is|are) none": "malformed, or unknown",
    r"(none|all|those) that counts?": "valid, or pending",
    r"passed over": "ignored",
    r"that there (are|is) not": "unknown",
    r"there is one with": "already exists",
    r"(speaks?|spoke) (as|in the name)": "publishes with the source of",
    r"hears? the bus": "is subscribed to the event bus",
    r"(shut|open) to (strangers|everybody)": "rejects, or accepts, unauthenticated calls",
    r"(lets?|letting) ((the )?\w+ )?in": "allow",
    r"an attacker fail": "a sample of the attack suite",
    r"not your doing|whoever runs it": "something went wrong on our side; contact support",
    r"in the hand": "vended credentials",
    r"(are|is) free guess(es)?|guesses are free": "rate-limited",
    r"without a function in between": "direct integration",
    r"(stands?|stood) where|where (a user|they) stands?": "active tenant and roles",
    r"final word": "authoritative",
    r"by the hand|as the world does": "the literal action",
    r"understud(y|ies)": "clone of a role",
    r"landlords?": "tenant administrator",
    r"parkland|households?": "the fixture's plain name",
}
_AVOIDED: Final = re.compile(
    "|".join(rf"(?P<_{number}>\b(?:{word})\b)" for number, word in enumerate(AVOIDED)), re.IGNORECASE
)

DOCUMENTS: Final = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "ingest_client" / "README.md")
)
API_DOCUMENTS: Final = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/openapi/*.json"))
PAGE_SOURCES: Final = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "dashboard" / "src").rglob("*")
    if path.suffix in {".ts", ".tsx", ".html"}
)
CODE: Final = ("constructs", "ingest_client", "lambdas", "src", "stacks", "streaming", "tools", "tests", "benchmarks")
# Modules whose `main` is a command, and its arguments.
COMMANDS: Final = (
    "tenantry.attacks.cli",
    "benchmarks.__main__",
    "tenantry.local.cli",
    "tools.architecture.__main__",
    *(f"tenantry.cli.main {topic}" for topic in ("", *TOPICS)),
    "tools.lock",
)

# Code in a document: the names in it are those of files and functions, which the document cannot choose.
_BLOCK: Final = re.compile(r"^\s*```(\w*)\n(.*?)^\s*```$", re.DOTALL | re.MULTILINE)
_NAMES: Final = re.compile(r"`[^`]+`|\]\([^)]*\)")
_SAID: Final = re.compile(r"</b><br>([^\"]*)")


def avoided(text: str) -> list[str]:
    """Return what a text has of `AVOIDED`, each with some words around it and what to write instead."""
    plain = re.sub(r"\s+", " ", text)
    instead = list(AVOIDED.values())
    return [
        f"...{plain[max(0, found.start() - 40) : found.end() + 40]}... Write: {instead[int(found.lastgroup[1:])]}."
        for found in _AVOIDED.finditer(plain)
        if found.lastgroup
    ]


def prose(page: str) -> str:
    """Return a page in Markdown without code and targets of links; of diagrams, what they say below a name."""
    return _NAMES.sub(" ", _BLOCK.sub(lambda block: " ".join(_SAID.findall(block[2])), page))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_use_plain_words(document: str) -> None:
    assert avoided(prose((ROOT / document).read_text())) == []


@pytest.mark.parametrize("document", API_DOCUMENTS)
def test_api_descriptions_use_plain_words(document: str) -> None:
    texts = _described(json.loads((ROOT / document).read_text()))
    assert [found for text in texts for found in avoided(text)] == []


@pytest.mark.parametrize("source", PAGE_SOURCES)
def test_dashboard_uses_plain_words(source: str) -> None:
    assert avoided((ROOT / source).read_text()) == []


@pytest.mark.parametrize("folder", CODE)
def test_docstrings_use_plain_words(folder: str) -> None:
    assert [found for text in _docstrings(ROOT / folder) for found in avoided(text)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_texts_use_plain_words(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = list(_helped(_parser(command, monkeypatch)))
    assert texts
    assert [found for text in texts for found in avoided(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Behind two fences.",
        "The verdict of\nthe gateway",
        "A dead letter tells the rest.",
        "Up to 100 parks, in a while",
        "They let nobody in.",
    ],
)
def test_an_avoided_word_is_found(text: str) -> None:
    assert len(avoided(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "A dead-letter message, and a dead-letter queue.",
        "Letters, digits and hyphens; a defence; the recommended dependency.",
        "Sign in to the account, and let CloudFormation change it.",
    ],
)
def test_plain_words_are_left_alone(text: str) -> None:
    assert avoided(text) == []


def test_names_in_code_are_not_words_of_a_document() -> None:
    page = "See `test_fences.py`, [there](../fences.md):\n\n```python\nfence = 1\n```\n\nA fence.\n"
    diagram = '```mermaid\nA["<b>fences</b><br>A fence"]\n```\n'
    assert [len(avoided(prose(text))) for text in (page, diagram)] == [1, 1]


def _docstrings(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""


def _described(value: object) -> Iterator[str]:
    """Yield the summaries and descriptions of an OpenAPI document."""
    if isinstance(value, list):
        for item in value:
            yield from _described(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in {"summary", "description", "title"} and isinstance(item, str):
                yield item
            else:
                yield from _described(item)


class _ParserFoundError(Exception):
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def _parser(command: str, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """Return the parser of a command, caught when it is about to parse."""

    def caught(parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise _ParserFoundError(parser)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", caught)
    module, *arguments = command.split()
    with pytest.raises(_ParserFoundError) as found:
        import_module(module).main(*[arguments] if arguments else [])
    return found.value.parser


def _helped(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the texts that `--help` of a command and of its subcommands shows."""
    yield from filter(None, (parser.description, parser.epilog))
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to its texts
        if action.help and action.help != argparse.SUPPRESS:
            yield action.help
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - it has no public name
            yield from (choice.help for choice in action._choices_actions if choice.help)  # noqa: SLF001 - as above
            for subparser in dict.fromkeys(action.choices.values()):
                yield from _helped(subparser)
