"""What the application is told, from the file in which the service puts its runtime properties."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where the service puts them.
#: https://docs.aws.amazon.com/managed-flink/latest/java/how-properties.html
PROPERTIES: Final = Path("/etc/flink/application_properties.json")
GROUP: Final = "ConsumerConfigProperties"
# Settings of the connector itself, which go to it as they are.
_OF_THE_CONSUMER: Final = ("aws.", "flink.")
_SINK: Final = re.compile(r"(?:[a-z0-9]+://)?([^\s]+?)/*")


class SettingsError(ValueError):
    """A property is missing or wrong; the message names it."""


class Format(Enum):
    """How tenants' records are written."""

    JSON = "json"
    PARQUET = "parquet"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The application's settings.

    Attributes
    ----------
    region, stream
        The stream to read (`Region`, `InputStreamName`).
    lake
        Where the lake is (`S3SinkPath`, a bucket and a prefix), as Flink's file systems take it.
    output
        `OutputFormat`: ``json`` (lines, compressed with Zstandard) or ``parquet``.
    window_seconds
        `AggregationWindowSeconds`: how long a stretch each aggregate is of.
    aggregate_file_seconds
        `AggregateFileSeconds`: how long a file of aggregates stays open, to be a larger one.
    slack_seconds
        `OutOfOrderSeconds`: by how much a shard's records may be out of order.
    idle_seconds
        `IdleShardSeconds`: after how much silence the others no longer wait for a shard.
    consumer
        Every ``aws.*`` and ``flink.*`` property, for the Kinesis consumer.
    """

    region: str
    stream: str
    lake: str
    output: Format = Format.JSON
    window_seconds: int = 60
    aggregate_file_seconds: int = 900
    slack_seconds: int = 5
    idle_seconds: int = 30
    consumer: Mapping[str, str]


def read(path: Path) -> Settings:
    """Return the settings in a file of runtime properties.

    Raises
    ------
    SettingsError
        The file, the group or a property is missing, or a value is none that can be used.
    """
    try:
        groups = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"No runtime properties in {path}: {error}") from error
    found = [group["PropertyMap"] for group in groups if group["PropertyGroupId"] == GROUP]
    if not found:
        raise SettingsError(f"{path} has no property group {GROUP}.")
    return settings(found[0])


def settings(properties: Mapping[str, str]) -> Settings:
    """Return the settings that a property group holds.

    Raises
    ------
    SettingsError
        A property is missing, or its value is none that can be used.
    """
    sink = _SINK.fullmatch(_required(properties, "S3SinkPath"))
    if sink is None:
        raise SettingsError(f"S3SinkPath must be a bucket, with a prefix if need be: {properties['S3SinkPath']!r}.")
    output = properties.get("OutputFormat", Format.JSON.value)
    if output not in {choice.value for choice in Format}:
        raise SettingsError(f"OutputFormat must be json or parquet, not {output!r}.")
    return Settings(
        region=_required(properties, "Region"),
        stream=_required(properties, "InputStreamName"),
        lake=f"s3a://{sink[1]}",
        output=Format(output),
        window_seconds=_seconds(properties, "AggregationWindowSeconds", Settings.window_seconds),
        aggregate_file_seconds=_seconds(properties, "AggregateFileSeconds", Settings.aggregate_file_seconds),
        slack_seconds=_seconds(properties, "OutOfOrderSeconds", Settings.slack_seconds),
        idle_seconds=_seconds(properties, "IdleShardSeconds", Settings.idle_seconds),
        consumer={name: value for name, value in properties.items() if name.startswith(_OF_THE_CONSUMER)},
    )


def _required(properties: Mapping[str, str], name: str) -> str:
    value = properties.get(name, "").strip()
    if not value:
        raise SettingsError(f"The property {name} of {GROUP} is missing.")
    return value


def _seconds(properties: Mapping[str, str], name: str, default: int) -> int:
    text = properties.get(name, str(default))
    if not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} must be a number of seconds, not {text!r}.")
    return int(text)
