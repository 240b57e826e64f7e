"""The command `tenantry preflight`: output and exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import NoCredentialsError

from tenantry.cli import main as cli
from tenantry.operate.preflight import commands
from tenantry.operate.preflight.account import Account
from tenantry.operate.preflight.findings import fails, ok, unknown, warning
from tests.operate.preflight.accounts import Answers
from tests.operate.preflight.assemblies import write_assembly

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.operate.preflight.findings import Finding

_GOOD = ok("names", "3 names are free.")
_BAD = fails("names", "S3 Bucket [mine] already exists.", "Remove it.")
_POOR = warning("quotas", "Lambda concurrency: 10.", "Request an increase.")
_KNOWN = ok("account", "It is this one.", asked=False)
_UNSAID = unknown("mail", "SES: the credentials lack the permission to read it.", "Allow it.")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an app that was synthesized, in a place that can be reached."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(Account, "of", lambda _aws: Answers().account)
    return write_assembly(tmp_path)


def _run(monkeypatch: pytest.MonkeyPatch, app: Path, *findings: Finding, options: tuple[str, ...] = ()) -> int:
    monkeypatch.setattr(commands, "run", lambda _assembly, _account: iter(findings))
    return cli.main(["preflight", "--env", "dev", "--templates", str(app), *options])


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([_GOOD], 0),
        ([_GOOD, _UNSAID], 0),
        ([_POOR], 0),
        ([_GOOD, _BAD], 1),
        ([_POOR, _BAD], 1),
        ([_BAD, _UNSAID], 1),
        ([_UNSAID], 2),
        ([_KNOWN, _UNSAID], 2),
        ([], 2),
    ],
)
def test_exit_status_shows_failures(
    monkeypatch: pytest.MonkeyPatch, app: Path, findings: list[Finding], status: int
) -> None:
    assert _run(monkeypatch, app, *findings) == status


def test_each_finding_is_printed_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, app, _GOOD, _BAD, _UNSAID)

    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "ok                  names: 3 names are free.",
        "will fail           names: S3 Bucket [mine] already exists.",
        "                    Remove it.",
        "not checked         mail: SES: the credentials lack the permission to read it.",
        "                    Allow it.",
    ]


def test_findings_can_be_json(monkeypatch: pytest.MonkeyPatch, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(monkeypatch, app, _BAD, options=("--json",))

    assert json.loads(capsys.readouterr().out) == [
        {
            "check": "names",
            "status": "will fail",
            "says": "S3 Bucket [mine] already exists.",
            "remedy": "Remove it.",
        }
    ]


@pytest.mark.parametrize("kind", ["DEVELOPER", "COGNITO_DEFAULT"])
def test_unusable_credentials_exit_with_2(monkeypatch: pytest.MonkeyPatch, app: Path, kind: str) -> None:
    """No check says "ok" to what the account did not answer."""
    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"EmailConfiguration": {"EmailSendingAccount": kind}}}
    page = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {}}}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}
    (app / "a.json").write_text(json.dumps({"Resources": {"Pool": pool, "Page": page, "Bucket": bucket}}))

    def refuse(*_: object, **__: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)

    assert cli.main(["preflight", "--env", "dev", "--templates", str(app)]) == 2


def test_missing_templates_exit_with_2(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "manifest.json").unlink()

    assert cli.main(["preflight", "--env", "dev", "--templates", str(tmp_path)]) == 2
    assert "make synth ENV=dev" in capsys.readouterr().err


def test_unreachable_cloud_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["preflight", "--state", str(tmp_path)]) == 2
    assert "make up" in capsys.readouterr().err
