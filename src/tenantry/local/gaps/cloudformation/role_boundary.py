"""CloudFormation sets a role's permissions boundary.

AWS: a role's boundary is a property of it, and nothing that the boundary does not allow can be done with the role.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html

MiniStack: enforces boundaries that `iam:PutRolePermissionsBoundary` sets, but CloudFormation drops the property.

Here: CloudFormation sets it, or removes it.
"""

from ministack.services import iam

from tenantry.local.patching import Fields, cloudformation, require

#: Both replace: the handlers of AWS::IAM::Role.
AFTER = ("iam.sizes",)


def close() -> None:
    """Close the gap."""
    require(iam, "_roles", "_boundary_policy_error")
    cloudformation.also("AWS::IAM::Role", _apply)


def _apply(name: str, properties: Fields) -> None:
    boundary = properties.get("PermissionsBoundary")
    if boundary and (refusal := iam._boundary_policy_error(boundary)):
        raise ValueError(bytes(refusal[2]).decode())
    iam._roles.get(name)["PermissionsBoundary"] = boundary or None
