"""The storage API: hostile queries, bodies and metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import indiscretion, require, together
from tenantry.attacks.http import Body
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.storage import MODES
from tenantry.attacks.surfaces.storage import StorageScenario, scenario

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

storage: Final = REGISTRY.surface("storage")


_QUERIES: Final = (
    ("none", "no partition", ""),
    ("empty", "an empty partition", "?partition="),
    ("unknown", "an unknown partition", "?partition=folder"),
    ("upper", "a partition in upper case", "?partition=PREFIX"),
    ("name", "the parameter's name in upper case", "?PARTITION=prefix"),
    ("space", "a space after the partition", "?partition=prefix%20"),
    ("nul", "a NUL after the partition", "?partition=prefix%00"),
    ("wildcard", "a wildcard", "?partition=*"),
    ("array", "an array of partitions", "?partition[]=prefix"),
    ("list", "a list of partitions", '?partition=["prefix"]'),
    ("comma", "two partitions in one", "?partition=prefix,tag"),
    ("python", "the name of an attribute", "?partition=__class__"),
    ("path", "a path", "?partition=../prefix"),
    ("long", "2,000 characters", f"?partition={'p' * 2000}"),
)


@storage.each(
    _QUERIES,
    "partition-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Store and list with {} in the query.",
    must="400.",
)
def _query(world: World, query: str) -> Outcome:
    at = scenario(world, "prefix")
    body = {"key": "query.txt", "value": "x"}
    return together(
        ("PUT", at.refusal(at.api.send("PUT", query, at.alice.token, body=body), 400)),
        ("GET", at.refusal(at.api.send("GET", query, at.alice.token), 400)),
        ("a good request", at.good()),
    )


@storage.attack("partition-twice", threat=threats.INJECTION, must="400, or one's own objects of one of the two.")
def _(world: World) -> Outcome:
    """Name two partitions, and then the victim's ids twice."""
    at = scenario(world, "prefix")
    steps = []
    for more in ("&partition=tag", "&partition=db_nosql", f"&key=own.txt&key={at.secret}"):
        reply = at.api.listing(at.alice, "prefix", more)
        if shown := indiscretion(reply, at.hidden):
            steps.append(breached(f"the reply shows {shown}: {reply}"))
        else:
            steps.append(held(str(reply.status)) if reply.status in {200, 400, 404} else inconclusive(str(reply)))
    return together(*steps, ("a good request", at.good()))


_BODIES: Final = (
    Body("empty", "nothing", ""),
    Body("word", "a word", "key"),
    Body("half", "half an object", '{"key": "bad.txt", "value": "x"'),
    Body("two", "two objects", '{"key": "bad.txt", "value": "x"}{"key": "bad.txt", "value": "y"}'),
    Body("array", "an array", '[{"key": "bad.txt", "value": "x"}]'),
    Body("null", "null", "null"),
    Body("no-key", "no key", '{"value": "x"}'),
    Body("no-value", "no value", '{"key": "bad.txt"}'),
    Body("empty-key", "an empty key", '{"key": "", "value": "x"}'),
    Body("number-key", "a number as a key", '{"key": 7, "value": "x"}'),
    Body("list-key", "a list as a key", '{"key": ["bad.txt"], "value": "x"}'),
    Body("object-value", "an object as a value", '{"key": "bad.txt", "value": {"S": "x"}}'),
    Body("null-value", "null as a value", '{"key": "bad.txt", "value": null}'),
    Body("tenant", "a tenant beside the key", '{"key": "bad.txt", "value": "x", "tenant_id": "OTHER"}'),
    Body("bucket", "a bucket beside the key", '{"key": "bad.txt", "value": "x", "bucket": "OTHER"}'),
    Body("tags", "tags beside the key", '{"key": "bad.txt", "value": "x", "Tagging": "tenant_id=OTHER"}'),
    Body("nul-key", "a NUL in the key", '{"key": "bad.txt\\u0000", "value": "x"}'),
    Body("line-key", "two lines as a key", '{"key": "bad.txt\\r\\nx-amz-acl: public-read", "value": "x"}'),
    Body("reversed-key", "a key shown backwards", '{"key": "bad.txt\\u202e", "value": "x"}'),
    Body("dots", "a path upwards as a key", '{"key": "a/../bad.txt", "value": "x"}'),
    Body("slash", "an absolute path as a key", '{"key": "/bad.txt", "value": "x"}'),
    Body("surrogate", "half a surrogate pair", '{"key": "bad.txt", "value": "\\ud800"}'),
    Body("surrogate-key", "half a surrogate pair as a key", '{"key": "bad.txt\\ud800", "value": "x"}'),
    Body("latin-1", "text that is not UTF-8", b'{"key": "bad.txt", "value": "caf\xe9"}'),
    Body("utf-16", "another character set", '{"key": "bad.txt", "value": "x"}'.encode("utf-16")),
    Body("deep", "arrays nested 5,000 deep", '{"key": "bad.txt", "value": ' + "[" * 5000 + "]" * 5000 + "}"),
    Body("form", "a form", "key=bad.txt&value=x", content_type="application/x-www-form-urlencoded"),
    Body("xml", "XML with an entity", "<x>&e;</x>", content_type="application/xml"),
)


