"""The role with which API Gateway writes logs: an account has one, which belongs to whoever was deployed last.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.operate.teardown.deployment import Deployment
    from tenantry.operate.teardown.removal import Hand

_ROLE: Final = "AWS::IAM::Role"


def hand_over(hand: Hand, deployment: Deployment) -> None:
    """Point the account at a neighbour's role where it points at none, or at one that is gone: its APIs log on.

    Raises
    ------
    ClientError
        AWS refuses every neighbour's role; it is the last refusal.
    """
    current = hand.aws.apigateway.get_account().get("cloudwatchRoleArn", "")
    if current and current.rpartition("/")[2] not in set(_roles(deployment)):
        return
    refusal: ClientError | None = None
    for stack_id, logical_id in deployment.log_roles:
        try:
            found = hand.aws.cloudformation.describe_stack_resource(StackName=stack_id, LogicalResourceId=logical_id)
            name = found["StackResourceDetail"].get("PhysicalResourceId", "")
            # Only IAM knows the role's path.
            arn = hand.aws.iam.get_role(RoleName=name)["Role"]["Arn"]
            hand.aws.apigateway.update_account(
                patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
            )
        except ClientError as error:
            refusal = error
            continue
        hand.tell(f"API Gateway logs with the role {name} now")
        return
    if refusal:
        raise refusal


def _roles(deployment: Deployment) -> Iterator[str]:
    for stack in (*deployment.live, *deployment.gone):
        for logical_id, resource in stack.template.get("Resources", {}).items():
            if resource["Type"] == _ROLE:
                yield from stack.physical.get(logical_id, ())
