"""One record becomes a line of its tenant, or a rejected record with all of its bytes."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.lambdas.test_identifiers import BAD_TENANTS, GOOD_TENANTS

if TYPE_CHECKING:
    from tenantry.local.flink.installation import Installation


@dataclass(frozen=True)
class _Row:
    tenant: str | None
    date: str
    line: dict[str, Any]
    size: int
    text: str


def _of(tenant: object = "T001", data: str = "{}") -> bytes:
    return f'{{"tenantid":{json.dumps(tenant)},"data":{data}}}'.encode()


# Name: partition key, record, the line.
_GOOD: Final[dict[str, tuple[str, bytes, dict[str, Any]]]] = {
    "the document's": (
        "T001",
        _of(data='{"key1":"value1","key2":"value2"}'),
        {"key1": "value1", "key2": "value2", "tenantid": "T001"},
    ),
    "an empty object": ("T001", _of(), {"tenantid": "T001"}),
    "a claim": ("T001", _of(data='{"tenantid":"T002","a":1}'), {"a": 1, "tenantid": "T001"}),
    "a claim in other letters": ("T001", _of(data='{"TenantID":{"x":[1]},"a":1}'), {"a": 1, "tenantid": "T001"}),
    "a claim further down": (
        "T001",
        _of(data='{"a":{"tenantid":"T002"}}'),
        {"a": {"tenantid": "T002"}, "tenantid": "T001"},
    ),
    "members the other way round": (
        "T001",
        b' { "data" : { "a" : [ true , null ] } ,\n "tenantid" : "T001" } \n',
        {"a": [True, None], "tenantid": "T001"},
    ),
    "text of all kinds": (
        "T001",
        _of(data=json.dumps({"a": 'ä\u20ac\U0001f600 "\\/\n\t\u2028 #set($x) $context'}, ensure_ascii=False)),
        {"a": 'ä\u20ac\U0001f600 "\\/\n\t\u2028 #set($x) $context', "tenantid": "T001"},
    ),
}
# Name: the caller's object, and what is stored of it: its own bytes.
_SPLICED: Final = {
    "white space": ('{ "a" :\t[ 1 ,\r\n{ } , [ ] ] , "b" : " x " }', '{"a":[1,{},[]],"b":" x ","tenantid":"T001"}'),
    "escapes": (
        r'{"\u0061\/":"\u000a\ud83d\ude00\ud800\n\""}',
        r'{"\u0061\/":"\u000a\ud83d\ude00\ud800\n\"","tenantid":"T001"}',
    ),
    "numbers": ('{"a":[-0,1E400,0.10,1e+5,-1.0e-0]}', '{"a":[-0,1E400,0.10,1e+5,-1.0e-0],"tenantid":"T001"}'),
    "only a claim": ('{ "tenantid" : "T002" }', '{"tenantid":"T001"}'),
    "claims first and last": ('{"tenantid":1,"a":2,"TENANTID":[{"b":3}]}', '{"a":2,"tenantid":"T001"}'),
    "claims between": ('{"a":1,"tenantid":{},"Tenantid":null , "b":2}', '{"a":1,"b":2,"tenantid":"T001"}'),
    "an escaped claim": (r'{"\u0074enanti\u0044":"T002","a":"\u0074"}', r'{"a":"\u0074","tenantid":"T001"}'),
    "a claim in Turkish letters": (
        '{"tenant\u0131d":1,"TENANT\u0130D":2,"\\u0054enant\\u0131d":3}',
        '{"tenantid":"T001"}',
    ),
    "other names": (
        '{"tenantid2":1,"tenanti":2,"":3,"xtenantid":4}',
        '{"tenantid2":1,"tenanti":2,"":3,"xtenantid":4,"tenantid":"T001"}',
    ),
    "the same name in other objects": (
        '{"a":{"a":[{"a":1},{"a":2}]}}',
        '{"a":{"a":[{"a":1},{"a":2}]},"tenantid":"T001"}',
    ),
}
# Name: partition key, record, what the reason says.
_POISON: Final[dict[str, tuple[str, bytes, str]]] = {
    "nothing": ("T001", b"", "not a JSON object"),
    "not UTF-8": ("T001", _of(data='{"a":"\xff"}').replace(b"\xc3\xbf", b"\xff"), "not UTF-8"),
    "an overlong slash": ("T001", b'{"tenantid":"T\xc0\xaf1","data":{}}', "not UTF-8"),
    "a lone surrogate": ("T001", b'{"tenantid":"T001","data":{"a":"\xed\xa0\x80"}}', "not UTF-8"),
    "UTF-16": ("T001", '{"tenantid":"T001","data":{}}'.encode("utf-16-le"), "not JSON"),
    "half of it": ("T001", _of()[:-3], "not JSON"),
    "a list": ("T001", b"[]", "not a JSON object"),
    "two values": ("T001", _of() + b" {}", "more than one JSON value"),
    "no tenant": ("T001", b'{"data":{}}', "no usable tenant id"),
    "a number for a tenant": ("T001", _of(1), "no usable tenant id"),
    "no data": ("T001", b'{"tenantid":"T001"}', "data is not an object"),
    "data of text": ("T001", _of(data='"{}"'), "data is not an object"),
    "one member more": ("T001", b'{"tenantid":"T001","data":{},"more":1}', "a member that the gateway does not write"),
    "two tenants": ("T001", b'{"tenantid":"T001","data":{},"tenantid":"T002"}', "a name occurs twice in one object"),
    "a name twice": ("T001", _of(data='{"a":1,"a":2}'), "a name occurs twice in one object"),
    "an escaped name twice": ("T001", _of(data=r'{"ab":1,"\u0061b":2}'), "a name occurs twice in one object"),
    "an escaped emoji twice": ("T001", _of(data=r'{"\ud83d\ude00":1,"😀":2}'), "a name occurs twice in one object"),
    "an escaped data": ("T001", rb'{"tenantid":"T001","data":{},"d\u0061ta":{}}', "a name occurs twice in one object"),
    "half a character twice": ("T001", _of(data=r'{"\ud800":1,"\uD800":2}'), "a name occurs twice in one object"),
    "the last of many names": (
        "T001",
        _of(data="{" + ",".join(f'"n{number}":0' for number in [*range(5000), 7]) + "}"),
        "a name occurs twice in one object",
    ),
    "a byte order mark": ("T001", b"\xef\xbb\xbf" + _of(), "not JSON"),
    "a line break in text": ("T001", _of(data='{"a":"\n"}'), "not JSON"),
    "a comma too many": ("T001", _of(data='{"a":1,}'), "not JSON"),
    "a zero too many": ("T001", _of(data='{"a":01}'), "not JSON"),
    "not UTF-8 after another fault": ("T001", b'{"x":1}\xff', "not UTF-8"),
    "another's partition key": ("T002", _of("T001"), "partition key is not the tenant"),
    "too deep": ("T001", _of(data='{"a":' * 200 + "1" + "}" * 200), "nested deeper than 100"),
    "much too deep": ("T001", _of(data='{"a":' + "[" * 500_000), "nested deeper than 100"),
    "not a number": ("T001", _of(data='{"a":NaN}'), "not JSON"),
    "a comment": ("T001", _of(data='{/* */"a":1}'), "not JSON"),
}
_BAD_TENANTS: Final = [tenant for tenant in BAD_TENANTS if isinstance(tenant, str)]
# Half a character can be written in JSON, and can be no partition key.
_TENANTS: Final = {
    f"tenant {tenant!r}": ("key" if tenant == "\ud800" else tenant, _of(tenant))
    for tenant in [*GOOD_TENANTS, *_BAD_TENANTS]
}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return found


def _refused(constant: str) -> object:
    raise ValueError(constant)


def _read(text: str) -> Any:  # noqa: ANN401 - whatever it holds
    """Read JSON as strictly as we do, with Python's own reader, and numbers as they are written."""
    return json.loads(text, object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=_refused)


