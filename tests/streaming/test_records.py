"""One record becomes a line of its tenant, or a rejected record with all of its bytes."""

from __future__ import annotations

import base64
import json
import os
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


@pytest.fixture(scope="module")
def rows(flink: Installation, code: Path) -> dict[str, _Row]:
    """Return the row of every record, by name."""
    every = {
        **{name: case[:2] for name, case in {**_GOOD, **_POISON}.items()},
        **_TENANTS,
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
        name: _Row(row[0], "-".join(row[1:4]), json.loads(row[4]), row[5], row[4])
        for name, row in zip(every, found, strict=True)
    }


@pytest.mark.parametrize("name", _GOOD)
def test_record_becomes_one_line_of_its_tenant(rows: dict[str, _Row], name: str) -> None:
    _, record, line = _GOOD[name]
    assert (rows[name].tenant, rows[name].line, rows[name].size) == ("T001", line, len(record))
    assert "\n" not in rows[name].text
    assert rows[name].text.lower().count('"tenantid":"') == (2 if name == "a claim further down" else 1)


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
    assert {row.date for row in rows.values()} == {"2026-06-29"}
