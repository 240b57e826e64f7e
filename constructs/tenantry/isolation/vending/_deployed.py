"""How long a document may be once CloudFormation has put values in the place of its references."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import CfnResource, Stack, Token

# The longest values that these pseudo parameters have in any partition.
_LONGEST_PSEUDO: Final = {"AWS::AccountId": 12, "AWS::Region": 14, "AWS::Partition": 10, "AWS::URLSuffix": 16}
# A name that CloudFormation makes: <stack>-<logical id>-<random>, cut to what the service takes.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
_RANDOM: Final = len("--ABCDEFGHIJKLM")
_LONGEST_NAME: Final = {
    "AWS::DynamoDB::Table": 255,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::S3::Bucket": 63,
}
_LONGEST_ARN_BEFORE_A_NAME: Final = len("arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:function:")
_LONGEST_OTHER: Final = 128


def as_long_as_deployed(stack: Stack, value: Any) -> Any:  # noqa: ANN401 - any part of a document
    """Return a document with values as long as they can be in place of the references of `stack`."""
    return _deployed(stack, stack.resolve(value))


def _deployed(stack: Stack, value: Any) -> Any:  # noqa: ANN401 - any part of a resolved document
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_deployed(stack, part) for part in parts)
        case {"Ref": str(name)}:
            return "x" * (_LONGEST_PSEUDO.get(name) or _name(stack, name) or _LONGEST_OTHER)
        case {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
            return "x" * _attribute(stack, value)
        case dict():
            return {key: _deployed(stack, part) for key, part in value.items()}
        case list():
            return [_deployed(stack, part) for part in value]
        case _:
            return value


def _attribute(stack: Stack, value: dict[str, Any]) -> int:
    """Return the length that a resource's attribute may have."""
    match value:
        case {"Fn::GetAtt": [str(name), "Arn"]} if length := _name(stack, name):
            return _LONGEST_ARN_BEFORE_A_NAME + length
        case _:
            return _LONGEST_OTHER


def _name(stack: Stack, logical_id: str) -> int | None:
    """Return the length that the name of a resource may have, None where its reference is no such name."""
    if Token.is_unresolved(stack.stack_name):
        return None
    for resource in stack.node.find_all():
        if isinstance(resource, CfnResource) and stack.resolve(resource.logical_id) == logical_id:
            longest = _LONGEST_NAME.get(resource.cfn_resource_type)
            return min(longest, len(stack.stack_name) + len(logical_id) + _RANDOM) if longest else None
    return None
