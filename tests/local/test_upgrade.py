"""`make up` on another commit, and after a stack was deleted: the stacks match the app and keep their data.

The app is a folder of templates, so that a deployment takes the CDK CLI's seconds only.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import ACCOUNT, REGION

_Stacks = dict[str, dict[str, Any]]

_Resource = dict[str, Any]

_TABLE: _Resource = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "rows",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
}
_BUCKET: _Resource = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "objects"}}
_POOL: _Resource = {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "people"}}
_PARAMETER: _Resource = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/one", "Type": "String", "Value": "1"}}
_OLD: _Stacks = {"data": {"Table": _TABLE, "Bucket": _BUCKET, "Pool": _POOL}, "one": {"Parameter": _PARAMETER}}
_NEW: _Stacks = {
    "data": {
        "Table": {
            **_TABLE,
            "Properties": {
                **_TABLE["Properties"],
                "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            },
        },
        "Bucket": {
            **_BUCKET,
            "Properties": {**_BUCKET["Properties"], "VersioningConfiguration": {"Status": "Enabled"}},
        },
        "Pool": {**_POOL, "Properties": {**_POOL["Properties"], "MfaConfiguration": "OFF"}},
    },
    "one": {"Parameter": _PARAMETER},
    "two": {"Parameter": {**_PARAMETER, "Properties": {"Name": "/two", "Type": "String", "Value": "2"}}},
}


def _app(folder: Path, stacks: _Stacks) -> Path:
    """Write an app whose synthesis is a copy."""
    assembly = folder / "stacks"
    assembly.mkdir(parents=True, exist_ok=True)
    artifacts = {}
    for name, resources in stacks.items():
        template = {"Resources": resources, "Outputs": {"Name": {"Value": name}}}
        (assembly / f"{name}.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {"templateFile": f"{name}.json"},
        }
    (assembly / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    (folder / "cdk.json").write_text(json.dumps({"app": 'mkdir -p "$CDK_OUTDIR" && cp stacks/* "$CDK_OUTDIR"'}))
    return folder


def _fill(own_cloud: LocalCloud) -> None:
    session = own_cloud.session()
    session.client("dynamodb").put_item(TableName="rows", Item={"id": {"S": "row"}})
    session.client("s3").put_object(Bucket="objects", Key="object", Body=b"content")
    session.client("cognito-idp").admin_create_user(UserPoolId=_pool(own_cloud), Username="person")


def _pool(own_cloud: LocalCloud) -> str:
    found = (
        own_cloud.session().client("cloudformation").describe_stack_resource(StackName="data", LogicalResourceId="Pool")
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _kept(own_cloud: LocalCloud) -> list[str]:
    session = own_cloud.session()
    rows = session.client("dynamodb").scan(TableName="rows")["Items"]
    objects = session.client("s3").list_objects_v2(Bucket="objects").get("Contents", [])
    people = session.client("cognito-idp").list_users(UserPoolId=_pool(own_cloud))["Users"]
    return [row["id"]["S"] for row in rows] + [entry["Key"] for entry in objects] + [one["Username"] for one in people]


def test_a_new_version_keeps_the_data_and_a_deleted_stack_comes_back(
    own_cloud: LocalCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own_cloud.deploy(_app(tmp_path / "app", _OLD))
    _fill(own_cloud)
    everything = ["row", "object", "person"]

    assert own_cloud.stop()
    own_cloud.start()
    app = _app(tmp_path / "app", _NEW)
    own_cloud.deploy(app)
    assert sorted(own_cloud.outputs) == ["data", "one", "two"]
    assert _kept(own_cloud) == everything
    own_cloud.deploy(app)
    assert "Nothing has changed" in capsys.readouterr().out

    cloudformation, ssm = own_cloud.session().client("cloudformation"), own_cloud.session().client("ssm")
    cloudformation.delete_stack(StackName="two")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="two", WaiterConfig={"Delay": 1})
    own_cloud.deploy(app)
    assert ssm.get_parameters(Names=["/two"])["Parameters"][0]["Value"] == "2"
    assert _kept(own_cloud) == everything

    # With an object in it the bucket stays, and with it the stack.
    cloudformation.delete_stack(StackName="data")
    with pytest.raises(LocalCloudError, match=r"(?s)stack data .*Bucket.*make down"):
        own_cloud.deploy(app)


def test_the_record_of_an_older_versions_deployment_is_ignored(own_cloud: LocalCloud, tmp_path: Path) -> None:
    app = _app(tmp_path / "app", {"one": _OLD["one"]})
    own_cloud.session().client("ssm").put_parameter(
        Name="/local-cloud/deployed", Value="0123456789abcdef", Type="String"
    )
    own_cloud.folder.raw_outputs.write_text("{}")
    own_cloud.deploy(app)
    assert sorted(own_cloud.outputs) == ["one"]
