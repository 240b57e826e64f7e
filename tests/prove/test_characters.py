"""The characters of texts that match a pattern: never fewer than there can be."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tenantry.model.identifiers import TENANT_PATTERN, USER_SHAPE
from tenantry.prove.characters import ANY, characters, excluded
from tenantry.prove.keys import ID_CHARACTERS

_PATTERNS = (
    TENANT_PATTERN, USER_SHAPE, "a|b.c", "[^a-c]*", "[^a]b?", r"x\.y", r"[\d_-]{1,3}", r"\u0061+", "(?:ab)*c", "(?!a)[a-b]",
    "[a-]", "a{2}", r"\d", "(?i:a)", "(?i)a", r"\w", "a++", "[^é]", "é", "", "(a", "[", "a)",
)  # fmt: skip
_TEXTS = ["".join(found) for length in range(4) for found in product('ab c."#é\n-1_', repeat=length)]


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_no_character_of_a_match_is_missing(pattern: str) -> None:
    found = characters(pattern)
    try:
        matching = [text for text in _TEXTS if re.fullmatch(pattern, text)]
    except re.error:
        assert found == ANY
        return

    assert all(c in found.ascii if c.isascii() else found.beyond for text in matching for c in text)


def test_nothing_is_assumed_of_an_intersection() -> None:
    assert characters("[a&&b]") == ANY


def test_characters_of_ids_are_exact() -> None:
    assert characters(TENANT_PATTERN).only(ID_CHARACTERS)
    assert characters(TENANT_PATTERN).ascii == ID_CHARACTERS
    assert not characters("[A-Za-z0-9:-]+").only(ID_CHARACTERS)
    assert not characters("[A-Za-z0-9é-]+").only(ID_CHARACTERS)


@pytest.mark.parametrize(
    "pattern", ["[^ab]", "[^ab]|c", "[ab]", "[^é]", "a", "x[^ab]", "(?i)[^ab]", "[^ab]{2}", "[^a-"]
)
def test_no_character_of_what_is_not_found_is_missing(pattern: str) -> None:
    found = excluded(pattern)
    try:
        without = [text for text in _TEXTS if not re.search(pattern, text)]
    except re.error:
        assert found == ANY
        return

    assert all(c in found.ascii if c.isascii() else found.beyond for text in without for c in text)
