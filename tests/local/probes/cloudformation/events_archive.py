"""Probes of `cloudformation.events_archive`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground
from tests.local.probes import probe


@probe(aws=7, ministack=None)
def an_archive(ground: Ground) -> int | None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    properties = {"SourceArn": bus, "RetentionDays": 7, "EventPattern": {"account": [ACCOUNT]}}
    made = ground.stack(Archive={"Type": "AWS::Events::Archive", "Properties": properties})
    if not made:
        return None
    return int(ground.client("events").describe_archive(ArchiveName=made["Archive"])["RetentionDays"])
