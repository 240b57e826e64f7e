"""`Ref` of a secret is its ARN.

AWS: `Ref` of an `AWS::SecretsManager::Secret` is the secret's ARN, which is what a policy needs.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html

MiniStack: it is the secret's name, so that a policy made from it grants nothing.

Here: the physical id is the ARN; MiniStack's own functions still get the name.
"""

from typing import Any

from tenantry.local.patching import Fields, cloudformation

_SUFFIX_LENGTH = 7  # a hyphen and six characters


def close() -> None:
    """Close the gap."""
    known = cloudformation.handlers("AWS::SecretsManager::Secret")
    create, update, delete = known["create"], known["update"], known["delete"]

    def created(*arguments: Any) -> cloudformation.Created:
        _, attributes = create(*arguments)
        return attributes["Arn"], attributes

    def updated(physical_id: str, *arguments: Any, **more: Any) -> cloudformation.Created:
        _, attributes = update(_name(physical_id), *arguments, **more)
        return attributes["Arn"], attributes

    def deleted(physical_id: str, properties: Fields) -> None:
        delete(_name(physical_id), properties)

    known.update(create=created, update=updated, delete=deleted)


def _name(arn: str) -> str:
    return arn.rpartition(":secret:")[2][:-_SUFFIX_LENGTH]
