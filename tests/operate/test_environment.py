"""Finding an environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tenantry.cli.main import main
from tenantry.operate import environment
from tenantry.operate.environment import Environment, EnvironmentNotReadyError

if TYPE_CHECKING:
    from pathlib import Path

OUTPUTS = {"tenantry-user": {"UserPoolId": "pool", "UserSagaStateMachineArn": "arn:1", "ZStateMachineArn": "arn:2"}}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "APP_NAME", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_local_cloud_never_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="The local cloud is not running: run `make up` first"):
        Environment.load(state=tmp_path)


def test_stopped_local_cloud_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps(OUTPUTS))
    (tmp_path / "env").write_text(
        "unset AWS_PROFILE\nexport AWS_ENDPOINT_URL=http://127.0.0.1:1\nexport AWS_REGION=us-east-1\n"
        "export AWS_ACCESS_KEY_ID=x\nexport AWS_SECRET_ACCESS_KEY='y z'\nexport AWS_CA_BUNDLE=/dev/null\n"
    )
    with pytest.raises(EnvironmentNotReadyError, match=r"does not answer at http://127\.0\.0\.1:1"):
        Environment.load(state=tmp_path)


def test_exports_are_parsed_like_a_shell() -> None:
    text = "unset AWS_PROFILE\nexport A=1 # one\nexport B='two words'\nexport C=x=y\n"
    assert environment._exports(text) == {"A": "1", "B": "two words", "C": "x=y"}  # noqa: SLF001 - worth its own test


def test_outputs_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "outputs.dev.json").write_text(json.dumps(OUTPUTS))
    found = Environment.load("dev", state=tmp_path)
    assert found.output("user", "UserPoolId") == "pool"
    assert found.outputs_ending("StateMachineArn") == {"UserSaga": "arn:1", "Z": "arn:2"}
    assert found.aws.endpoint_url is None


def test_region_is_resolved_like_the_cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert Environment.reach("dev", state=tmp_path).aws.region == "eu-west-1"


def test_missing_region_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(EnvironmentNotReadyError, match="No AWS region"):
        Environment.reach("dev", state=tmp_path)


def test_missing_output_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "outputs.dev.json").write_text(json.dumps(OUTPUTS))
    with pytest.raises(
        EnvironmentNotReadyError, match=r"no output Nope of the stack tenantry-user: run `make deploy ENV=dev`"
    ):
        Environment.load("dev", state=tmp_path).output("user", "Nope")


class Stacks:
    """CloudFormation, asked for the stacks."""

    def __init__(self, *known: str) -> None:
        self._known = known

    def describe_stacks(self, StackName: str) -> dict[str, object]:  # noqa: N803 - AWS's spelling
        if StackName not in self._known:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": "Name", "OutputValue": StackName}]}]}


def test_without_outputs_file_stacks_are_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = Stacks("mine-common", "mine-user", "mine-tenant", "mine-parks", "other-storage")
    monkeypatch.setattr("tenantry.operate.aws.Aws.cloudformation", stacks)
    found = Environment.load("dev", state=tmp_path, app="mine")
    assert found.output("tenant", "Name") == "mine-tenant"
    assert list(found.outputs) == ["mine-common", "mine-user", "mine-tenant", "mine-parks"]


def test_missing_stacks_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.operate.aws.Aws.cloudformation", Stacks("tenantry-common"))
    with pytest.raises(EnvironmentNotReadyError, match=r"tenantry-user of 'dev' cannot be read .*make deploy ENV=dev"):
        Environment.load("dev", state=tmp_path)


def test_local_cloud_endpoint_in_the_shell_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:4566")
    with pytest.raises(EnvironmentNotReadyError, match="calls meant for 'dev' would go there"):
        Environment.load("dev", state=tmp_path)


def test_command_reports_errors_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "list", "--state", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip() == "The local cloud is not running: run `make up` first."
