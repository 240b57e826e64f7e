"""Logical ids of stateful resources are pinned: a changed id would replace the resource and lose its data."""

from __future__ import annotations

import pytest

from tests.synthesized import STATEFUL_TYPES, assembly

_STATEFUL = {
    "common": {
        "Bus95A03305": "AWS::Events::EventBus",
        "BusArchiveDBBF46CD": "AWS::Events::Archive",
        "AlarmsKey8B9C40AB": "AWS::KMS::Key",
    },
    "user": {
        "Users0A0EEA89": "AWS::DynamoDB::Table",
        "UserPool6BA7E5F2": "AWS::Cognito::UserPool",
    },
    "storage": {
        "AccessPointBucketC7796789": "AWS::S3::Bucket",
        "DocumentsBucket089EA665": "AWS::S3::Bucket",
        "MetadataTableC8A01DE2": "AWS::DynamoDB::Table",
        "PrefixBucket2BEF2300": "AWS::S3::Bucket",
        "TagBucket78ACDF76": "AWS::S3::Bucket",
        "TenantNames65C8E0A6": "AWS::DynamoDB::Table",
        "TokensSecretA6069DB5": "AWS::SecretsManager::Secret",
    },
    "dashboard": {"PageBucket8A4EC83F": "AWS::S3::Bucket"},
    "employees": {"EmployeesTable622B855C": "AWS::DynamoDB::Table"},
    "ingestion": {
        "Key961B73FD": "AWS::KMS::Key",
        "Stream790BDEE4": "AWS::Kinesis::Stream",
        "LakeBucketB1D32E10": "AWS::S3::Bucket",
    },
    "parks": {"ParksTable57BEC6C0": "AWS::DynamoDB::Table"},
    "tenant": {
        "Invitations14F94624": "AWS::DynamoDB::Table",
        "TenantUsersE963DBE5": "AWS::DynamoDB::Table",
        "TenantsA9C48FD3": "AWS::DynamoDB::Table",
    },
}


@pytest.mark.parametrize("stack", _STATEFUL)
def test_stateful_resources_keep_their_logical_ids(stack: str) -> None:
    resources = assembly("prod").templates[stack]["Resources"]
    stateful = {name: resource["Type"] for name, resource in resources.items() if resource["Type"] in STATEFUL_TYPES}

    assert stateful == _STATEFUL[stack]
