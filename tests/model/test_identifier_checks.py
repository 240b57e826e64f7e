"""Every engine accepts and refuses the same ids: Python, JSON Schema, ECMAScript, Java, JSONata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonata import Jsonata
from jsonschema import Draft4Validator

from tenantry.model.identifier_checks import (
    TENANT_ID_SCHEMA,
    USER_ID_SCHEMA,
    tenant_id_condition,
    user_id_condition,
)
from tenantry.model.identifiers import (
    RESERVED_WORDS,
    TENANT_PATTERN,
    TENANT_SHAPE,
    USER_SHAPE,
    InvalidIdentifierError,
    tenant_id,
    user_id,
)
from tests.model.engines import EcmaScript, Java

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE_BREAKS: Final = ("\n", "\r", "\r\n", "\v", "\f", "\u0085", "\u2028", "\u2029")
_AFFIXES: Final = (
    "",
    *_LINE_BREAKS,
    " ",
    "\t",
    "\0",
    "-",
    ".",
    "..",
    "@",
    "é",
    "\u017f",
    "\u212a",
    "\ud800",
    "/",
    "*",
    "x",
)
_ANY_CASE: Final = st.sampled_from(RESERVED_WORDS).flatmap(
    lambda word: st.tuples(*(st.sampled_from((letter, letter.upper())) for letter in word)).map("".join)
)


def _texts(shape: str) -> st.SearchStrategy[str]:
    """Return ids, reserved words in any case, and both with something before, within or after them."""
    good = st.one_of(st.from_regex(shape, fullmatch=True), _ANY_CASE, st.text("Ab1-@._", max_size=132))
    affix = st.sampled_from(_AFFIXES)
    return st.one_of(
        good,
        st.text(),
        st.tuples(affix, good, affix).map("".join),
        st.tuples(good, affix, good).map("".join),
    )


def _python(check: Callable[[object], str], text: str) -> bool:
    try:
        return check(text) == text
    except InvalidIdentifierError:
        return False


_thorough = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_Engines = tuple[Draft4Validator, EcmaScript, Java, Jsonata]


@pytest.fixture(scope="module")
def tenant_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Engines]:
    pattern, refused = TENANT_ID_SCHEMA["pattern"], TENANT_ID_SCHEMA["not"]["pattern"]
    folder = tmp_path_factory.mktemp("tenant")
    with EcmaScript(pattern, refused) as ecmascript, Java(folder, TENANT_PATTERN, pattern, refused) as java:
        yield Draft4Validator(TENANT_ID_SCHEMA), ecmascript, java, Jsonata(tenant_id_condition("detail.tenantId"))


@pytest.fixture(scope="module")
def user_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Engines]:
    pattern, refused = USER_ID_SCHEMA["pattern"], USER_ID_SCHEMA["not"]["pattern"]
    folder = tmp_path_factory.mktemp("user")
    with EcmaScript(pattern, refused) as ecmascript, Java(folder, USER_SHAPE, pattern, refused) as java:
        yield Draft4Validator(USER_ID_SCHEMA), ecmascript, java, Jsonata(user_id_condition("detail.userName"))


@given(_texts(TENANT_SHAPE))
@example("prefix")
@example("DBNS")
@example("prefix\n")
@example("T001\u2028")
@example("ap-")
@_thorough
def test_every_engine_has_the_same_tenant_ids(tenant_engines: _Engines, text: str) -> None:
    schema, ecmascript, java, jsonata = tenant_engines
    good = _python(tenant_id, text)

    assert schema.is_valid(text) == good
    assert ecmascript.accepts(text) == good
    assert java.accepts(text) == (good, good)
    assert jsonata.evaluate({"detail": {"tenantId": text}}) == good


@given(_texts(USER_SHAPE))
@example("ada@example.com")
@example("a..b")
@example("ada\n")
@example("ada\u0085")
@_thorough
def test_every_engine_has_the_same_user_ids(user_engines: _Engines, text: str) -> None:
    schema, ecmascript, java, jsonata = user_engines
    good = _python(user_id, text)

    assert schema.is_valid(text) == good
    assert ecmascript.accepts(text) == good
    assert java.accepts(text)[1] == good
    assert jsonata.evaluate({"detail": {"userName": text}}) == good


@pytest.mark.parametrize("value", [None, 1, True, ["T001"], {"id": "T001"}])
def test_only_text_is_an_id(value: object) -> None:
    for schema in (TENANT_ID_SCHEMA, USER_ID_SCHEMA):
        assert not Draft4Validator(schema).is_valid(value)
    for condition in (tenant_id_condition("id"), user_id_condition("id")):
        assert Jsonata(condition).evaluate({"id": value}) is False
    assert Jsonata(tenant_id_condition("id")).evaluate({}) is False
