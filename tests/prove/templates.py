"""Small templates that tests of the prover change: a table, a bucket, a function that vends, and the tenant role."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.assembly import Assembly, Stack
from tenantry.prove.isolation import prove_isolation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.prove.prover import Proof

Template = dict[str, Any]
Statement = dict[str, Any]

TABLE: Final = {"Fn::GetAtt": ["Orders", "Arn"]}
BUCKET: Final = {"Fn::GetAtt": ["Invoices", "Arn"]}
TENANT: Final = "${aws:PrincipalTag/TenantId}"


def joined(*parts: Any) -> Mapping[str, Any]:  # noqa: ANN401 - parts of a template
    """Return a text of literals and references."""
    return {"Fn::Join": ["", list(parts)]}


def rows(leading_key: str = TENANT) -> Statement:
    """Return what lets sessions read their tenant's rows."""
    return {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:Query"],
        "Resource": [TABLE],
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [leading_key]},
            "Null": {"dynamodb:LeadingKeys": ["false"]},
        },
    }


def objects(prefix: str = f"{TENANT}/*") -> Statement:
    """Return what lets sessions read their tenant's objects."""
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [joined(BUCKET, f"/{prefix}")]}


def listing(prefix: str = f"{TENANT}/*", operator: str = "StringLike") -> Statement:
    """Return what lets sessions list their tenant's objects."""
    return {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": [BUCKET],
        "Condition": {operator: {"s3:prefix": [prefix]}},
    }


def template() -> Template:
    """Return a template that is proven."""
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": {"Fn::GetAtt": ["FunctionRole", "Arn"]}},
        "Condition": {
            "StringLike": {"aws:RequestTag/TenantId": "?*", "aws:RequestTag/TenantName": "?*"},
            "StringEquals": {"aws:RequestTag/Purpose": ["orders"]},
            "StringEqualsIgnoreCase": {"aws:RequestTag/TenantName": "${aws:RequestTag/TenantId}"},
        },
    }
    once = {"dynamodb:LeadingKeys": "false"}
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "{{tenant_id}}"}, "Null": once}
    policies = {
        "orders": [
            ["dynamodb:GetItem", "${Orders.Arn}", own],
            ["s3:GetObject", "${Invoices.Arn}/{{tenant_id}}/{{user_id}}/*"],
        ]
    }
    vendor = json.dumps({"role": "${TenantRole.Arn}", "policies": policies})
    return {
        "Resources": {
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {},
                "Metadata": {
                    "aws:cdk:path": "shop/Orders/Resource",
                    "tenantry:stores": [
                        {"holds": "orders", "by": "partition-key", "key": "tenant", "forms": ["{tenant}"]}
                    ],
                },
            },
            "Invoices": {
                "Type": "AWS::S3::Bucket",
                "Properties": {},
                "Metadata": {
                    "aws:cdk:path": "shop/Invoices/Resource",
                    "tenantry:stores": [{"holds": "invoices", "by": "prefix", "forms": ["{tenant}/{user}/"]}],
                },
            },
            "TenantRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Statement": [trust]},
                    "Policies": [{"PolicyDocument": {"Statement": [rows(), objects(), listing()]}}],
                },
                "Metadata": {"aws:cdk:path": "shop/Vendor/TenantRole"},
            },
            "FunctionRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "sts:AssumeRole",
                                "Principal": {"Service": "lambda.amazonaws.com"},
                            }
                        ]
                    },
                    "Policies": [{"PolicyDocument": {"Statement": []}}],
                },
                "Metadata": {"aws:cdk:path": "shop/ListOrders/Role/Resource"},
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Environment": {"Variables": {"TOKEN_VENDOR": {"Fn::Sub": vendor}}}},
                "Metadata": {"aws:cdk:path": "shop/ListOrders/Resource"},
            },
        }
    }


def of_role(change: Callable[[list[Statement]], None], role: str = "TenantRole") -> Template:
    """Return the template with the statements of a role's policy changed."""
    changed = deepcopy(template())
    change(changed["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"])
    return changed


def proof_of(*templates: Template) -> Proof:
    """Prove templates, which become stacks ``shop``, ``shop1`` and so on."""
    return prove_isolation(Assembly(Stack(f"shop{number or ''}", one) for number, one in enumerate(templates)))
