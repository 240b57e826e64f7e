"""A server's folder, and the two services that its client talks to, faked at the network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
import responses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Reply = tuple[int, dict[str, str], str]
    Answer = Callable[[list[Any]], Reply] | Reply | Exception

CREDENTIALS: Final = "https://credentials.example/role-aliases/devices/credentials"
BATCH: Final = "https://api.example/prod/T001/batch"
DEVICE: Final = {
    "tenant": "T001",
    "server": "pos-1",
    "thing": "tenantry:T001:pos-1",
    "certificate": "certificate.pem",
    "private_key": "private-key.pem",
    "credentials_endpoint": "credentials.example",
    "role_alias": "devices",
    "api_url": "https://api.example/prod",
    "region": "eu-west-1",
    "ca_bundle": None,
}


def results(*errors: str | None) -> Reply:
    """Return what PutRecords says: an error, or none, for each record."""
    told = [{"ErrorCode": error} if error else {"SequenceNumber": "1", "ShardId": "shard-0"} for error in errors]
    return (
        207 if any(errors) else 200,
        {},
        json.dumps({"FailedRecordCount": len([e for e in errors if e]), "Records": told}),
    )


def all_taken(records: list[Any]) -> Reply:
    """Take every record."""
    return results(*[None] * len(records))


@dataclass
class Cloud:
    """IoT's credentials provider and the ingest API.

    Attributes
    ----------
    answers
        What the API answers, one request after the other; then it takes everything.
    batches
        The records of each request that reached the API.
    keys
        The access key that signed each.
    issued
        How often credentials were given out.
    refuses, unreachable
        What the credentials provider does instead.
    life
        How long credentials live.
    """

    answers: list[Answer] = field(default_factory=list)
    batches: list[list[Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    issued: int = 0
    refuses: bool = False
    unreachable: bool = False
    life: timedelta = timedelta(minutes=15)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def arrived(self) -> list[Any]:
        """Every record of every request."""
        return [record for batch in self.batches for record in batch]

    def exchange(self, request: requests.PreparedRequest) -> Reply:
        assert request.headers["x-amzn-iot-thingname"] == "tenantry:T001:pos-1"
        if self.unreachable:
            raise requests.ConnectionError
        if self.refuses:
            return 403, {}, '{"message": "Access Denied"}'
        self.issued += 1
        content = {
            "accessKeyId": f"ASIA{self.issued}",
            "secretAccessKey": "secret",
            "sessionToken": "token",
            "expiration": (self.now + self.life).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return 200, {}, json.dumps({"credentials": content})

    def post(self, request: requests.PreparedRequest) -> Reply:
        body = json.loads(request.body or b"")
        assert all(set(record) == {"Data"} for record in body["Records"])
        self.batches.append([record["Data"] for record in body["Records"]])
        self.keys.append(request.headers["Authorization"].split("Credential=")[1].split("/")[0])
        answer = self.answers.pop(0) if self.answers else all_taken
        if isinstance(answer, Exception):
            raise answer
        return answer(self.batches[-1]) if callable(answer) else answer


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    made = Cloud()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        network.add_callback(responses.GET, CREDENTIALS, made.exchange)
        network.add_callback(responses.POST, BATCH, made.post)
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "device.json").write_text(json.dumps(DEVICE))
    for name in ("certificate.pem", "private-key.pem"):
        (tmp_path / name).write_text("PEM")
    return tmp_path
