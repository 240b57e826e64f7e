"""Probes of `cloudformation.events_archive`."""

from localcloud.settings import ACCOUNT, REGION
from tests.localcloud.ground import Ground
from tests.localcloud.probes import probe


@probe(aws=7, ministack=None)
def an_archive(ground: Ground) -> int | None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    properties = {"SourceArn": bus, "RetentionDays": 7, "EventPattern": {"account": [ACCOUNT]}}
    made = ground.stack(Archive={"Type": "AWS::Events::Archive", "Properties": properties})
    if not made:
        return None
    return int(ground.client("events").describe_archive(ArchiveName=made["Archive"])["RetentionDays"])
