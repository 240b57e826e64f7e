"""Requests and replies for mapping templates: harmless ones, and the same with something hostile in one place."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PARAMETER: Final = re.compile(r"input\.params\('(\w+)'\)")
_CONTEXT: Final = re.compile(r"context\.((?!responseOverride)\w+(?:\.\w+)*)")
_BODY: Final = re.compile(r"input\.(?:path|json)\('\$\.([\w.]+)'\)")
_ITEM: Final = re.compile(r'"\$\.([\w.]+)\[\$\{foreach\.index\}\]\.([\w.]+)"')
_ALL_HEADERS: Final = "input.params().header"
_RAW: Final = "raw JSON {}"
_TENANT: Final = "tenant-marker"


@dataclass(frozen=True)
class Raw:
    """JSON that is not written as Python would write it."""

    text: str


# What a caller could put anywhere. Long ones are the exception: each costs as much as all others.
TEXTS: Final[tuple[str, ...]] = (
    '"', "\\", '\\"', "\\\\", "'", "\\'", "it's", "''", "\n", "\r\n", "\t", "\b\f", "\x00", "\x01\x1f", "\x7f",
    "\x85", "\u2028\u2029", "#set($x = 1)", "#end", "#if(true)", "#else", "## not a comment", "#* nor this *#", "#[[$x]]#",
    "#foreach($i in [1..9])$i#end", "#evaluate('$v1')", "#stop", "#{end}", "$", "$$", "\\$v1", "\\#end",
    "$context.authorizer.tenantId", "$input.json('$')", "${v1}", "$!{v1}", "$v1.class.forName('x')", "${quote}",
    "{{tenant_id}}", '","tenantid":"other', '"},{"Data":"', '"}]}', "\\u0022,\\u0022a\\u0022:\\u0022", "\\u0022",
    "</script>", "é", "ß", "İ", "😀", "\ud800", "x\udc00", "\u202eabc", "\ufeff", "\u00a0", "%22", "%0a", "+", "=",
    "&Action=DeleteQueue", "a&b=c;d", " ", "  leading", "", ":", "*", "?", "null", "true", "1", "[]", "{}", "../..",
    f"{_TENANT}\n", f"{_TENANT}\u2028", f"{_TENANT}:", "id-marker\n", "id-marker\x85", "natural-disaster\n", "17\n",
    "park-opened", "statuses", "statuses\n", "statuses\u2029", "SUCCEEDED\n", "x" * 20_000, '"' * 5_000,
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 1e300, 12345678901234567890, [], {}, [1, [2, None]], {"a": {"b": [None, "'"]}},
    {'"': '"'}, {"$v1": "#end"}, {"a": "\u2028'\"\\"}, {"S": "x"}, ["#end", '"'],
    Raw('{"a":1,"a":{"b":"\\"","b":2}}'), Raw('"\\u0000\\/\\u2028"'), Raw("1.0"), Raw("1e2"), Raw("-0"), Raw('{"":""}'),
    Raw("[" * 60 + "]" * 60), Raw('{"tenantid":"other","tenantid":"third"}'),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a template reads something.

    Attributes
    ----------
    kind, name
        `parameter`, `context`, `body` or `header`, and what it is called there.
    harmless
        What stands there in a harmless request: the first is found again in what the template prints.
    encoded
        How a text gets there, if not as it is.
    """

    kind: str
    name: str
    harmless: tuple[Any, ...] = field(compare=False)
    encoded: Callable[[Any], Any] | None = field(default=None, compare=False)

    @property
    def marker(self) -> Any:  # noqa: ANN401 - JSON
        """What is found again."""
        return self.harmless[0]


@dataclass(frozen=True)
class Request:
    """What a template is given, by place; what is not there is not sent."""

    given: Mapping[Place, Any]
    twice: Place | None = None
    """A member of the body that is sent twice; the last one counts."""
    disguised: Place | None = None
    """A parameter that is sent as a query's and as a header's, too."""

    def but(self, place: Place, value: Any) -> Request:  # noqa: ANN401 - JSON
        """Return the request with another value in one place."""
        return replace(self, given={**self.given, place: value})

    def without(self, place: Place) -> Request:
        """Return the request with nothing in one place."""
        return replace(self, given={known: value for known, value in self.given.items() if known != place})

    def case(self) -> dict[str, Any]:  # noqa: C901 - one case a kind of place
        """Return it as both engines take it."""
        asked: dict[str, Any] = {"path": {}, "querystring": {}, "header": {}, "context": {"authorizer": {}}}
        body: Any = {}
        raw: dict[str, str] = {}
        for place, value in self.given.items():
            sent = place.encoded(value) if place.encoded else value
            match place.kind:
                case "parameter":
                    asked["path"][place.name] = sent
                case "header":
                    asked["header"][place.name] = sent
                case "context":
                    _put(asked["context"], place.name, sent)
                case "body":
                    if isinstance(sent, Raw):
                        raw[_RAW.format(len(raw))] = sent.text
                        sent = _RAW.format(len(raw) - 1)
                    _put(body, place.name, sent)
        text = json.dumps(body)
        for token, value in raw.items():
            text = text.replace(json.dumps(token), value)
        if self.twice:
            member = re.split(r"[.\[]", self.twice.name)[0]
            text = f'{{"{member}":"first",{text[1:]}'
        if self.disguised:
            for kind in ("querystring", "header"):
                asked[kind][self.disguised.name] = '","other":"'
        return {**asked, "body": text}


