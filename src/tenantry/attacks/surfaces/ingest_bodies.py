"""The ingest API: bodies that claim another tenant, or try to write more of the request than their own value."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import refused, require, together
from tenantry.attacks.http import Body
from tenantry.attacks.ingest import Senders
from tenantry.attacks.outcome import Outcome, breached, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

ingest: Final = REGISTRY.surface("ingest")

_JSON: Final = "application/json"
_UNKNOWN: Final = object()


def _data(slug: str, tries: str, value: object, **more: object) -> Body:
    """Return a body with a value, which has to be stored exactly; what else is in the body must not matter."""
    return Body(slug, tries, json.dumps({"Data": {"m": "MARK", "v": value}, **more}), stored=value)


_BREAKOUT: Final = '"},"PartitionKey":"OTHER","StreamName":"other","x":{"y":"'
_BODIES: Final = (
    _data("claims-tenant", "another's id as a field of the record", {TENANT_ID: "OTHER", "tenantId": "OTHER"}),
    _data(
        "claims-beside", "another's id beside the record", 1, tenantid="OTHER", tenantId="OTHER", PartitionKey="OTHER"
    ),
    _data("names-stream", "a stream beside the record", 1, StreamName="other", StreamARN="arn:aws:kinesis:x"),
    _data("hash-key", "a hash key beside the record", 1, ExplicitHashKey="0"),
    _data("quotes", "quotes of both kinds", 'it\'s "quoted" \' " \'\' ""'),
    _data("backslashes", "backslashes before quotes", "\\ \\\\ \\' \\\" \\u0022 \\n"),
    _data("breakout", "a quote and the rest of another request", _BREAKOUT),
    _data("breakout-key", "the same as the name of a field", {_BREAKOUT: _BREAKOUT}),
    _data("breakout-escaped", "the same behind a backslash", "\\" + _BREAKOUT),
    _data("newlines", "newlines and other controls", "a\nb\r\n\t\b\f\x00\x1f\x7f\u2028\u2029"),
    _data("set", "a directive of the template's language", "#set($v1 = 'OTHER')#set($context.path = 'x')$v1"),
    _data("directives", "directives that end, stop and repeat", "#end #stop #else #foreach($x in [1..999999])$x#end"),
    _data("variables", "the template's own variables", "$v1 ${v2} $!{v3} ${quote} $quote $foreach.index"),
    _data("context", "what API Gateway knows", "$context.accountId ${context.identity.userArn} $stageVariables"),
    _data(
        "utilities", "the template's utilities", "$util.base64Encode('x') $input.json('$') $input.params('tenantId')"
    ),
    _data(
        "java", "a class of the template's engine", "$input.class.forName('java.lang.Runtime').getRuntime().exec('id')"
    ),
    _data("nested-data", "a record in a record", {"Data": {TENANT_ID: "OTHER", "Data": {}}}),
    _data("unicode", "text of other scripts, and emoji", "שלום 🏢 é e\u0301 \ufeff \u202e"),
    _data("json-in-text", "JSON as text", '{"tenantid":"OTHER"}'),
    _data("long-integer", "an integer of forty digits", 10**39 + 1),
    _data("empty-names", "fields without a name", {"": {"": ""}}),
    _data("prototype", "fields that other languages trip over", {"__proto__": {TENANT_ID: "OTHER"}, "constructor": 1}),
    Body(
        "duplicate-data",
        "the record twice, the second time another",
        '{"Data":{"m":"MARK","v":1},"Data":{"m":"MARK","v":2}}',
        stored=_UNKNOWN,
    ),
    Body(
        "duplicate-data-text",
        "the record twice, the first time no object",
        '{"Data":"text","Data":{"m":"MARK","v":1}}',
        stored=_UNKNOWN,
    ),
    Body(
        "escaped-name", "the record's name in escapes", '{"D\\u0061ta":{"m":"MARK","v":1,"tenantid":"OTHER"}}', stored=1
    ),
    Body("surrogate", "half a surrogate pair", '{"Data":{"m":"MARK","v":"\\ud800"}}', stored=_UNKNOWN),
    Body("huge-number", "a number that no double holds", '{"Data":{"m":"MARK","v":1e999}}', stored=_UNKNOWN),
    Body(
        "deep",
        "an object nested 5,000 deep",
        '{"Data":{"m":"MARK","v":' + "[" * 5000 + "]" * 5000 + "}}",
        stored=_UNKNOWN,
        threat=threats.REJECTED_RECORD,
    ),
    Body("not-a-number", "NaN", '{"Data":{"m":"MARK","v":NaN}}'),
    Body("trailing", "a second object behind the first", '{"Data":{"m":"MARK"}}{"Data":{}}'),
    Body("single-quotes", "single quotes for JSON's", "{'Data':{'m':'MARK'}}"),
    Body("unquoted", "the document's own example, without quotes", '{ Data: { "m": "MARK" } }'),
    Body("comment", "a comment in the JSON", '{"Data":{"m":"MARK"}/*,*/}'),
    Body("text-data", "text for a record", '{"Data":"MARK"}'),
    Body("list-data", "a list for a record", '{"Data":[{"m":"MARK"}]}'),
    Body("null-data", "null for a record", '{"Data":null,"m":"MARK"}'),
    Body("no-data", "no record", '{"tenantid":"OTHER","m":"MARK"}'),
    Body("array", "an array of records", '[{"Data":{"m":"MARK"}}]'),
    Body("empty", "an empty body", ""),
    Body("latin-1", "text that is not UTF-8", b'{"Data":{"m":"MARK","v":"caf\xe9"}}'),
    Body("utf-16", "UTF-16", '{"Data":{"m":"MARK"}}'.encode("utf-16"), content_type=f"{_JSON}; charset=utf-16"),
    Body("utf-32", "UTF-32 that says nothing of it", '{"Data":{"m":"MARK"}}'.encode("utf-32")),
    Body("mark", "a byte order mark", b'\xef\xbb\xbf{"Data":{"m":"MARK"}}'),
    Body("request", "the service's own request", '{"StreamName":"other","Data":"TUFSSw==","PartitionKey":"OTHER"}'),
)
_TYPES: Final = {
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
    "xml": "application/xml",
    "service": "application/x-amz-json-1.1",
    "cbor": "application/x-amz-cbor-1.1",
    "octets": "application/octet-stream",
    "suffix": "application/json-patch+json",
    "wildcard": "*/*",
    "multipart": "multipart/form-data; boundary=x",
    "two": "text/plain, application/json",
}
_PASSED_THROUGH: Final = '{"StreamName":"STREAM","Data":"TUFSSw==","PartitionKey":"OTHER","Data ":{"m":"MARK"}}'


def _sent(world: World, body: Body) -> Outcome:
    senders, marker = Senders.of(world), f"{world.run}-{body.slug}."
    reply = senders.send(
        f"/{senders.mine}", _filled(world, body.text, marker), headers={"Content-Type": body.content_type}
    )
    return together(
        ("", _checked(world, body, reply, marker)),
        ("the victim's", senders.nothing_of_victim()),
    )


def _filled(world: World, text: str | bytes, marker: str) -> str | bytes:
    senders = Senders.of(world)
    words = {"MARK": marker, "OTHER": senders.theirs, "STREAM": world.target.ingest_stream}
    if isinstance(text, bytes):
        return text.replace(b"MARK", marker.encode())
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _checked(world: World, body: Body, reply: Reply, marker: str) -> Outcome:
    senders = Senders.of(world)
    found = senders.landed(marker, expect=reply.ok)
    if not reply.ok:
        said = senders.refusal(reply, 400, 413, 415)
        return together(
            said, require(not found, otherwise=f"it is stored all the same: {found}", observed="not stored")
        )
    if body.stored is None:
        return breached(f"it was taken: {reply}, stored: {found}")
    if not found:
        return inconclusive(f"it was taken ({reply}), and is nowhere on the stream")
    if len(found) > 1:
        return breached(f"it is stored {len(found)} times")
    record, wanted = found[0], _value(world, body.stored)
    held_by = (record.tenant, (record.json() or {}).get(TENANT_ID))
    exact = wanted is _UNKNOWN or (record.json() or {}).get("data", {}).get("v") == wanted
    whole = set(record.json() or {}) == {TENANT_ID, "data"}
    return require(
        held_by == (senders.mine, senders.mine) and exact and whole,
        otherwise=f"stored as {held_by}: {record.text[:200]}",
        observed=f"{reply.status}, stored as the sender's own",
    )


def _value(world: World, stored: Any) -> Any:  # noqa: ANN401 - JSON
    if stored is _UNKNOWN:
        return stored
    return json.loads(str(_filled(world, json.dumps(stored), "MARK")))


for _body in _BODIES:
    ingest.add(
        f"body-{_body.slug}",
        threat=_body.threat,
        tries=f"Send as a record: {_body.tries}.",
        must="It is stored under the sender's tenant exactly as it is, or refused with 400 or 413.",
        run=partial(_sent, body=_body),
    )
for _slug, _type in _TYPES.items():
    ingest.add(
        f"type-{_slug}",
        threat=threats.INJECTION,
        tries=f"Send Kinesis's own request, for another tenant, as {_type}.",
        must="415, or 400: nothing reaches the stream but through the template.",
        run=partial(_sent, body=Body(f"type-{_slug}", "", _PASSED_THROUGH, content_type=_type)),
    )


@ingest.attack("batch-claims", threat=threats.INJECTION, must="Each record is the sender's own.")
def _(world: World) -> Outcome:
    """Send a batch whose records claim another tenant, key and stream, with ways to break out in each."""
    senders, marker = Senders.of(world), f"{world.run}-batch-claims"
    values = [_value(world, body.stored) for body in _BODIES if body.stored is not None and body.stored is not _UNKNOWN]
    records = [
        {
            "Data": {"m": marker, "v": value},
            "PartitionKey": senders.theirs,
            "ExplicitHashKey": "0",
            TENANT_ID: senders.theirs,
        }
        for value in values
    ]
    reply = senders.send(f"/{senders.mine}/batch", {"StreamName": "other", "Records": records})
    if not reply.ok:
        return inconclusive(f"a batch was refused: {reply}")
    found = senders.landed(marker, expect=True)
    own = all((r.tenant, r.json()[TENANT_ID]) == (senders.mine, senders.mine) for r in found)
    kept = [r.json()["data"]["v"] for r in found]
    exact = len(kept) == len(values) and all(value in kept for value in values)
    return together(
        ("tenants", require(own, otherwise="a record is another's", observed=f"{len(found)} of the sender's own")),
        ("content", require(exact, otherwise="a record is lost or changed", observed="each as it was sent")),
        ("the victim's", senders.nothing_of_victim()),
    )


_BATCHES: Final = {
    "empty": '{"Records":[]}',
    "too-many": json.dumps({"Records": [{"Data": {"m": "MARK"}}] * 501}),
    "one-without-data": '{"Records":[{"Data":{"m":"MARK"}},{"x":1}]}',
    "one-that-is-text": '{"Records":[{"Data":{"m":"MARK"}},{"Data":"text"}]}',
    "no-list": '{"Records":{"0":{"Data":{"m":"MARK"}}}}',
    "text-list": '{"Records":"[{\\"Data\\":{\\"m\\":\\"MARK\\"}}]"}',
    "one-record": '{"Data":{"m":"MARK"}}',
    "too-large": json.dumps({"Records": [{"Data": {"m": "MARK", "x": "x" * 900_000}}] * 8}),
}


@ingest.attack(
    "batch-broken", threat=threats.REJECTED_RECORD, must="400 or 413 for each, and none of its records is stored."
)
def _(world: World) -> Outcome:
    """Send batches of which a part is not as it must be."""
    senders, steps = Senders.of(world), []
    for slug, text in _BATCHES.items():
        marker = f"{world.run}-batch-{slug}."
        reply = senders.send(f"/{senders.mine}/batch", _filled(world, text, marker))
        steps.append((slug, senders.refusal(reply, 400, 413)))
        stored = senders.landed(marker, expect=False)
        steps.append((slug, require(not stored, otherwise=f"{len(stored)} are stored", observed="none stored")))
    return together(*steps, told=f"{len(_BATCHES)} batches, all refused")


@ingest.attack("too-large", threat=threats.SECRETS_SHOWN, must="413, and nothing of the stream in the reply.")
def _(world: World) -> Outcome:
    """Send records that are larger than the stream and the gateway take, to see what their refusals say."""
    senders = Senders.of(world)
    hidden = (world.target.ingest_stream, world.account, "arn:aws", "kinesis")
    steps = []
    for size in (1_100_000, 11_000_000):
        reply = senders.send(f"/{senders.mine}", {"Data": {"x": "x" * size}})
        steps.append((f"{size} bytes", refused(reply, 413, hidden=hidden, control=senders.good)))
    return together(*steps)
