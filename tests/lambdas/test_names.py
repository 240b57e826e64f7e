"""Which text is a name: the same for functions, mapping templates, models and OpenAPI documents."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from stacks.platform.schema_parts import key_schema, name_schema
from tenantry.model.caller import Profile
from tenantry.model.names import NAME_PATTERN, key_refusal, name_or, name_refusal, usable_name
from tests.given_names import NAMES, REFUSED

# Unlike hypothesis' own default, with halves of surrogate pairs.
_TEXTS: Final = st.text(st.characters(codec=None), max_size=50)
_CONTROLS: Final = {chr(point) for point in (*range(0x20), *range(0x7F, 0xA0))}
_BIDIRECTIONAL: Final = {chr(point) for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def _is_name(text: str) -> bool:
    """Say it once more in other words."""
    return not any(
        character in _CONTROLS | _BIDIRECTIONAL or unicodedata.category(character) == "Cs" for character in text
    )


@given(text=_TEXTS)
@example(text="a\u202fb")
@example(text="a\u2028b")
@example(text="a\ud800")
@example(text="a\n")
def test_names_allow_any_text_without_control_characters(text: str) -> None:
    assert (name_refusal(text) == "") is _is_name(text)
    assert (re.fullmatch(NAME_PATTERN, text) is not None) is _is_name(text)


@given(text=_TEXTS)
@example(text="a\n")
def test_schema_matches_except_for_lone_surrogates(text: str) -> None:
    halves = any(unicodedata.category(character) == "Cs" for character in text)
    schema = Draft4Validator(name_schema(shortest=0, longest=50))

    assert schema.is_valid(text) is (_is_name(text) or (halves and not set(text) & (_CONTROLS | _BIDIRECTIONAL)))


@given(segments=st.lists(_TEXTS.map(lambda text: text.replace("/", "")) | st.sampled_from([".", "..", "...", ""])))
def test_keys_refuse_dot_segments(segments: list[str]) -> None:
    key = "/".join(segments)
    usable = bool(key) and not key.startswith("/") and not {".", ".."} & set(segments) and _is_name(key)

    assert (key_refusal(key) == "") is usable
    if not re.search("[\ud800-\udfff]", key):
        assert Draft4Validator(key_schema()).is_valid(key) is usable


@pytest.mark.parametrize("text", NAMES)
def test_text_of_every_script_is_unchanged(text: str) -> None:
    assert usable_name(text) == text
    assert name_or(text, "other") == text
    assert key_refusal(text) == ""
    assert Profile.from_claims({"name": text}).name == text


@pytest.mark.parametrize("character", REFUSED, ids=lambda character: f"U+{ord(character):04X}")
def test_error_names_the_code_point_only(character: str) -> None:
    with pytest.raises(ValueError, match=rf"\(U\+{ord(character):04X}\)") as refused:
        usable_name(f"a{character}b")

    assert character not in str(refused.value)
    assert name_or(f"a{character}b", "other") == "other"
    assert Profile.from_claims({"name": f"a{character}b"}).name == ""
    assert not Draft4Validator(name_schema()).is_valid(f"a{character}b")
