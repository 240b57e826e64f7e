"""The cost calculation of the document."""

from __future__ import annotations

import pytest

from benchmarks.streaming.costs import Scene, api_gateway, iot_core, prices, stream, table

_PRICES = {
    "api_gateway": {"million_requests": 3.5},
    "iot_core": {"million_messages": 1.0, "message_kilobytes": 5, "million_rules": 0.15, "million_actions": 0.15},
    "kinesis": {
        "shard_hour": 0.015,
        "million_put_units": 0.014,
        "put_unit_kilobytes": 25,
        "shard_kilobytes_a_second": 1024,
    },
}


def test_documented_scenario_is_86_400_000_requests_of_240_kb() -> None:
    gathered = Scene().gathered(30)
    assert (gathered.requests, gathered.kilobytes) == (86_400_000, 240)


def test_api_gateway_costs_do_not_depend_on_request_size() -> None:
    assert api_gateway(Scene().gathered(30), _PRICES) == pytest.approx(302.4)
    assert api_gateway(Scene(), _PRICES) == pytest.approx(30 * 302.4)


def test_iot_core_bills_an_8_kb_payload_twice() -> None:
    assert iot_core(Scene(), _PRICES) == pytest.approx(2 * iot_core(Scene(kilobytes=5), _PRICES))


def test_stream_costs_by_shards_and_payload_units() -> None:
    one = Scene(tenants=1, kilobytes=25, seconds=1)
    assert stream(one, _PRICES) == pytest.approx(720 * 0.015 + one.requests / 1e6 * 0.014)
    assert stream(Scene(tenants=1, kilobytes=26, seconds=1), _PRICES) > stream(one, _PRICES)


def test_price_list_has_a_date_and_a_source() -> None:
    listed = prices()
    assert listed["date"] >= "2026-11-25"
    assert all(listed[name]["source"].startswith("https://aws.amazon.com/") for name in _PRICES)
    assert len(table()) == 6
