"""What AWS refuses and no emulator shows, read from the templates of every environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracles.templates import ENVIRONMENTS as RESOLVED
from tests.oracles.templates import resources
from tests.synthesized import ENVIRONMENTS, STACKS, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator


def _all(environment: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack in STACKS:
        for name, resource in assembly(environment).templates[stack]["Resources"].items():
            if resource["Type"] == kind:
                yield name, resource["Properties"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_objects_expire_after_their_transition(environment: str) -> None:
    """S3 refuses a rule whose expiry is not later than its transitions."""
    rules = [
        (name, rule)
        for name, bucket in _all(environment, "AWS::S3::Bucket")
        for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", [])
    ]

    assert rules
    for name, rule in rules:
        for expiry, moves in (
            ("ExpirationInDays", "Transitions"),
            ("NoncurrentVersionExpiration", "NoncurrentVersionTransitions"),
        ):
            days = rule.get(expiry)
            last = days if not isinstance(days, dict) else days["NoncurrentDays"]
            for move in rule.get(moves, []):
                assert last is None or last > move["TransitionInDays"], (name, rule)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_reaches_its_topic_through_both_policies(environment: str) -> None:
    """The topic's policy must let CloudWatch publish, and its key's policy must let it encrypt, with no condition."""
    ((topic, properties),) = [
        (name, found)
        for name, found in _all(environment, "AWS::SNS::Topic")
        if "alarms" in found.get("DisplayName", "")
    ]
    alarms = list(_all(environment, "AWS::CloudWatch::Alarm"))
    published = [
        statement
        for _, policy in _all(environment, "AWS::SNS::TopicPolicy")
        if {"Ref": topic} in policy["Topics"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    key = properties["KmsMasterKeyId"]["Fn::GetAtt"][0]
    encrypted = [
        statement
        for name, found in _all(environment, "AWS::KMS::Key")
        if name == key
        for statement in found["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]

    assert len(alarms) > 20
    for name, alarm in alarms:
        actions = str(alarm["AlarmActions"])
        assert topic in actions, (name, actions)
    assert [statement["Action"] for statement in published] == ["sns:Publish"]
    assert set(published[0]["Condition"]) == {"StringEquals", "ArnLike"}
    assert [sorted(statement["Action"]) for statement in encrypted] == [["kms:Decrypt", "kms:GenerateDataKey*"]]
    assert "Condition" not in encrypted[0]


# IAM counts no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MOST_INLINE = 10_240
_MOST_TRUST = 2_048
_MOST_MANAGED = 6_144
_MOST_BUCKET_POLICY = 20_480
_MOST_VARIABLES = 4_096


def _size(document: object) -> int:
    return len(json.dumps(document, separators=(",", ":")))


@pytest.mark.parametrize("environment", RESOLVED)
def test_policies_and_settings_fit_aws_limits(environment: str) -> None:
    inline: dict[str, int] = {}
    found: list[tuple[str, int, int]] = []
    for where, role in resources(environment, "AWS::IAM::Role"):
        name = where.partition("/")[2]
        inline[name] = sum(_size(policy["PolicyDocument"]) for policy in role.get("Policies", []))
        found.append((where, _size(role["AssumeRolePolicyDocument"]), _MOST_TRUST))
    for _, policy in resources(environment, "AWS::IAM::Policy"):
        for role in policy.get("Roles", []):
            inline[next(name for name in inline if name in role)] += _size(policy["PolicyDocument"])
    found += [(role, size, _MOST_INLINE) for role, size in inline.items()]
    found += [
        (where, _size(policy["PolicyDocument"]), _MOST_MANAGED)
        for where, policy in resources(environment, "AWS::IAM::ManagedPolicy")
    ]
    found += [
        (where, _size(policy["PolicyDocument"]), _MOST_BUCKET_POLICY)
        for where, policy in resources(environment, "AWS::S3::BucketPolicy")
    ]
    for where, function in resources(environment, "AWS::Lambda::Function"):
        variables = function.get("Environment", {}).get("Variables", {})
        found.append((where, sum(len(f"{name}{value}") for name, value in variables.items()), _MOST_VARIABLES))

    assert [(where, size, most) for where, size, most in found if size > most] == []
