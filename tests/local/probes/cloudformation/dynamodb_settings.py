"""Probes of `cloudformation.dynamodb_settings`."""

from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=["ENABLED", "ENABLED"], ministack=["DISABLED", "DISABLED"])
def time_to_live_and_recovery_of_a_table(emulator: Emulator) -> list[str]:
    properties = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    name = emulator.stack(Table={"Type": "AWS::DynamoDB::Table", "Properties": properties})["Table"]
    dynamodb = emulator.client("dynamodb")
    recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return [
        dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"],
        recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    ]
