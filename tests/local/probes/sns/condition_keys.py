"""Probes of `sns.condition_keys`."""

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


@probe(
    aws=["done", "AuthorizationError", "AuthorizationError"],
    ministack=["AuthorizationError"] * 3,
)
def subscriptions_of_another_protocol(emulator: Emulator) -> list[str]:
    topic = emulator.client("sns").create_topic(Name=emulator.name("topic"))["TopicArn"]
    condition = {"StringEquals": {"sns:Protocol": "https"}, "StringLike": {"sns:Endpoint": "https://*"}}
    client = emulator.user(allow("sns:Subscribe", condition=condition)).client("sns")

    def subscribe(protocol: str, endpoint: str) -> str:
        return outcome(lambda: client.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint))

    endpoint = "://8-8-8-8.sslip.io:9/"
    return [
        subscribe("https", f"https{endpoint}"),
        subscribe("http", f"http{endpoint}"),
        subscribe("email", "someone@example.com"),
    ]
