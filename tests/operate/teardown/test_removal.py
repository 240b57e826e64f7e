"""The removal of single resources, interrupted at any step."""

from __future__ import annotations

import itertools
import secrets
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from tenantry.local.settings import ACCOUNT
from tenantry.operate.teardown.removal import REMOVALS, Hand
from tenantry.operate.teardown.removal.devices import attached
from tests.inventory import operator

if TYPE_CHECKING:
    from tenantry.local.cloud import LocalCloud

_READS: Final = ("Describe", "List", "Get")


def _stopping(cloud: LocalCloud, calls: int) -> Hand:
    """Return the means of an operator who is stopped before he changes something for so manieth a time."""
    aws = operator(cloud)
    count = itertools.count(1)

    def stop(model: Any, **_: object) -> None:  # noqa: ANN401 - an operation of the SDK
        if not model.name.startswith(_READS) and next(count) == calls:
            raise KeyboardInterrupt

    aws.iot.meta.events.register("before-call.iot", stop)
    return Hand(aws=aws, account=ACCOUNT, tell=lambda _: None)


def _certificates(cloud: LocalCloud) -> set[str]:
    iot: Any = cloud.session().client("iot")
    return {one["certificateId"] for one in iot.list_certificates()["certificates"]}


@pytest.mark.parametrize("has_policy", [True, False])
def test_certificate_stays_discoverable_until_removed(cloud: LocalCloud, *, has_policy: bool) -> None:
    """Stop before each change in turn, and remove the server once more."""
    iot: Any = cloud.session().client("iot")
    before, policy = _certificates(cloud), f"policy-{secrets.token_hex(3)}"
    iot.create_policy(policyName=policy, policyDocument="{}")
    remove = REMOVALS["AWS::IoT::Thing"].remove
    for calls in itertools.count(1):
        thing = f"shop:T001:till-{calls}"
        iot.create_thing(thingName=thing)
        for _ in range(2):
            certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
            iot.attach_thing_principal(thingName=thing, principal=certificate)
            if has_policy:  # a revoked one has none
                iot.attach_policy(policyName=policy, target=certificate)
        try:
            remove(_stopping(cloud, calls), thing)
        except KeyboardInterrupt:
            remove(_stopping(cloud, 0), thing)
        else:
            break
        assert _certificates(cloud) == before
    assert calls > 5
    assert _certificates(cloud) == before
    iot.delete_policy(policyName=policy)


def test_certificate_is_found_by_its_policy(cloud: LocalCloud) -> None:
    iot: Any = cloud.session().client("iot")
    before, policy = _certificates(cloud), f"policy-{secrets.token_hex(3)}"
    iot.create_policy(policyName=policy, policyDocument="{}")
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_policy(policyName=policy, target=made["certificateArn"])
    for calls in itertools.count(1):
        hand = _stopping(cloud, calls)
        try:
            REMOVALS["AWS::IoT::Certificate"].remove(hand, made["certificateId"])
        except KeyboardInterrupt:
            assert list(attached(hand, policy)) == [made["certificateId"]]
        else:
            break
    assert _certificates(cloud) == before
    iot.delete_policy(policyName=policy)


@pytest.mark.parametrize(("listed", "amount"), [(["points"], "objects behind access points"), ([], None)])
def test_unreadable_bucket_of_the_account_exists(listed: list[str], amount: str | None) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    page = {"Buckets": [{"Name": name, "BucketRegion": "eu-north-1"} for name in listed]}
    s3 = SimpleNamespace(head_bucket=refuse, get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [page]))
    aws: Any = SimpleNamespace(s3=s3, region="eu-north-1")

    assert REMOVALS["AWS::S3::Bucket"].amount(Hand(aws=aws, account="1", tell=lambda _: None), "points") == amount
