"""The bus: an archive, schemas, and publishers limited to their own source and detail-type."""

from __future__ import annotations

from aws_cdk import Stack, assertions
from aws_cdk import aws_iam as iam

from tenantry.isolation.events import ApplicationBus, EventType
from tests.synthesized import new_app

_EVENT = EventType(source="shop.order", detail_type="placed")


def _bus() -> tuple[Stack, ApplicationBus]:
    stack = Stack(new_app(), "stack")
    return stack, ApplicationBus(
        stack, "Bus", bus_name="shop-bus", archive_days=3, event_schemas={_EVENT: {"type": "object"}}
    )


def test_bus_has_an_archive_and_schemas() -> None:
    stack, _ = _bus()
    template = assertions.Template.from_stack(stack)

    template.has_resource_properties("AWS::Events::Archive", {"RetentionDays": 3})
    template.has_resource_properties(
        "AWS::EventSchemas::Schema",
        {"SchemaName": "shop.order@placed", "RegistryName": "shop-bus", "Type": "JSONSchemaDraft4"},
    )


def test_publisher_is_limited_to_its_source_and_detail_types() -> None:
    stack, bus = _bus()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    bus.grant_publish(role, source="shop.order", detail_types=["placed"])

    assertions.Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    {
                        "Action": "events:PutEvents",
                        "Effect": "Allow",
                        "Resource": {"Fn::GetAtt": [assertions.Match.string_like_regexp("Bus"), "Arn"]},
                        "Condition": {
                            "ForAllValues:StringEquals": {
                                "events:source": ["shop.order"],
                                "events:detail-type": ["placed"],
                            },
                            "Null": {"events:source": "false", "events:detail-type": "false"},
                        },
                    }
                ]
            }
        },
    )
