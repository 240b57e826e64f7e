"""Mapping templates as API Gateway evaluates them, for gaps of API Gateway and for tests of templates.

The engine is `airspeed-ext`. What API Gateway gives to templates is here: `$input`, `$util`, and of Java's methods on
strings those that templates use.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import base64
import json
import math
import re
import urllib.parse
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import airspeed
from airspeed import operators
from jsonpath_ng.ext.parser import parse as parse_path

_STEPS = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]")
_SIMPLE = re.compile(rf"\$(?:{_STEPS.pattern})*")
#: Of `StringEscapeUtils.escapeJavaScript` in Apache Commons Lang 2.
_ESCAPES = {
    "'": "\\'", '"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f",
}  # fmt: skip
#: What ends a line in Java: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html
_LINE_ENDS = r"\n\r\u0085\u2028\u2029"
_DOT_OR_END = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[.$]", re.DOTALL)
_DOT_ALL = "(?s)"


class TemplateError(Exception):
    """A template cannot be evaluated."""


class BodyError(ValueError):
    """A body is not JSON."""


def parse(body: bytes | str) -> Any:
    """Return a body's JSON, read as strictly as the standard has it, and as UTF-8 only.

    Raises
    ------
    BodyError
        It is not JSON.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_double)
    except (ValueError, RecursionError) as error:
        raise BodyError(str(error)) from error


def render(
    template: str,
    *,
    body: bytes | str,
    parameters: Mapping[str, Mapping[str, str]],
    context: Mapping[str, Any],
    stage_variables: Mapping[str, str] | None = None,
) -> str:
    """Return what a template prints.

    Parameters
    ----------
    template
        Its text.
    body
        The request's body, or the reply's.
    parameters
        `path`, `querystring` and `header` of the request.
    context
        `$context`; overrides of status and headers are put into it.
    stage_variables
        `$stageVariables`.

    Raises
    ------
    TemplateError
        It cannot be evaluated.
    """
    names = {
        "input": _Input(body, parameters),
        "util": _Util(),
        "context": context,
        "stageVariables": dict(stage_variables or {}),
    }
    try:
        return str(_compiled(template).merge(names))
    except (airspeed.TemplateError, RecursionError) as error:
        raise TemplateError(str(error)) from error


class _Input:
    def __init__(self, body: bytes | str, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self.body = body if isinstance(body, str) else body.decode("utf-8", "replace")
        self._parameters = parameters

    @cached_property
    def _document(self) -> Any:
        try:
            return parse(self.body) if self.body else {}
        except BodyError:
            return self.body

    def path(self, path: str = "$") -> Any:
        found = _find(path, self._document)
        return None if found is _MISSING else found

    def json(self, path: str = "$") -> str:
        found = _find(path, self._document)
        return json.dumps("" if found is _MISSING else found, ensure_ascii=False, separators=(",", ":"))

    def params(self, name: str | None = None) -> Any:
        if name is None:
            return {place: dict(values) for place, values in self._parameters.items()}
        for place in ("path", "querystring", "header"):
            for known, value in self._parameters.get(place, {}).items():
                if known == name or (place == "header" and known.lower() == name.lower()):
                    return value
        return ""


class _Util:
    """`$util`."""

    def base64Encode(self, value: Any) -> str:  # noqa: N802 - API Gateway's name
        return base64.b64encode(_text(value).encode("utf-8", "replace")).decode()

    def base64Decode(self, value: Any) -> str:  # noqa: N802 - API Gateway's name
        return base64.b64decode(_text(value)).decode("utf-8", "replace")

    def urlEncode(self, value: Any) -> str:  # noqa: N802 - API Gateway's name
        encoded = urllib.parse.quote_plus(_text(value), safe="*", errors="replace")
        return encoded.replace("~", "%7E")  # as Java's URLEncoder has it

    def urlDecode(self, value: Any) -> str:  # noqa: N802 - API Gateway's name
        return urllib.parse.unquote_plus(_text(value))

    def parseJson(self, value: Any) -> Any:  # noqa: N802 - API Gateway's name
        return json.loads(_text(value))

    def escapeJavaScript(self, value: Any) -> str:  # noqa: N802 - API Gateway's name
        return "".join(_escaped(character) for character in _text(value))


_MISSING = object()


def _find(path: str, document: Any) -> Any:
    """Return what is at a path; paths with operators go through the JSONPath library, which is slow."""
    if not _SIMPLE.fullmatch(path):
        found = [match.value for match in _parsed(path).find(document)]
        return found or _MISSING
    for name, index in _STEPS.findall(path):
        if name:
            document = document.get(name, _MISSING) if isinstance(document, dict) else _MISSING
        else:
            known = isinstance(document, list) and int(index) < len(document)
            document = document[int(index)] if known else _MISSING
        if document is _MISSING:
            break
    return document


@lru_cache(64)
def _parsed(path: str) -> Any:
    return parse_path(path)


@lru_cache(256)
def _compiled(template: str) -> airspeed.Template:
    operators.__additional_methods__[str].update(_JAVA_STRING)
    operators.REPLACE_FORMAL_TEXT = _MISSING  # otherwise its text would have a meaning in a body
    return airspeed.Template(template)


@lru_cache(256)
def _java_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern that means to Python what it means to Java: classes are ASCII, and more than LF ends a line."""
    every = pattern.startswith(_DOT_ALL)

    def meant(found: re.Match[str]) -> str:
        match found[0]:
            case "." if not every:
                return f"[^{_LINE_ENDS}]"
            case "$":
                return rf"(?=(?:\r\n|[{_LINE_ENDS}])?\Z)"
        return found[0]

    return re.compile(_DOT_OR_END.sub(meant, pattern), re.ASCII)


_JAVA_STRING = {
    "endsWith": lambda text, end: text.endswith(end),
    "equals": lambda text, other: text == other,
    "isEmpty": lambda text: not text,
    "matches": lambda text, pattern: bool(_java_pattern(pattern).fullmatch(text)),
    "replaceAll": lambda text, pattern, by: _java_pattern(pattern).sub(by, text),
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
}


def _escaped(character: str) -> str:
    if character in _ESCAPES or " " <= character <= "\x7f":
        return _ESCAPES.get(character, character)
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(operators.value_to_string(value))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _double(text: str) -> float | None:
    """Return a number as a double, as Java's JSON does; what is too large becomes null."""
    number = float(text)
    return number if math.isfinite(number) else None
