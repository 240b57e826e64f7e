"""What functions log, count and trace."""

from __future__ import annotations

import io
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.runtime import observability
from tenantry.runtime.kept import Kept
from tenantry.runtime.log import Log
from tenantry.runtime.metrics import count
from tenantry.runtime.observability import observed
from tests.lambdas.events import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENT: dict[str, Any] = {"requestContext": {"requestId": "r-1"}, "secret": "ey.token"}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log(io.StringIO())
    monkeypatch.setattr(observability, "logger", made)
    return made


def _lines(log: Log) -> list[dict[str, Any]]:
    assert isinstance(log.stream, io.StringIO)
    return [json.loads(line) for line in log.stream.getvalue().splitlines()]


def test_line_has_the_function_the_request_and_what_was_added(log: Log) -> None:
    def handler(_event: object, _context: object) -> None:
        log.append_keys(tenant="t-1")
        log.info("verified", extra=1)

    run = observed(handler, correlation_id_path="requestContext.requestId")
    run(_EVENT, Context())
    run({}, Context())

    first, second = _lines(log)
    assert {"level": "INFO", "message": "verified", "tenant": "t-1", "correlation_id": "r-1", "extra": 1}.items() <= (
        first.items()
    )
    assert first["location"].startswith("handler:")
    assert (first["cold_start"], second["cold_start"]) == (True, False)
    assert (first["function_name"], first["function_request_id"]) == ("function", "request")
    assert "ey.token" not in json.dumps(first)
    assert "correlation_id" not in second


def test_fields_of_one_invocation_are_not_in_the_next(log: Log) -> None:
    def handler(event: dict[str, str], _context: object) -> None:
        log.append_keys(**event)
        log.info("done")

    run = observed(handler)
    run({"tenant": "t-1"}, Context())
    run({}, Context())

    first, second = _lines(log)
    assert first["tenant"] == "t-1"
    assert "tenant" not in second


def test_exception_is_logged_with_where_it_was_raised(log: Log) -> None:
    try:
        _EVENT["nothing"]
    except LookupError:
        log.exception("failed")
    (line,) = _lines(log)
    assert (line["level"], line["exception_name"]) == ("ERROR", "KeyError")
    assert "test_exception_is_logged" in line["exception"]


def test_lines_below_the_level_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    log = Log(io.StringIO())
    log.info("no")
    log.warning("yes")
    assert [line["message"] for line in _lines(log)] == ["yes"]


def test_counts_are_in_the_embedded_metric_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_NAME", "shop")
    count({"Sold": 2, "Left": 3}, tenant="t-1")
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "app",
        "Dimensions": [["service", "tenant"]],
        "Metrics": [{"Name": "Sold", "Unit": "Count"}, {"Name": "Left", "Unit": "Count"}],
    }
    assert (line["service"], line["tenant"], line["Sold"], line["Left"]) == ("shop", "t-1", 2, 3)


@pytest.mark.parametrize(("sampled", "sent"), [("1", True), ("0", False)])
def test_sampled_invocation_can_be_found_by_tenant(monkeypatch: pytest.MonkeyPatch, sampled: str, sent: bool) -> None:  # noqa: FBT001
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-a-b;Parent=c;Sampled={sampled};Lineage=1:x:0")

        observed(lambda *_: observability.tracer.put_annotation("tenant", "t-1"))({}, Context())

        if not sent:
            daemon.settimeout(0)
            with pytest.raises(BlockingIOError):
                daemon.recv(4096)
            return
        header, document = daemon.recv(4096).decode().split("\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    subsegment = json.loads(document)
    assert (subsegment["trace_id"], subsegment["parent_id"]) == ("1-a-b", "c")
    assert subsegment["annotations"] == {"tenant": "t-1"}


def test_kept_value_is_read_again_when_it_is_old_and_a_failure_is_not_kept() -> None:
    now = [0.0]
    read: Iterator[int | type[Exception]] = iter([TimeoutError, 1, 2])

    def next_one() -> int:
        found = next(read)
        if isinstance(found, type):
            raise found
        return found

    kept = Kept(next_one, 10, clock=lambda: now[0])
    with pytest.raises(TimeoutError):
        kept.get()
    assert (kept.get(), kept.get()) == (1, 1)
    now[0] = 10
    assert kept.get() == 2
