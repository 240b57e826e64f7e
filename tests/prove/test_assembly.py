"""References of templates become the names that CloudFormation would make, and what is not known stays unknown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.prove.assembly import UNKNOWN, Assembly, Stack

if TYPE_CHECKING:
    from pathlib import Path

_TEMPLATE = {
    "Resources": {
        "Orders": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "shop-orders"}},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "told"}},
        "Pool": {"Type": "AWS::Cognito::UserPool"},
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}, "Export": {"Name": "shop:Orders"}}},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Orders"}, "shop-orders"),
        ({"Fn::GetAtt": ["Orders", "Arn"]}, "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-orders"),
        ({"Fn::GetAtt": "Orders.Arn"}, "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-orders"),
        ({"Ref": "Bucket"}, "shop-bucket-q7k2z9xw4m1p"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:123456789012:told"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "shop-Queue-Q7K2Z9XW4M1P"),
        ({"Fn::Sub": "${Orders}/${!aws:username}/${AWS::Region}"}, "shop-orders/${aws:username}/eu-west-1"),
        ({"Fn::Sub": ["${x}-${Orders.Arn}", {"x": {"Ref": "Orders"}}]}, "shop-orders-arn:aws:dynamodb:eu-west-1:123456789012:table/shop-orders"),
        ({"Fn::Join": ["/", [{"Ref": "AWS::AccountId"}, "x"]]}, "123456789012/x"),
        ({"Fn::Select": [1, ["a", {"Ref": "Orders"}]]}, "shop-orders"),
        ({"Fn::ImportValue": "shop:Orders"}, "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-orders"),
        (["a", {"Ref": "AWS::NoValue"}], ["a"]),
    ],
)  # fmt: skip
def test_reference_becomes_a_name(value: Any, expected: Any) -> None:  # noqa: ANN401 - parts of a template
    assembly = Assembly([Stack("shop", _TEMPLATE, "123456789012", "eu-west-1")])

    assert assembly.resolve("shop", value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Parameter"},
        {"Fn::GetAtt": ["Pool", "ProviderName"]},
        {"Fn::ImportValue": "elsewhere"},
        {"Fn::If": ["Production", "a", "b"]},
        {"Fn::FindInMap": ["a", "b", "c"]},
    ],
)
def test_what_the_deployment_shows_is_unknown(value: Any) -> None:  # noqa: ANN401 - parts of a template
    assert UNKNOWN.fullmatch(Assembly([Stack("shop", _TEMPLATE)]).resolve("shop", value))


def test_folder_of_the_cdk_is_read_with_places_and_paths(tmp_path: Path) -> None:
    inner = tmp_path / "assembly-prod"
    inner.mkdir()
    (inner / "prod-shop.template.json").write_text(json.dumps(_TEMPLATE))
    metadata = {"/prod/shop/Orders/Table/Resource": [{"type": "aws:cdk:logicalId", "data": "Orders"}]}
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://123456789012/unknown-region",
        "properties": {"templateFile": "prod-shop.template.json"},
        "metadata": metadata,
    }
    (inner / "manifest.json").write_text(json.dumps({"artifacts": {"prod-shop": stack}}))
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-prod"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"assembly-prod": nested}}))

    (orders,) = Assembly.read(tmp_path).resources("AWS::DynamoDB::Table")

    assert orders.path == "prod/shop/Orders/Table"
    assert orders.arn == "arn:aws:dynamodb:us-east-1:123456789012:table/shop-orders"