def _damaged() -> dict[str, bytes]:
    """Return records with a byte or two changed, left out, repeated or moved, the same ones every time."""
    chance = random.Random(13)  # noqa: S311 - the same ones every time
    whole = [
        _of(data='{"a":[1.5e3,-0,{"b":null}],"ä":"\\u00e4\\n😀","Tenantid":{"c":[true,false]}}'),
        b'{ "data" : {"tenantid":"x", "a" : "\\ud83d\\ude00" , "b":{"a":[]}} , "tenantid" : "T001" }',
        _of(data='{"":{"":{"":[0.25,"\\"",[[]],{}]}},"x":"\u20ac"}'),
    ]
    found = {}
    for number in range(2000):
        record = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 2)):
            at, other = chance.randrange(len(record)), chance.randrange(len(record))
            change = chance.choice(["byte", "copy", "drop", "repeat", "swap"])
            if change == "byte":
                record[at] = chance.randrange(256)
            elif change == "copy":
                record[at] = record[other]
            elif change == "drop":
                del record[at : at + chance.randint(1, 4)]
            elif change == "repeat":
                record[at:at] = record[at : at + chance.randint(1, 12)]
            else:
                record[at], record[other] = record[other], record[at]
            record = record or bytearray(b" ")
        found[f"damaged {number}"] = bytes(record)
    return found


