"""What sending costs a month in each of the document's ways: `python -m benchmarks.streaming.costs --help`.

The document's scene: 1,000 tenants of 8 KB a second each, who may gather 30 seconds of it into one request of 240 KB.
"""

from __future__ import annotations

import argparse
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from benchmarks import result
from benchmarks.result import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PRICES: Final = Path(__file__).with_name("prices.toml")
_SECONDS: Final = 30 * 24 * 60 * 60  # the document's month
_HOURS: Final = 30 * 24
_MILLION: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who sends how much.

    Attributes
    ----------
    tenants
        How many send.
    kilobytes
        The size of one payload.
    seconds
        The time between two of a tenant's.
    """

    tenants: int = 1_000
    kilobytes: float = 8
    seconds: float = 1

    @property
    def requests(self) -> int:
        """How many are sent in a month."""
        return math.ceil(self.tenants * _SECONDS / self.seconds)

    def gathered(self, seconds: float) -> Scene:
        """Return the scene with payloads gathered for so long."""
        return Scene(tenants=self.tenants, kilobytes=self.kilobytes * seconds / self.seconds, seconds=seconds)


def prices() -> Mapping[str, Any]:
    """Return the price list."""
    return tomllib.loads(_PRICES.read_text())


def api_gateway(scene: Scene, listed: Mapping[str, Any]) -> float:
    """Return what a month of requests to a REST API costs: a price a request, whatever its size."""
    return scene.requests / _MILLION * float(listed["api_gateway"]["million_requests"])


def iot_core(scene: Scene, listed: Mapping[str, Any]) -> float:
    """Return what a month of messages, each with a rule that puts it on the stream, costs: by steps of size."""
    listed = dict(listed["iot_core"])
    steps = math.ceil(scene.kilobytes / listed["message_kilobytes"])
    million = float(listed["million_messages"]) + float(listed["million_rules"]) + float(listed["million_actions"])
    return float(scene.requests * steps / _MILLION * million)


def stream(scene: Scene, listed: Mapping[str, Any]) -> float:
    """Return what the stream behind it costs a month: its shards, and units of 25 KB."""
    listed = listed["kinesis"]
    shards = math.ceil(scene.tenants * scene.kilobytes / scene.seconds / listed["shard_kilobytes_a_second"])
    units = scene.requests * math.ceil(scene.kilobytes / listed["put_unit_kilobytes"])
    return float(shards * _HOURS * listed["shard_hour"] + units / _MILLION * listed["million_put_units"])


def table(scene: Scene | None = None, gather_seconds: float = 30) -> Sequence[Figure]:
    """Return the document's table, for its own scene if for no other."""
    at_once, listed = scene or Scene(), prices()
    gathered = at_once.gathered(gather_seconds)
    as_of = f"list prices of {listed['date']}, {listed['region']}"
    return [
        Figure(
            "requests a month, gathered", gathered.requests, "", f"{gathered.kilobytes:g} KB every {gather_seconds:g} s"
        ),
        Figure("API Gateway, gathered", round(api_gateway(gathered, listed), 2), "$ a month", as_of),
        Figure("API Gateway, at once", round(api_gateway(at_once, listed), 2), "$ a month", as_of),
        Figure("IoT Core with a rule, at once", round(iot_core(at_once, listed), 2), "$ a month", as_of),
        Figure("Kinesis, gathered", round(stream(gathered, listed), 2), "$ a month", as_of),
        Figure("Kinesis, at once", round(stream(at_once, listed), 2), "$ a month", as_of),
    ]


def main() -> None:
    """Show the table for a scene."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streaming.costs", description=__doc__)
    parser.add_argument("--tenants", type=int, default=Scene.tenants, help="how many send (default: %(default)s)")
    parser.add_argument("--kilobytes", type=float, default=Scene.kilobytes, help="one payload (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=Scene.seconds, help="between two (default: %(default)s)")
    parser.add_argument("--gather", type=float, default=30, help="seconds to gather (default: %(default)s)")
    parsed = parser.parse_args()
    scene = Scene(tenants=parsed.tenants, kilobytes=parsed.kilobytes, seconds=parsed.seconds)
    Console().print(result.table("costs", table(scene, parsed.gather)))


if __name__ == "__main__":
    main()
