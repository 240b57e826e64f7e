"""The synthesized templates with every intrinsic function replaced by its value in an account."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tests.synthesized import STACKS, Template, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENVIRONMENTS: Final = ("dev", "prod")
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-north-1"
_PSEUDO: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
# The ARN of a resource by its type, where `{}` stands for its name.
_ARNS: Final = {
    "AWS::CloudFront::Function": "arn:aws:cloudfront::{account}:function/{name}",
    "AWS::Cognito::UserPool": "arn:aws:cognito-idp:{region}:{account}:userpool/{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::IoT::RoleAlias": "arn:aws:iot:{region}:{account}:rolealias/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::Kinesis::Stream": "arn:aws:kinesis:{region}:{account}:stream/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
}
# Of these, `Ref` is the ARN.
_REF_IS_ARN: Final = frozenset(
    {
        "AWS::IAM::ManagedPolicy",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
)
_RANDOM: Final = "AbCdEfGhIjKl"  # what CloudFormation puts after a name that it makes
_SUBSTITUTION: Final = re.compile(r"\$\{([^!}][^}]*)\}")


@cache
def resolved(environment: str) -> Mapping[str, Template]:
    """Return the templates of an environment, by stack, with no intrinsic function left in their resources."""
    templates = assembly(environment).templates
    exports = {
        output["Export"]["Name"]: (stack, output["Value"])
        for stack, template in templates.items()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }
    reader = _Reader(templates, exports)
    return {stack: {"Resources": reader.value(templates[stack]["Resources"], stack)} for stack in STACKS}


def resources(environment: str, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the properties of every resource of some types, with where it stands."""
    for stack, template in resolved(environment).items():
        for name, resource in template["Resources"].items():
            if resource["Type"] in kinds:
                yield f"{stack}/{name}", resource.get("Properties", {})


def digest(*parts: object) -> str:
    """Return the hash of JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class _Reader:
    def __init__(self, templates: Mapping[str, Template], exports: Mapping[str, tuple[str, Any]]) -> None:
        self._templates = templates
        self._exports = exports

    def value(self, value: Any, stack: str) -> Any:  # noqa: ANN401 - JSON
        """Return a value without intrinsic functions."""
        if isinstance(value, list):
            return [self.value(part, stack) for part in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument, stack)
        return {key: self.value(part, stack) for key, part in value.items()}

    def _function(self, name: str, argument: Any, stack: str) -> Any:  # noqa: ANN401, PLR0911 - JSON, a line a function
        match name:
            case "Ref":
                return _PSEUDO.get(argument) or self._reference(argument, stack)
            case "Fn::GetAtt":
                logical_id, attribute = argument
                return self._attribute(logical_id, attribute, stack)
            case "Fn::Join":
                separator, parts = argument
                return separator.join(str(part) for part in self.value(parts, stack))
            case "Fn::ImportValue":
                origin, exported = self._exports[argument]
                return self.value(exported, origin)
            case "Fn::Sub":
                text: str = self.value(argument, stack)
                return _SUBSTITUTION.sub(lambda found: str(self._function("Ref", found[1], stack)), text)
            case "Fn::Split":
                separator, text = argument
                return self.value(text, stack).split(separator)
            case "Fn::Select":
                index, parts = argument
                return self.value(parts, stack)[int(index)]
        raise LookupError(f"{name} of {stack} is not resolved here yet.")

    def _reference(self, logical_id: str, stack: str) -> Any:  # noqa: ANN401 - JSON
        template = self._templates[stack]
        if logical_id not in template["Resources"]:
            return template["Parameters"][logical_id]["Default"]
        if template["Resources"][logical_id]["Type"] in _REF_IS_ARN:
            return self._arn(logical_id, stack)
        return self._name(logical_id, stack)

    def _name(self, logical_id: str, stack: str) -> str:
        """Return a resource's name: its own, or one as long as CloudFormation makes it."""
        resource = self._templates[stack]["Resources"][logical_id]
        kind = resource["Type"].rpartition("::")[2]
        own = resource.get("Properties", {}).get(f"{kind}Name")
        name = str(self.value(own, stack)) if own else f"tenantry-{stack}-{logical_id}-{_RANDOM}"
        return name.lower() if kind == "Bucket" else name

    def _attribute(self, logical_id: str, attribute: str, stack: str) -> str:
        if attribute.lower().endswith("arn"):
            return self._arn(logical_id, stack)
        return f"{self._name(logical_id, stack)}.{attribute}"

    def _arn(self, logical_id: str, stack: str) -> str:
        kind = self._templates[stack]["Resources"][logical_id]["Type"]
        if kind not in _ARNS:
            raise LookupError(f"The form of the ARN of {kind} ({stack}/{logical_id}) is not in _ARNS yet.")
        return _ARNS[kind].format(account=ACCOUNT, region=REGION, name=self._name(logical_id, stack))
