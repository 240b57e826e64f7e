"""The app as templates, synthesized in this process without bundling a function."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from stacks import names
from stacks.application import compose
from stacks.environments import NAMES, environment
from tenantry.functions import AWS_ARM64

ROOT: Final = Path(__file__).parents[1]
STACKS: Final[tuple[str, ...]] = names.STACKS
ENVIRONMENTS: Final = NAMES
STATEFUL_TYPES: Final = {
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Events::EventBus",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}
"""Types whose resources hold data that a replacement would lose."""

_UNDECLARED: Final = re.compile("nobody (says whose|declares|has declared)")

Template = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """What one synthesis of the whole app gives.

    Attributes
    ----------
    templates
        By the stack's name without the application's.
    findings
        What cdk-nag reports, one line a finding; empty is good.
    acknowledged
        Where a reason was given for what it would have reported, by construct path.
    folder
        The cloud assembly.
    """

    templates: dict[str, Template]
    findings: list[str]
    acknowledged: set[str]
    folder: Path


def new_app(outdir: str | None = None) -> App:
    """Return an app with the project's feature flags that bundles nothing."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    return App(outdir=outdir, context={**flags, "aws:cdk:bundling-stacks": []})


def template(stack: Stack) -> Template:
    """Return the template of a stack that a test has built.

    A part of an app may use what the test does not declare: the proof says so, once everything is written.
    """
    app: App = stack.node.root  # type: ignore[assignment]  # that of `new_app`
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error) or not _is_undeclared(Path(app.outdir)):
            raise
    found: Template = json.loads((Path(app.outdir) / stack.template_file).read_text())
    return found


def _is_undeclared(folder: Path) -> bool:
    report = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    said = [found["description"] for plugin in report for found in plugin["violations"]]
    return bool(said) and all(_UNDECLARED.search(text) for text in said)


@cache
def assembly(name: str) -> Assembly:
    """Synthesize the app for an environment, once a test run, with cdk-nag looking on.

    The local environment is built for AWS's processor, whatever the host's is, so that its templates are the same
    everywhere.
    """
    outdir = Path(tempfile.mkdtemp(prefix="tenantry-synth-"))
    app = new_app(str(outdir))
    compose(app, replace(environment(name), bundle=AWS_ARM64))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    failed = False
    try:
        app.synth()
    except RuntimeError as error:  # findings fail the synthesis, once everything is written
        if "ValidationFailed" not in str(error):
            raise
        failed = True
    templates = {stack: json.loads((outdir / f"tenantry-{stack}.template.json").read_text()) for stack in STACKS}
    report = json.loads((outdir / "validation-report.json").read_text())["pluginReports"]
    findings = [
        f"{violation['ruleName']}: {place.get('constructPath')}"
        for plugin in report
        for violation in plugin["violations"]
        for place in violation["violatingConstructs"]
    ]
    acknowledged = {violation["acknowledgedAt"] for plugin in report for violation in plugin["suppressedViolations"]}
    if failed and not findings:
        raise RuntimeError(f"cdk-nag failed the synthesis of {name!r} and its report names no finding.")
    return Assembly(templates=templates, findings=findings, acknowledged=acknowledged, folder=outdir)
