"""Probes of `eventbridge.condition_keys`."""

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


@probe(
    aws=["done", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"],
    ministack=["done"] * 4,
)
def events_of_another_source(emulator: Emulator) -> list[str]:
    client = emulator.user(
        allow("events:PutEvents", condition={"ForAllValues:StringEquals": {"events:source": "own"}})
    ).client("events")
    second = emulator.name("bus")
    emulator.client("events").create_event_bus(Name=second)

    def put(*entries: tuple[str, str]) -> object:
        return client.put_events(
            Entries=[
                {"Source": source, "DetailType": "x", "Detail": "{}", "EventBusName": bus} for source, bus in entries
            ]
        )

    return [
        outcome(lambda: put(("own", "default"))),
        outcome(lambda: put(("other", "default"))),
        outcome(lambda: put(("own", "default"), ("other", "default"))),
        outcome(lambda: put(("own", "default"), ("other", second))),
    ]


@probe(aws=["done", "AccessDeniedException"], ministack=["AccessDeniedException"] * 2)
def events_of_a_kind_that_a_condition_wants_named(emulator: Emulator) -> list[str]:
    condition = {
        "ForAllValues:StringEquals": {"events:detail-type": "created"},
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    client = emulator.user(allow("events:PutEvents", condition=condition)).client("events")

    def put(*kinds: str) -> object:
        return client.put_events(Entries=[{"Source": "own", "DetailType": kind, "Detail": "{}"} for kind in kinds])

    return [outcome(lambda: put("created", "created")), outcome(lambda: put("created", "removed"))]
