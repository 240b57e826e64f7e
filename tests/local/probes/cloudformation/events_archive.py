"""Probes of `cloudformation.events_archive`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=7, ministack=None)
def an_archive(emulator: Emulator) -> int | None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    properties = {"SourceArn": bus, "RetentionDays": 7, "EventPattern": {"account": [ACCOUNT]}}
    made = emulator.stack(Archive={"Type": "AWS::Events::Archive", "Properties": properties})
    if not made:
        return None
    return int(emulator.client("events").describe_archive(ArchiveName=made["Archive"])["RetentionDays"])
