"""When two forms of one text force two ids to be the same, and that they never do so wrongly."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.prove.automata import forces
from tenantry.prove.patterns import parse, text_of

_OWN = "arn:b/<t2>/*"


@pytest.mark.parametrize(
    ("one", "other", "forced"),
    [
        ("arn:b/<t1>/*", _OWN, True),
        ("arn:b/<t1>/<u1>/*", _OWN, True),
        ("arn:b/<t1>/x", _OWN, True),
        ("arn:c/<t1>/*", _OWN, True),  # no text has both
        ("arn:b/<t1>*", _OWN, False),
        ("arn:b/*<t1>/*", _OWN, False),
        ("arn:b/<t1>?/*", _OWN, False),
        ("arn:b/<t1>-*", _OWN, False),
        ("arn:b/*", _OWN, False),
        ("arn:b/<t1>", "arn:b/<t2>", True),
        ("arn:b/<t1><u1>", "arn:b/<t2><u2>", False),
        ("<t1>#*", "<t2>", True),
        ("<t1>.*", "<t2>*", False),
        ("x-<n1>-1", "x-<n2>-1", True),
        ("x-<n1>-1", "x-<n2>", False),  # a and a-1
        ("x-<n1>", "x-<n2>", True),
        ("x-prefix", "x-<t2>", True),  # no id
        ("x-PreFix", "x-<t2>", True),
        ("x-prefixes", "x-<t2>", False),
        ("ab", "<t2>", True),  # too short
        ("abc-", "<t2>", True),  # ids end otherwise
    ],
)
def test_forms_force_ids(one: str, other: str, forced: bool) -> None:  # noqa: FBT001 - a table
    letter = "n" if "n1" in one else "t"
    assert forces(parse(one), parse(other), letter) is forced


@pytest.mark.parametrize(
    ("prefix", "forced"), [("<t1>/*", True), ("<t1>/", True), ("<t1>*", False), ("<t1>", False), ("", False)]
)
def test_beginning_of_a_form_forces_ids(prefix: str, forced: bool) -> None:  # noqa: FBT001 - a table
    assert forces(parse(prefix), parse("<t2>/*"), "t", prefix=True) is forced


@pytest.mark.parametrize(
    ("one", "forced"), [("b/<t1>/<u1>/*", True), ("b/<t1>/<u1>*", False), ("b/<t1>/*", False), ("b/<t1>/<u1>", True)]
)
def test_forms_force_users(one: str, forced: bool) -> None:  # noqa: FBT001 - a table
    assert forces(parse(one), parse("b/<t1>/<u2>/*"), "u") is forced


_PIECES = st.lists(st.sampled_from(["<t1>", "*", "?", "/", "-", "a", "b1"]), min_size=1, max_size=5)
_OWNERS = st.lists(st.sampled_from(["<t2>", "*", "/", "-", "a", "b1"]), min_size=1, max_size=4)
_IDS = ("aaa", "aab", "aaa-a", "a-a", "b1a", "aaab1")


@given(_PIECES, _OWNERS)
@settings(max_examples=150, deadline=None)
def test_forms_that_force_ids_share_no_text_of_different_ones(mine: list[str], owned: list[str]) -> None:
    one, other = parse("".join(mine)), parse("".join(owned))
    if not forces(one, other, "t"):
        return
    for t1, t2 in product(_IDS, _IDS):
        if t1 == t2:
            continue
        for text in _texts(text_of(one).replace("<t1>", t1)):
            whole = text_of(other).replace("<t2>", t2)
            assert not re.fullmatch(re.escape(whole).replace(r"\*", ".*"), text), (text, t1, t2)


def _texts(form: str) -> list[str]:
    pieces = [
        ("", "a", "/", "-a", "/a", "b1", "1a") if c == "*" else ("a", "/", "-") if c == "?" else (c,) for c in form
    ]
    return ["".join(picked) for picked in list(product(*pieces))[:200]]