def _put(target: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 - JSON
    """Put a value at a path, of which `[]` is each of two items."""
    name, _, rest = path.partition(".")
    if name.endswith("[]"):
        for item in target.setdefault(name[:-2], [{}, {}]):
            _put(item, rest, value)
    elif rest:
        _put(target.setdefault(name, {}), rest, value)
    else:
        target[name] = value


def places(template: str) -> list[Place]:
    """Return every place that a template reads."""
    arrays = {f"{array}" for array, _ in _ITEM.findall(template)}
    found = [
        *(_place("parameter", name) for name in _PARAMETER.findall(template)),
        *(_place("context", name) for name in _CONTEXT.findall(template)),
        *(_place("body", name) for name in _BODY.findall(template) if name not in arrays),
        *(_place("body", f"{array}[].{name}") for array, name in _ITEM.findall(template)),
    ]
    if _ALL_HEADERS in template:
        found.append(Place("header", "Expected-Tenant", (_TENANT,)))
    if any(place.name == "output" for place in found):  # the reply to a workflow
        found = [replace(place, harmless=_ENDED) if place.name == "status" else place for place in found]
    return list(dict.fromkeys(found))


# What guards ask for, by the last part of a place's name.
_HARMLESS: Final[Mapping[str, tuple[Any, ...]]] = {
    "tenantId": (_TENANT,),
    "id": ("id-marker", "statuses"),
    "webhookId": ("0123456789abcdef0123456789abcdef",),
    "status": ("natural-disaster", "park-closed"),
    "eventType": ("natural-disaster", "park-closed"),
    "limit": ("17", "101"),
    "Data": ({"data-marker": 1},),
    "ids": (["ids-marker"],),
    "FailedRecordCount": (3, 0),
    "requestTimeEpoch": ("1700000000000",),
    "__type": (
        "x#ValidationException", "ThrottlingException", "x#ConditionalCheckFailedException", "AccessDeniedException",
        "ExecutionDoesNotExist",
    ),
    "message": ("message-marker", "item size", "Request entity is too large"),
}  # fmt: skip


def _place(kind: str, name: str) -> Place:
    last = name.rpartition(".")[2]
    if last in _ENCODED:
        return Place(kind, name, (f"{last}-marker",), _ENCODED[last])
    return Place(kind, name, _HARMLESS.get(last, (f"{name}-marker",)))


def _cursor(item: Any) -> str:  # noqa: ANN401 - JSON
    return base64.b64encode(f"{_TENANT}:{item}".encode("utf-8", "replace")).decode()


def _endpoint(rest: Any) -> Any:  # noqa: ANN401 - JSON
    return f"https://{rest}" if isinstance(rest, str) else rest


def _output(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return what a workflow of ours ends with: a status, and a body that is JSON."""
    held = json.loads(value.text) if isinstance(value, Raw) else value
    return json.dumps({"status": 404, "body": json.dumps({"value": held})})


_ENDED: Final = ("SUCCEEDED", "FAILED", "TIMED_OUT")
_OURS: Final = "output"
_ENCODED: Final[Mapping[str, Callable[[Any], Any]]] = {"cursor": _cursor, "endpoint": _endpoint, _OURS: _output}


def harmless(template: str) -> Request:
    """Return a request that passes every guard of a template."""
    return Request({place: place.marker for place in places(template)})


def variants(request: Request) -> Iterator[Request]:
    """Return it with something harmless in one place or none."""
    yield request
    for place in request.given:
        yield request.without(place)
        for value in (*place.harmless[1:], "-"):
            yield request.but(place, value)


def hostile(request: Request) -> Iterator[tuple[Place, Any, Request]]:
    """Return it with something hostile in each place: where, what, and the request."""
    for place in request.given:
        for value in (*TEXTS, *(VALUES if place.kind == "body" else ())):
            yield place, value, request.but(place, value)
            if place.encoded and isinstance(value, str) and place.name != _OURS:
                bare = replace(place, encoded=None)
                yield place, value, request.without(place).but(bare, value)
        match place.kind:
            case "body":
                yield place, place.marker, replace(request, twice=place)
            case "parameter":
                yield place, place.marker, replace(request, disguised=place)
            case "header":
                for name in TEXTS:
                    yield place, place.marker, request.but(Place("header", name, ()), place.marker)
