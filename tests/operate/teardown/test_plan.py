"""Which resources belong to an instance, according to CloudFormation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantry.model.stores import STORES, Application, By, Store
from tenantry.operate.stacks import Resource
from tenantry.operate.teardown.deployment import GONE, Deployment, Stack
from tenantry.operate.teardown.names import Form
from tenantry.operate.teardown.plan import left_behind, made_later
from tenantry.operate.teardown.removal import Hand

_MARK = Application(name="shop", environment="dev", ephemeral=True)
_KEPT = Resource("shop-data", "AWS::IAM::Nothing", "Orders", "orders")
_OWN, _OTHER = "arn:own", "arn:other"


@pytest.mark.parametrize(
    ("stack", "status", "is_left"),
    [
        (_OWN, "DELETE_SKIPPED", True),  # CloudFormation remembers that the deleted stack had it
        (_OTHER, "DELETE_SKIPPED", True),
        (_OTHER, "IMPORT_COMPLETE", False),
        (_OTHER, "UPDATE_COMPLETE", False),
    ],
)
def test_retained_resource_belongs_to_its_deleted_stack(stack: str, status: str, *, is_left: bool) -> None:
    found = {"StackId": stack, "PhysicalResourceId": "orders", "ResourceStatus": status}
    table = {"TableStatus": "ACTIVE", "ItemCount": 3}
    aws: Any = SimpleNamespace(
        cloudformation=SimpleNamespace(describe_stack_resources=lambda **_: {"StackResources": [found]}),
        dynamodb=SimpleNamespace(describe_table=lambda **_: {"Table": table}),
    )
    kept = Resource("shop-data", "AWS::DynamoDB::Table", "Orders", "orders")
    gone = Stack(name="shop-data", id=_OWN, status=GONE, mark=_MARK, template={}, kept=(kept,))
    deployment = Deployment(
        mark=_MARK, account="1", region="eu-north-1", partition="aws", live=(), gone=(gone,), neighbours=()
    )

    items, left = left_behind(Hand(aws=aws, account="1", tell=lambda _: None), deployment)

    assert ([item.id for item in items] == ["orders"]) is is_left
    assert left == []


@pytest.mark.parametrize(
    ("answer", "is_left"),
    [
        (None, True),
        ("ResourceNotFoundException", False),  # somebody has removed it by hand
        ("UnsupportedActionException", True),
        ("AccessDeniedException", True),
    ],
)
def test_irremovable_resource_is_reported_until_gone(answer: str | None, *, is_left: bool) -> None:
    gone = Stack(name="shop-data", id=_OWN, status=GONE, mark=_MARK, template={}, kept=(_KEPT,))
    deployment = Deployment(
        mark=_MARK, account="1", region="eu-north-1", partition="aws", live=(), gone=(gone,), neighbours=()
    )

    def get_resource(**asked: str) -> None:
        assert asked == {"TypeName": "AWS::IAM::Nothing", "Identifier": "orders"}
        if answer:
            raise ClientError({"Error": {"Code": answer, "Message": "no"}}, "GetResource")

    aws: Any = SimpleNamespace(client=lambda _: SimpleNamespace(get_resource=get_resource))

    items, left = left_behind(Hand(aws=aws, account="1", tell=lambda _: None), deployment)

    assert items == []
    assert [(one.kind, one.name) for one in left] == ([("AWS::IAM::Nothing", "orders")] if is_left else [])
    assert all("manually" in one.why for one in left)


_KEYS, _BUCKETS, _TYPES = "AWS::ApiGateway::ApiKey", "AWS::S3::Bucket", "AWS::IoT::ThingType"


def _account(kind: str, name: str, tags: dict[str, str]) -> Any:  # noqa: ANN401 - as much of it as is asked
    """Return an account with one thing of a kind that carries tags."""
    tag_list = [{"Key": key, "Value": value} for key, value in tags.items()]
    pages = {
        "get_api_keys": {"items": [{"id": "key-1", "name": name}] if kind == _KEYS else []},
        "list_buckets": {"Buckets": [{"Name": name, "BucketRegion": "eu-north-1"}] if kind == _BUCKETS else []},
        "list_object_versions": {},
        "list_thing_types": {"thingTypes": [{"thingTypeName": name}] if kind == _TYPES else []},
        "list_tags_for_resource": {"tags": tag_list},
    }

    def no_stack(**_: object) -> None:
        raise ClientError({"Error": {"Code": "ValidationError", "Message": "no stack has it"}}, "Describe")

    def get_bucket_tagging(**_: object) -> dict[str, Any]:
        if not tag_list:
            raise ClientError({"Error": {"Code": "NoSuchTagSet", "Message": "none"}}, "GetBucketTagging")
        return {"TagSet": tag_list}

    def get_paginator(operation: str) -> Any:  # noqa: ANN401
        return SimpleNamespace(paginate=lambda **_: [pages[operation]])

    return SimpleNamespace(
        region="eu-north-1",
        cloudformation=SimpleNamespace(describe_stack_resources=no_stack),
        apigateway=SimpleNamespace(get_paginator=get_paginator, get_api_key=lambda **_: {"tags": tags}),
        s3=SimpleNamespace(
            get_paginator=get_paginator, get_bucket_tagging=get_bucket_tagging, head_bucket=lambda **_: {}
        ),
        iot=SimpleNamespace(
            get_paginator=get_paginator,
            list_things=lambda **_: {"things": []},
            describe_thing_type=lambda **_: {},
        ),
    )


@pytest.mark.parametrize(
    ("kind", "form", "name"),
    [
        (_KEYS, "shop-{tenant}", "shop-two-T001"),  # or the key of `two-T001`, or of a neighbour of an older version
        (_BUCKETS, "aws-saas-s3-{tenant}-{account}", "aws-saas-s3-mine-1"),
        (_TYPES, "{tenant}", "T001"),
    ],
)
@pytest.mark.parametrize("has_neighbour", [True, False])
@pytest.mark.parametrize(
    ("tags", "outcome"),
    [
        ({"application": "shop"}, "removed"),
        ({"application": "two"}, "another's"),
        ({"team": "a"}, "left"),
        ({}, "left"),
    ],
)
def test_tagged_resource_needs_the_applications_tags(
    kind: str, form: str, name: str, tags: dict[str, str], outcome: str, *, has_neighbour: bool
) -> None:
    """A neighbour that declares the same form takes nothing away: the tag has said whose it is."""
    store = Store(holds="things", by=By.NAME, kind=kind, name=form)
    live = Stack(
        name="shop-data",
        id=_OWN,
        status="CREATE_COMPLETE",
        mark=_MARK,
        template={"Metadata": {STORES: [store.declared]}},
    )
    deployment = Deployment(
        mark=_MARK,
        account="1",
        region="eu-north-1",
        partition="aws",
        live=(live,),
        gone=(),
        neighbours=(Form.of(kind, form, {"account": "1"}),) if has_neighbour else (),
    )

    items, left = made_later(Hand(aws=_account(kind, name, tags), account="1", tell=lambda _: None), deployment)

    assert [item.name for item in items] == ([name] if outcome == "removed" else [])
    assert [one.name for one in left] == ([name] if outcome == "left" else [])
    assert all("tag it application=shop" in one.why for one in left)