_DAMAGED: Final = _damaged()


def _expected(record: bytes) -> dict[str, Any] | None:
    """Return what is stored of a record with the partition key T001, or None if it is to be rejected."""
    try:
        found = _read(record.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or set(found) != {"tenantid", "data"}:
        return None
    if found["tenantid"] != "T001" or not isinstance(found["data"], dict):
        return None
    kept = {name: value for name, value in found["data"].items() if name.lower() != "tenantid"}
    return {**kept, "tenantid": "T001"}


@pytest.fixture(scope="module")
def rows(flink: Installation, code: Path) -> dict[str, _Row]:
    """Return the row of every record, by name."""
    every = {
        **{name: case[:2] for name, case in {**_GOOD, **_POISON}.items()},
        **_TENANTS,
        **{f"spliced {name}": ("T001", _of(data=case[0])) for name, case in _SPLICED.items()},
        **{name: ("T001", record) for name, record in _DAMAGED.items()},
        "exact numbers": (
            "T001",
            _of(data='{"a":0.10000000000000000000001,"b":123456789012345678901234567890,"c":1E400}'),
        ),
    }
    told = json.dumps([(key, base64.b64encode(record).decode()) for key, record in every.values()])
    done = subprocess.run(
        [str(flink.python), str(Path(__file__).with_name("deserialize.py")), str(code)],
        input=told,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "JAVA_HOME": str(flink.java.parent.parent), "HOME": str(code)},
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {
        name: _Row(row[0], row[1], json.loads(row[2]), row[3], row[2]) for name, row in zip(every, found, strict=True)
    }


@pytest.mark.parametrize("name", _GOOD)
def test_record_becomes_one_line_of_its_tenant(rows: dict[str, _Row], name: str) -> None:
    _, record, line = _GOOD[name]
    assert (rows[name].tenant, rows[name].line, rows[name].size) == ("T001", line, len(record))
    assert "\n" not in rows[name].text
    assert rows[name].text.lower().count('"tenantid":"') == (2 if name == "a claim further down" else 1)


@pytest.mark.parametrize("name", _SPLICED)
def test_line_has_the_records_own_bytes(rows: dict[str, _Row], name: str) -> None:
    row = rows[f"spliced {name}"]
    assert (row.tenant, row.text) == ("T001", _SPLICED[name][1])


def test_damaged_records_are_read_as_pythons_reader_does(rows: dict[str, _Row]) -> None:
    stored = 0
    for name, record in _DAMAGED.items():
        row, expected = rows[name], _expected(record)
        assert (row.tenant, row.tenant and _read(row.text)) == ("T001" if expected else None, expected), record
        stored += expected is not None
        if expected is None:
            assert base64.b64decode(row.line["record"]) == record
    assert 100 < stored < len(_DAMAGED) - 100


@pytest.mark.parametrize("name", _POISON)
def test_malformed_record_is_rejected_with_its_bytes(rows: dict[str, _Row], name: str) -> None:
    key, record, reason = _POISON[name]
    assert rows[name].tenant is None
    assert rows[name].line == {
        "reason": reason,
        "arrived": "2026-06-29T23:59:59.999Z",
        "partitionkey": key,
        "shard": "shard-0",
        "sequence": "7",
        "record": base64.b64encode(record).decode(),
    }


@pytest.mark.parametrize("tenant", GOOD_TENANTS)
def test_valid_tenant_ids_are_accepted(rows: dict[str, _Row], tenant: str) -> None:
    assert rows[f"tenant {tenant!r}"].tenant == tenant


@pytest.mark.parametrize("tenant", _BAD_TENANTS, ids=repr)
def test_malformed_tenant_ids_are_rejected(rows: dict[str, _Row], tenant: str) -> None:
    assert rows[f"tenant {tenant!r}"].tenant is None
    assert rows[f"tenant {tenant!r}"].line["reason"] == "no usable tenant id"


def test_numbers_are_unchanged(rows: dict[str, _Row]) -> None:
    assert '"a":0.10000000000000000000001,"b":123456789012345678901234567890,"c":1E400' in rows["exact numbers"].text


def test_record_day_is_its_arrival_in_utc(rows: dict[str, _Row]) -> None:
    assert {row.date for row in rows.values()} == {"year=2026/month=06/day=29"}
