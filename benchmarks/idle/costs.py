"""Count what is paid by the hour or the month, whoever uses it: the table of docs/deployment.md."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Template = Mapping[str, Any]

_PRICES: Final = Path(__file__).with_name("prices.toml")
_HOURS: Final = 730  # of AWS's month
_SECONDS: Final = _HOURS * 3600
_MILLION: Final = 1_000_000
_FREE_RETENTION_HOURS: Final = 24
BEGINS: Final = "<!-- idle costs: make docs -->"
ENDS: Final = "<!-- idle costs end -->"


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that is paid for.

    Attributes
    ----------
    what
        In words.
    count
        How many there are.
    dollars
        What they cost a month, together.
    """

    what: str
    count: int
    dollars: float


def prices() -> Mapping[str, Any]:
    """Return the price list."""
    return tomllib.loads(_PRICES.read_text())


def items(templates: Sequence[Template], listed: Mapping[str, Any] | None = None) -> list[Item]:
    """Return what an environment's templates cost a month.

    Parameters
    ----------
    templates
        Of all its stacks.
    listed
        The price list; the project's if it is not given.
    """
    listed = listed or prices()
    resources = [resource for template in templates for resource in template.get("Resources", {}).values()]
    return [*_streaming(resources, listed), *_watching(resources, listed), *_rest(resources, listed)]


def _of(resources: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [resource.get("Properties", {}) for resource in resources if resource["Type"] == kind]


def _streaming(resources: Sequence[Mapping[str, Any]], listed: Mapping[str, Any]) -> Iterator[Item]:
    flink, kinesis = listed["flink"], listed["kinesis"]
    applications = _of(resources, "AWS::KinesisAnalyticsV2::Application")
    working = sum(_working_units(application) for application in applications)
    units = working + len(applications)  # one more of each application, which organizes its work
    storage = working * flink["storage_gigabytes"] * flink["storage_gigabyte_month"]
    dollars = units * flink["unit_hour"] * _HOURS + storage
    yield Item(what="Streaming application (Managed Flink), units while it runs", count=units, dollars=dollars)
    streams = _of(resources, "AWS::Kinesis::Stream")
    on_demand = sum(stream.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND" for stream in streams)
    shards = sum(stream.get("ShardCount", 0) for stream in streams)
    extended = sum(
        stream.get("ShardCount", 0)
        for stream in streams
        if stream.get("RetentionPeriodHours", 0) > _FREE_RETENTION_HOURS
    )
    yield Item(what="Kinesis streams on demand", count=on_demand, dollars=on_demand * kinesis["stream_hour"] * _HOURS)
    hourly = shards * kinesis["shard_hour"] + extended * kinesis["extended_shard_hour"]
    yield Item(what="Kinesis shards", count=shards, dollars=hourly * _HOURS)


def _working_units(application: Mapping[str, Any]) -> int:
    flink = application["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    parallelism = flink["ParallelismConfiguration"]
    return math.ceil(int(parallelism["Parallelism"]) / int(parallelism["ParallelismPerKPU"]))


def _watching(resources: Sequence[Mapping[str, Any]], listed: Mapping[str, Any]) -> Iterator[Item]:
    metrics = sum(
        sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1
        for alarm in _of(resources, "AWS::CloudWatch::Alarm")
    )
    yield Item(what="CloudWatch alarms", count=metrics, dollars=metrics * listed["alarms"]["metric_month"])
    dashboards = len(_of(resources, "AWS::CloudWatch::Dashboard"))
    yield Item(what="Operations dashboard", count=dashboards, dollars=dashboards * listed["dashboards"]["month"])


def _rest(resources: Sequence[Mapping[str, Any]], listed: Mapping[str, Any]) -> Iterator[Item]:
    keys = len(_of(resources, "AWS::KMS::Key"))
    yield Item(what="KMS keys", count=keys, dollars=keys * listed["keys"]["month"])
    secrets = len(_of(resources, "AWS::SecretsManager::Secret"))
    yield Item(what="Secrets", count=secrets, dollars=secrets * listed["secrets"]["month"])
    queues = listed["queues"]
    polled = len(_of(resources, "AWS::Lambda::EventSourceMapping"))
    millions = polled * queues["pollers"] * _SECONDS / queues["poll_seconds"] / _MILLION
    yield Item(what="Queues that functions work on", count=polled, dollars=millions * queues["million_requests"])


def table(environments: Mapping[str, Sequence[Item]]) -> str:
    """Return the table of some environments in Markdown, with its total."""
    listed = prices()
    names = list(environments)
    rows = [["A month, idle", *(f"`{name}`" for name in names)], ["---", *("---:" for _ in names)]]
    rows.extend(
        [row[0].what, *(_cell(item) for item in row)]
        for row in zip(*environments.values(), strict=True)
        if any(item.count for item in row)
    )
    totals = [sum(item.dollars for item in found) for found in environments.values()]
    rows.append(["**Together**", *(f"**${total:,.0f}**" for total in totals)])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([BEGINS, "", *lines, "", f"List prices of {listed['region']}, {listed['date']}.", ENDS])


def _cell(item: Item) -> str:
    return f"{item.count}: ${item.dollars:,.2f}" if item.count else "-"


def shown_in(page: str, text: str) -> str:
    """Return a page with the table in its place."""
    before, _, rest = page.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{text}{after}"
