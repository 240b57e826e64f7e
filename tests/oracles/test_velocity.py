"""Apache Velocity 1.7: it renders our templates as our engine does, and no request changes their structure.

Tests of templates and the local cloud share `tenantry.local.patching.vtl`, so that a wrong assumption in it would pass in both.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import pytest

from tenantry.local.patching import vtl
from tests.oracles import requests, velocity
from tests.oracles.templates import ENVIRONMENTS, resources

if TYPE_CHECKING:
    from tests.oracles.passed import PassedChecks
    from tests.oracles.requests import Place, Request

_FORM: Final = "Action="
_RECORD: Final = "Data"
_ENCODED: Final = {_RECORD, "cursor"}
_REQUEST: Final = " request"
_ELSEWHERE: Final = "99"
_AS_TEXT: Final = {"input", "MessageBody"}
Outcome = tuple[str, Any, Any]
"""Whether it printed something or failed, what, and the overrides."""


def _templates() -> dict[str, str]:
    """Return every mapping template of the APIs' direct integrations, with where the first of its text stands."""
    found: dict[str, str] = {}
    for environment in ENVIRONMENTS:
        for name, method in resources(environment, "AWS::ApiGateway::Method"):
            integration = method.get("Integration", {})
            if integration.get("Type") != "AWS":
                continue
            for text in (integration.get("RequestTemplates") or {}).values():
                found.setdefault(text, f"{name} request")
            for response in integration["IntegrationResponses"]:
                for text in (response.get("ResponseTemplates") or {}).values():
                    found.setdefault(text, f"{name} {response['StatusCode']}")
    return found


def _ours(template: str, case: dict[str, Any]) -> dict[str, Any]:
    overrides: dict[str, Any] = {"header": {}}
    parameters = {kind: case[kind] for kind in ("path", "querystring", "header")}
    context = {**case["context"], "responseOverride": overrides}
    try:
        text = vtl.render(template, body=case["body"], parameters=parameters, context=context)
    except vtl.TemplateError as error:
        return {"error": str(error)}
    return {"text": text, "overrides": overrides}


def _meant(outcome: dict[str, Any]) -> Outcome:
    """Return what an outcome means to the service: what is encoded in it is read."""
    if "error" in outcome:
        return "failed", None, None
    overrides = {name: value if name == "header" else int(value) for name, value in outcome["overrides"].items()}
    text = outcome["text"]
    if text.startswith(_FORM):
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), text
        return "printed", _read(dict(pairs)), overrides
    try:
        return "printed", _read(json.loads(text, object_pairs_hook=_unique)), overrides
    except ValueError:
        return "no JSON", text.strip(), overrides


def _read(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_read(part) for part in value]
    if isinstance(value, str):
        return _as_utf8(value)
    if not isinstance(value, dict):
        return value
    return {name: _decoded(name, part) if isinstance(part, str) else _read(part) for name, part in value.items()}


