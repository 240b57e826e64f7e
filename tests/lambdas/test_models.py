"""What the functions read from outside: by models whose errors repeat nothing that was sent, and from settings."""

from __future__ import annotations

import ast
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, field

from tenantry.runtime.inputs import Input, InputError, read, read_json, refuse
from tenantry.runtime.settings import SettingError, Settings
from tests.synthesized import ROOT

_SECRET = "eyJhbGciOi"


class _Part(Input, frozen=True):
    kind: Literal["a", "b"] = "a"
    name: Annotated[str, Meta(min_length=1, max_length=5, pattern="^[a-z]*$")] = "x"
    number: int = 1

    def __post_init__(self) -> None:
        refuse("name", "must not be ada" if self.name == "ada" else None)


class _Whole(Input, frozen=True):
    part: _Part
    parts: list[_Part] = field(default_factory=list)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "part: Field required"),
        ({"part": {"kind": _SECRET}}, "part.kind: Invalid enum value"),
        ({"part": {"kind": f"{_SECRET}' - at `$.x`"}}, "part.kind: Invalid enum value"),
        ({"part": {"name": _SECRET}}, "part.name: Expected `str` of length <= 5"),
        ({"part": {"name": "EYJ"}}, "part.name: Expected `str` matching regex '^[a-z]*$'"),
        ({"part": {"name": "ada"}}, "part: name: must not be ada"),
        ({"part": {"number": _SECRET}}, "part.number: Expected `int`, got `str`"),
        ({"part": {"number": "1"}}, "part.number: Expected `int`, got `str`"),
        ({"part": {"other": _SECRET}}, "part.other: Extra inputs are not permitted"),
        ({"part": {}, "parts": [{}, {"kind": _SECRET}]}, "parts[1].kind: Invalid enum value"),
        ([], "Expected `object`, got `array`"),
    ],
)
def test_error_says_where_and_why_and_repeats_no_value(sent: Any, message: str) -> None:  # noqa: ANN401 - JSON
    with pytest.raises(InputError) as refused:
        read(sent, _Whole)
    assert str(refused.value) == message
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("sent", [b"", b"{", b'{"part": {"name": "\xff"}}', f'{{"part": {_SECRET}'.encode()])
def test_malformed_json_is_refused_without_its_text(sent: bytes) -> None:
    with pytest.raises(InputError) as refused:
        read_json(sent, _Whole)
    assert str(refused.value) == "Invalid JSON"


def test_nothing_is_read_as_a_model_elsewhere() -> None:
    """A message of msgspec's own may hold what was sent."""
    found = [
        path.name
        for path in sorted((ROOT / "lambdas").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"msgspec.convert", "msgspec.json.decode"}
    ]
    assert found == ["inputs.py", "inputs.py"]


class _Base(Settings):
    name: str
    days: int


class _Settings(_Base):
    strict: bool
    mode: Literal["claim", "active"] = "claim"
    headers: dict[str, str]


_GOOD = {"NAME": "x", "DAYS": "14", "STRICT": "False", "HEADERS": '{"a": "b"}'}


def _load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> _Settings:
    for name in _GOOD:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return _Settings.load()


def test_settings_are_read_by_type(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _load(monkeypatch, **_GOOD)
    assert (found.name, found.days, found.strict, found.mode, found.headers) == ("x", 14, False, "claim", {"a": "b"})
    assert _load(monkeypatch, **_GOOD, MODE="active").mode == "active"


@pytest.mark.parametrize(
    ("name", "value"), [("DAYS", _SECRET), ("STRICT", _SECRET), ("MODE", _SECRET), ("HEADERS", "["), ("HEADERS", "[]")]
)
def test_setting_of_another_type_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingError, match=f"{name} must be") as refused:
        _load(monkeypatch, **{**_GOOD, name: value})
    assert _SECRET not in str(refused.value)


@pytest.mark.parametrize("name", _GOOD)
def test_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is missing"):
        _load(monkeypatch, **{other: value for other, value in _GOOD.items() if other != name})