@storage.each(
    ((case.slug, case.tries, case) for case in _BODIES),
    "body-{}",
    threat=threats.INJECTION,
    tries="Store {}.",
    must="400 with the reason, and nothing is stored.",
)
def _body(world: World, case: Body) -> Outcome:
    """Send a body to be stored, in turn in one of the modes, and see that nothing is."""
    mode = MODES[_BODIES.index(case) % len(MODES)]
    at = scenario(world, mode)
    text = case.text.replace("OTHER", at.bob.tenant) if isinstance(case.text, str) else case.text
    reply = at.api.put(at.alice, mode, text, **{"Content-Type": case.content_type})
    names = [name for name in at.api.names(at.alice, mode) if "bad.txt" in name]
    nothing = require(not names, otherwise=f"it is stored: {names}", observed="nothing is stored")
    return together(at.refusal(reply, 400, 413, 415), ("after that", nothing), ("a good request", at.good()))


@storage.attack("body-key-twice", threat=threats.INJECTION, must="400, or one object under one of the two keys.")
def _(world: World) -> Outcome:
    """Give the key twice, first one's own and then a path to another's."""
    at = scenario(world, "prefix")
    other = json.dumps(f"../../{at.bob.prefix}{at.secret}")
    steps = [
        _one_of(at, at.api.put(at.alice, "prefix", text))
        for text in (
            f'{{"key": "twice.txt", "key": {other}, "value": "x"}}',
            f'{{"key": {other}, "key": "twice.txt", "value": "x"}}',
        )
    ]
    return at.checked(*steps)


def _one_of(at: StorageScenario, reply: Reply) -> Outcome:
    if not reply.ok:
        return at.refusal_of_key(reply, 400)
    stored = at.api.content(at.alice, at.mode, "twice.txt")
    return require(stored == "x", otherwise="it went elsewhere", observed="one's own is stored")


@storage.attack(
    "body-large", threat=threats.REJECTED_RECORD, must="Stored whole or refused with 413, never half and never 5xx."
)
def _(world: World) -> Outcome:
    """Store seven megabytes, and eleven, which is more than the gateway takes."""
    at, steps = scenario(world, "prefix"), []
    for size in (7, 11):
        value = "v" * (size << 20)
        reply = at.api.put(at.alice, "prefix", {"key": f"large-{size}.txt", "value": value})
        steps.append((f"{size} MB", held("stored") if reply.ok else at.refusal(reply, 400, 413)))
    return at.checked(*steps)


# Metadata that is not as it should be


_ROWS: Final = (
    ("other-version", "the version of another tenant's object"),
    ("other-bucket", "another tenant's bucket and address"),
    ("other-key", "another tenant's key"),
    ("other-tenant", "another tenant and user in its attributes"),
    ("no-version", "no version"),
    ("number-version", "a number for a version"),
)


@storage.each(
    ((slug, what, slug) for slug, what in _ROWS),
    "metadata-{}",
    threat=threats.REJECTED_RECORD,
    tries="Read through a row of one's own metadata that names {}, written with the operator's credentials.",
    must="Nothing of another's comes back, and all else works.",
)
def _malformed(world: World, slug: str) -> Outcome:
    """Write a row with the operator's credentials, read what it names, and see that the rest still works."""
    at = scenario(world, "db_nosql")
    aws, table, shared = world.target.aws, world.target.metadata_table, at.api.shared_bucket("db_nosql")
    victim, key = f"{at.bob.prefix}{at.secret}", f"malformed-{slug}.txt"
    version = {"version_id": {"S": aws.s3.head_object(Bucket=shared, Key=victim)["VersionId"]}}
    bucket = {"S": at.api.bucket("bucket", at.bob.tenant)}
    row = at.alice.row(victim if slug == "other-key" else f"{at.alice.prefix}{key}")
    more: dict[str, dict[str, Any]] = {
        "other-version": {**version, "bucket_name": {"S": shared}},
        "other-bucket": {**version, "bucket_name": bucket, "url": {"S": f"s3://{victim}"}},
        "other-key": version,
        "other-tenant": {**version, "tenant_id": {"S": at.bob.tenant}, "user_id": {"S": at.bob.user}},
        "no-version": {},
        "number-version": {"version_id": {"N": "7"}},
    }
    aws.dynamodb.put_item(TableName=table, Item={**row, **more[slug]})
    try:
        replies = [at.api.get(at.alice, "db_nosql", name) for name in (key, at.secret, victim)]
        listing = at.api.listing(at.alice, "db_nosql")
    finally:
        aws.dynamodb.delete_item(TableName=table, Key=row)
    # A row that cannot be read at all is an operator's mistake, which may be a 500 for this key and no other.
    statuses = (400, 404, 500) if slug in {"no-version", "number-version"} else (400, 404)
    still = require(
        listing.ok and "own.txt" in listing.text and at.value not in listing.text,
        otherwise=f"the listing is {listing}",
        observed="the listing works",
    )
    return at.checked(*(at.refusal_of_key(reply, *statuses) for reply in replies), still)