def _decoded(name: str, text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        if name in _AS_TEXT:
            return _read(json.loads(text, object_pairs_hook=_unique))
        if name in _ENCODED:
            held = base64.b64decode(text, validate=True).decode()
            return _read(json.loads(held, object_pairs_hook=_unique)) if name == _RECORD else f"decoded {held}"
    except (ValueError, binascii.Error):
        return f"not decoded: {text}"
    return _as_utf8(text)


def _as_utf8(text: str) -> str:
    """Return a text as UTF-8 has it, which knows no half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a key is there twice: {pairs!r}")
    return dict(pairs)


def _with(value: Any, marker: Any, by: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with something hostile where the harmless marker was: at a leaf, or within a text."""
    if value == marker and type(value) is type(marker):
        return by
    if isinstance(value, str):
        return value.replace(marker, by) if isinstance(marker, str) and isinstance(by, str) else value
    if isinstance(value, int) and str(value) == marker and by.isdecimal():  # a number that came as text
        return int(by)
    if isinstance(value, list):
        return [_with(part, marker, by) for part in value]
    if isinstance(value, dict):
        return {name: _with(part, marker, by) for name, part in value.items()}
    return value


def _shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with its texts left out."""
    if isinstance(value, list):
        return [_shape(part) for part in value]
    if isinstance(value, dict):
        return {name: _shape(part) for name, part in value.items()}
    return "text" if isinstance(value, str) else value


def _faults(templates: dict[str, str]) -> list[str]:
    """Return where the two engines differ, and where a request changes more than a value."""
    texts = list(templates)
    runs: list[tuple[int, Place | None, Any, Request]] = []
    for number, text in enumerate(texts):
        request = requests.harmless(text)
        runs += [(number, None, None, variant) for variant in requests.variants(request)]
        runs += [(number, *changed) for changed in requests.hostile(request)]
    cases = [{**request.case(), "template": number} for number, *_, request in runs]
    outcomes = [_meant(outcome) for outcome in velocity.rendered(texts, cases)]
    faults: list[str] = []
    harmless: dict[int, Outcome] = {}
    allowed: dict[int, list[Outcome]] = {}
    for (number, place, value, _), case, theirs in zip(runs, cases, outcomes, strict=True):
        name = f"{templates[texts[number]]}, {place and place.name} is {value!r:.60}"
        ours = _meant(_ours(texts[number], case))
        any_text = not isinstance(value, str | None)  # what Java makes of an array as text is not said anywhere
        if ours != theirs and not (any_text and _shape(ours[1]) == _shape(theirs[1])):
            faults.append(f"{name}: Velocity {theirs}, we {ours}")
        if place is None:
            harmless.setdefault(number, theirs)
            allowed.setdefault(number, []).append(theirs)
        elif theirs not in allowed[number] and not _is_meant(theirs, allowed[number], place, value):
            faults.append(f"{name}: {theirs} is none of what is meant, as {harmless[number]} is")
    faults += [
        f"{templates[texts[number]]}: {place.name} is not looked at, or a harmless request is refused: {theirs}"
        for number, theirs in harmless.items()
        if templates[texts[number]].endswith(_REQUEST)
        for place in requests.places(texts[number])
        if _with(theirs[1], place.marker, _ELSEWHERE) == theirs[1]
    ]
    return faults


def _is_meant(found: Outcome, allowed: list[Outcome], place: Place, value: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether only a value differs from what a harmless request leads to, the first of those that are allowed."""
    how, harmless, _ = allowed[0]
    if found[0] != how or found[2] not in [overrides for *_, overrides in allowed]:
        return False
    read = _read(json.loads(value.text) if isinstance(value, requests.Raw) else value)
    if found[1] == _with(harmless, place.marker, read):
        return True
    return not isinstance(value, str) and _shape(found[1]) == _shape(harmless)


def test_velocity_agrees_and_structure_is_fixed(passed: PassedChecks) -> None:
    templates = _templates()

    def ask() -> None:
        assert _faults(templates) == []

    sources = [Path(requests.__file__), Path(vtl.__file__), *velocity.SOURCES]
    assert len(templates) > 20
    passed.unless_sound("airspeed-ext", templates, ask, *sources)


_ESCAPED: Final = r"""{"a":"$util.escapeJavaScript("$!{input.path('$.a')}").replaceAll("\\'","'")"}"""


@pytest.mark.parametrize(
    "template",
    [
        """{"a":"$!{input.path('$.a')}"}""",  # not escaped
        """{"a":"$util.escapeJavaScript("$!{input.path('$.a')}")"}""",  # an apostrophe is no JSON then
        """{"a":$input.path('$.a')}""",
        """#set($a = $input.path('$.a'))\n#evaluate("{""a"":""$a""}")""",
        """#set($a = "$!{input.path('$.a')}")\n{"a":#if($a.matches('.*'))"x"#else"y","b":"z"#end}""",
    ],
)
def test_injectable_template_is_found(template: str) -> None:
    assert any("none of what is meant" in fault or "Velocity" in fault for fault in _faults({template: "planted"}))


def test_engine_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _faults({_ESCAPED: "sound"}) == []

    monkeypatch.delitem(vtl._ESCAPES, '"')  # noqa: SLF001 - the engine made wrong

    assert any("Velocity" in fault for fault in _faults({_ESCAPED: "planted"}))
