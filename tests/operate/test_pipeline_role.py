"""The documented role of the pipeline allows what its commands call, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import responses
import yaml
from aws_cdk import CfnResource, Stack
from aws_cdk import Environment as Place
from botocore.client import BaseClient

from stacks.environments import NAMES
from tenantry.cli import main as cli
from tenantry.operate import streaming
from tests.documented_role import ACCOUNT, REGION, Call, allowed, attacked_environments, every_environment
from tests.synthesized import ROOT, new_app

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKFLOWS: Final = ROOT / ".github" / "workflows"
_ATTACKS: Final = "python -m tenantry.attacks --env ENV"
# What a step's script may hold besides commands: it puts the deployment's context together.
_SHELL: Final = re.compile(r"""context=\(\)|\[\[ -z \$\w+ \]\] \|\| context\+=\(--context "\w+=\$\w+"\)""")
_OUTPUTS: Final = ("TenantApiUrl", "TenantAdminApiUrl", "UserPoolId", "StreamingApplicationName")


def _steps(*, attack: bool) -> Iterator[str]:
    """Return the scripts of a deployment's steps; those under a condition only where the attacks are wanted."""
    jobs = yaml.safe_load((_WORKFLOWS / "deploy-environment.yml").read_text())["jobs"]
    for job in jobs.values():
        for step in job["steps"]:
            if "run" in step and (attack or "inputs.attack" not in step.get("if", "")):
                yield step["run"]


def _commands(*, attack: bool) -> list[str]:
    """Return the commands of a deployment, what `make` would run in the place of its targets."""
    found = []
    for script in _steps(attack=attack):
        for line in (line.strip() for line in script.splitlines()):
            if _SHELL.fullmatch(line):
                continue
            words = re.sub(r'"\$ENVIRONMENT"', "ENV", line).split()
            if words[0] == "make":
                asked = ["make", "--dry-run", "--old-file=.venv/.ready", "--old-file=setup", words[1], "ENV=ENV"]
                # A make that has started the tests would have this one say which folder it is in, and CI asks nobody.
                own = {
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith("MAKE") and name not in {"CI", "MFLAGS"}
                }
                text = subprocess.run(asked, cwd=ROOT, env=own, check=True, capture_output=True, text=True).stdout
                line = text.replace("\\\n", " ").strip().splitlines()[-1]  # noqa: PLW2901 - what make runs
                words = [word for word in line.split() if not word.startswith("PATH=")]
            found.append(" ".join(words).replace(".venv/bin/", "").rstrip())
    return found


def _deployment(_: pytest.MonkeyPatch, __: Path) -> list[Call]:
    """Return the roles that the CDK CLI takes on, as a synthesized stack names them; it does the rest as one of them."""
    app = new_app()
    stack = Stack(app, "Stack", env=Place(account=ACCOUNT, region=REGION))
    CfnResource(stack, "Anything", type="AWS::CloudFormation::WaitConditionHandle")
    folder = app.synth()
    artifact = folder.get_stack_by_name(stack.stack_name)
    assets = json.loads(Path(folder.directory, "Stack.assets.json").read_text())
    destinations = [place for file in assets["files"].values() for place in file["destinations"].values()]
    roles = {artifact.assume_role_arn, *(place["assumeRoleArn"] for place in destinations)}
    return [Call("sts:AssumeRole", role.replace("${AWS::Partition}", "aws")) for role in sorted(roles)]


def _recorded(monkeypatch: pytest.MonkeyPatch, state: Path, *arguments: str) -> list[Call]:
    """Return the calls that a command makes of AWS, which answers as it would."""
    calls: list[Call] = []
    started = False

    def call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        nonlocal started
        calls.append(Call.of(client.meta.service_model.operation_model(operation), parameters))
        match operation:
            case "DescribeStacks":
                outputs = [{"OutputKey": key, "OutputValue": "https://tenantry.example"} for key in _OUTPUTS]
                return {"Stacks": [{"Outputs": outputs}]}
            case "DescribeApplication":
                status = "RUNNING" if started else "READY"
                return {"ApplicationDetail": {"ApplicationName": "lake", "ApplicationStatus": status}}
            case "StartApplication":
                started = True
                return {}
        raise NotImplementedError(f"A command of the pipeline calls {operation}: say here what AWS answers.")

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    monkeypatch.setattr(streaming, "_POLL_SECONDS", 0)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}.items():
        monkeypatch.setenv(name, value)
    with responses.RequestsMock(assert_all_requests_are_fired=False):  # nobody answers
        cli.main([*arguments, "--env", "prod", "--state", str(state)])  # without outputs, as on another machine
    return calls


def _smoke(monkeypatch: pytest.MonkeyPatch, state: Path) -> list[Call]:
    return _recorded(monkeypatch, state, "smoke")


def _start(monkeypatch: pytest.MonkeyPatch, state: Path) -> list[Call]:
    return _recorded(monkeypatch, state, "streaming", "start")


_CALLS: Final = {
    "cdk deploy --all --context env=ENV --output cdk.out.ENV --outputs-file .local/outputs.ENV.json": _deployment,
    "tenantry streaming start --env ENV": _start,
    "tenantry smoke --env ENV": _smoke,
}


def test_every_pipeline_command_is_listed() -> None:
    """A new one has to be held to the role; of the attacks the test of the whole run does so."""
    known = {*_CALLS, _ATTACKS}

    assert set(_commands(attack=True)) == known
    assert set(_commands(attack=False)) == known - {_ATTACKS}


@pytest.mark.parametrize("command", _CALLS, ids=lambda command: " ".join(command.split()[:3]))
def test_documented_role_allows_each_command(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = _CALLS[command](monkeypatch, tmp_path)

    assert calls
    assert [call for call in calls if not allowed([every_environment()], call)] == []


def test_documented_role_allows_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = {call.action for calls in _CALLS.values() for call in calls(monkeypatch, tmp_path)}
    actions = [statement["Action"] for statement in every_environment()["Statement"]]

    assert {action for part in actions for action in ([part] if isinstance(part, str) else part)} == made


def test_role_is_limited_to_tenantry_resources() -> None:
    strange = [
        Call("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/payroll/id"),
        Call("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        Call("kinesisanalytics:StopApplication", f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/lake"),
    ]

    assert [call for call in strange if allowed([every_environment()], call)] == []


def test_only_attacked_environments_have_the_attackers_policies() -> None:
    jobs = yaml.safe_load((_WORKFLOWS / "deploy.yml").read_text())["jobs"]
    attacked = {job["with"]["environment"] for job in jobs.values() if job["with"]["attack"]}
    section = (ROOT / "docs" / "deployment.md").read_text().partition("PowerUserAccess")[0].rpartition("\n6. ")[2]

    assert attacked < set(NAMES)
    assert set(re.findall(r"`(\w+)`", section)) & set(NAMES) == attacked
    assert not allowed(attacked_environments(), Call("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/anybody"))
