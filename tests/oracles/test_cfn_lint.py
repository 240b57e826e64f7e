"""cfn-lint: CloudFormation's own schemas, and what AWS refuses beyond them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from cfnlint.api import lint
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.runner import Runner

from tests.oracles.templates import ENVIRONMENTS, REGION
from tests.synthesized import STACKS, assembly

if TYPE_CHECKING:
    from cfnlint.rules import RulesCollection

    from tests.oracles.passed import PassedChecks

# Warnings count as errors, but for these.
_ACCEPTED: Final = {
    "W3005": "A DependsOn that a Ref implies already is not wrong. The CDK writes them where one construct follows another",
}


@cache
def _rules() -> tuple[RulesCollection, ManualArgs]:
    config: ManualArgs = {"regions": [REGION], "ignore_checks": list(_ACCEPTED)}
    return Runner(ConfigMixIn(**config)).rules, config


def _findings(template: dict[str, Any]) -> list[str]:
    rules, config = _rules()
    found = lint(json.dumps(template), rules=rules, config=config)
    return [f"{match.rule.id} {match.path}: {match.message}" for match in found]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_template_passes_cfn_lint(environment: str, stack: str, passed: PassedChecks) -> None:
    template = assembly(environment).templates[stack]

    def ask() -> None:
        assert _findings(template) == []

    passed.unless_sound("cfn-lint", template, ask)


@pytest.mark.parametrize(
    ("properties", "rule"),
    [
        ({"Colour": "blue"}, "E3002"),
        ({"VersioningConfiguration": "Enabled"}, "E3012"),
        ({"BucketName": {"Ref": "Nothing"}}, "E1020"),
        ({"AccessControl": "Everybody"}, "E3030"),
    ],
)
def test_planted_error_is_found(properties: dict[str, Any], rule: str) -> None:
    found = _findings({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}})

    assert rule in [finding[:5] for finding in found]
