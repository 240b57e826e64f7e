"""Deploying with the CDK CLI."""

import json
from itertools import chain, repeat
from pathlib import Path
from unittest.mock import Mock

import pytest

from tenantry.attacks.waiting import until
from tenantry.local import cdk
from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import find_project
from tests.local.emulator import Emulator


def test_a_failing_deployment_shows_what_the_cli_said(cloud: LocalCloud, tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text('{"app": "echo the app is broken; exit 1"}')
    with pytest.raises(LocalCloudError, match=r"(?s)cdk synth failed.*the app is broken.*make down"):
        cloud.deploy(tmp_path)


def test_bootstrapping_twice_changes_nothing(cloud: LocalCloud) -> None:
    session = cloud.session()
    cdk.bootstrap(session, find_project())
    cdk.bootstrap(session, find_project())
    version = session.client("ssm").get_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    assert int(version["Parameter"]["Value"]) >= 21


def test_stacks_that_no_update_can_repair_are_removed(emulator: Emulator) -> None:
    session, name = emulator.cloud.session(), emulator.name("broken")
    cloudformation = session.client("cloudformation")
    properties = {"FunctionName": "missing", "Qualifier": "$LATEST"}
    resource = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}
    template = json.dumps({"Resources": {"OfNothing": resource}})
    cloudformation.create_stack(StackName=name, TemplateBody=template)

    def status() -> str:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return found if found.endswith(("COMPLETE", "FAILED")) else ""

    assert until(status, 10) == "ROLLBACK_COMPLETE"
    assert cdk.clear_broken_stacks(session) == [name]
    assert name not in {stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]}


def _session_with(*statuses: str) -> Mock:
    """Return a session whose one stack goes through these statuses, and stays in the last."""
    seen = chain(statuses[:-1], repeat(statuses[-1]))
    session = Mock()
    session.client().describe_stacks.side_effect = lambda: {"Stacks": [{"StackName": "s", "StackStatus": next(seen)}]}
    return session


def test_a_running_deployment_is_awaited() -> None:
    session = _session_with("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    assert cdk.clear_broken_stacks(session) == []
    session.client().delete_stack.assert_not_called()


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "ROLLBACK_FAILED"])
def test_an_abandoned_deployment_is_removed(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk, "_SETTLE_SECONDS", 0.3)
    session = _session_with(status)
    assert cdk.clear_broken_stacks(session) == ["s"]
    session.client().delete_stack.assert_called_once_with(StackName="s")
