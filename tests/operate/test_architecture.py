"""The diagrams in the documentation match the app's templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.synthesized import ROOT, assembly
from tools.architecture.__main__ import main
from tools.architecture.document import DocumentError, illustrated
from tools.architecture.nodes import UnknownResourceError
from tools.architecture.reading import read
from tools.architecture.templates import Place, Templates

if TYPE_CHECKING:
    from pathlib import Path

_DOCUMENT = ROOT / "docs" / "architecture.md"
_MARKERS = "<!-- picture: whole -->\n<!-- end of picture -->\n<!-- picture: shop -->\n<!-- end of picture -->\n"


def _shop(*statements: dict[str, Any], **resources: dict[str, Any]) -> dict[str, Any]:
    """Return a small app: a function with its role, which may do what the statements say."""
    return {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
            "Buy": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Handler": "buy.handler.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]}},
            },
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": list(statements)}},
            },
            "Orders": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {"TableName": "orders", "KeySchema": [{"AttributeName": "id"}]},
            },
            **resources,
        }
    }


def _edges(template: dict[str, Any]) -> list[tuple[str, str, str]]:
    graph = read(Templates({"shop": template}))
    return [(edge.source.name, edge.target.name, edge.label) for edge in graph.edges]


def test_committed_diagrams_match_the_app() -> None:
    document = _DOCUMENT.read_text()

    assert illustrated(document, read(Templates(assembly("prod").templates))) == document, "Run `make docs`."


def test_diagram_does_not_depend_on_order() -> None:
    templates = assembly("prod").templates
    shuffled = {
        stack: {**template, "Resources": dict(reversed(template["Resources"].items()))}
        for stack, template in reversed(templates.items())
    }

    document = _DOCUMENT.read_text()
    assert illustrated(document, read(Templates(shuffled))) == illustrated(document, read(Templates(templates)))


def test_grant_is_drawn_with_its_actions_and_its_index() -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["dynamodb:Query", "dynamodb:GetItem"],
        "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Orders", "Arn"]}, "/index/by-day"]]},
    }

    assert _edges(_shop(statement)) == [("Buy", "Orders", "Query, GetItem on by-day")]


def test_deny_log_and_trace_are_not_drawn() -> None:
    table = {"Fn::GetAtt": ["Orders", "Arn"]}
    deny = {"Effect": "Deny", "Action": "dynamodb:Scan", "Resource": table}
    trace = {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "logs:PutLogEvents"], "Resource": "*"}

    assert _edges(_shop(deny, trace)) == []


def test_unconditioned_publisher_is_drawn_to_the_whole_bus() -> None:
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}}
    put = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Fn::GetAtt": ["Bus", "Arn"]}}
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventBusName": {"Ref": "Bus"},
            "EventPattern": {"source": ["shop"], "detail-type": ["ordered"]},
            "Targets": [{"Arn": {"Fn::GetAtt": ["Buy", "Arn"]}}],
        },
    }
    bound = {
        **put,
        "Condition": {"ForAllValues:StringEquals": {"events:source": ["shop"], "events:detail-type": ["ordered"]}},
    }

    assert ("Buy", "Bus", "PutEvents") in _edges(_shop(put, Bus=bus, Rule=rule))
    assert ("Buy", "Bus.shop.ordered", "PutEvents") in _edges(_shop(bound, Bus=bus, Rule=rule))
    assert ("Bus.shop.ordered", "Buy", "starts") in _edges(_shop(bound, Bus=bus, Rule=rule))


def test_import_is_drawn_to_the_exporting_stack() -> None:
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"Fn::ImportValue": "files:Table"}}
    files = {
        "Resources": {"Files": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "f", "KeySchema": []}}},
        "Outputs": {"Export": {"Value": {"Fn::GetAtt": ["Files", "Arn"]}, "Export": {"Name": "files:Table"}}},
    }

    graph = read(Templates({"shop": _shop(statement), "files": files}))

    assert [(edge.source, edge.target) for edge in graph.edges] == [(Place("shop", "Buy"), Place("files", "Files"))]


def test_tenant_role_is_drawn_with_trust_and_policy() -> None:
    assume = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": {"Ref": "Tenant"}}
    own = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": [
            {"Fn::Join": ["", ["arn:aws:s3:::files-", {"Ref": "AWS::AccountId"}, "/${aws:PrincipalTag/TenantId}/*"]]},
            "arn:aws:s3:::silo-${aws:PrincipalTag/TenantId}/*",
        ],
    }
    tenant = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Statement": [{"Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}}]},
            "Policies": [{"PolicyDocument": {"Statement": [own]}}],
        },
    }
    files = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": {"Fn::Join": ["", ["files-", {"Ref": "AWS::AccountId"}]]}},
    }

    assert _edges(_shop(assume, Tenant=tenant, Files=files)) == [
        ("Buy", "Tenant", "AssumeRole"),
        ("Tenant", "Files", "GetObject"),
        ("Tenant", "s3:silo-{TenantId}", "GetObject"),
    ]


def test_unclassified_resource_is_an_error_with_a_remedy() -> None:
    with pytest.raises(UnknownResourceError, match=r"AWS::New::Thing.*tools/architecture/nodes.py"):
        read(Templates({"shop": _shop(Thing={"Type": "AWS::New::Thing"})}))


@pytest.mark.parametrize("document", ["", _MARKERS + "<!-- picture: gone -->\n<!-- end of picture -->\n"])
def test_document_has_one_place_per_diagram(document: str) -> None:
    with pytest.raises(DocumentError, match=r"shop, whole"):
        illustrated(document, read(Templates({"shop": _shop()})))


def test_command_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.json").write_text(json.dumps(_shop()))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "shop.json"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"app-shop": stack}}))
    document = tmp_path / "page.md"
    document.write_text(_MARKERS)
    arguments = [str(tmp_path), "--document", str(document)]

    assert main([*arguments, "--check"]) == 1
    assert "make docs" in capsys.readouterr().out
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0


@pytest.mark.parametrize(
    ("folder", "environment"), [("cdk.out", "prod"), ("cdk.out.prod", "prod"), ("cdk.out.dev", "dev"), ("a.b", "prod")]
)
def test_missing_app_names_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str, environment: str
) -> None:
    assert main([str(tmp_path / folder)]) == 2
    assert f"run `make synth ENV={environment}` first" in capsys.readouterr().err
