"""Which other instance's role API Gateway logs with after a teardown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantry.model.stores import Application
from tenantry.operate.teardown.deployment import Deployment
from tenantry.operate.teardown.log_role import hand_over
from tenantry.operate.teardown.removal import Hand

_DEPLOYMENT = Deployment(
    mark=Application(name="shop", environment="dev", ephemeral=True),
    account="1",
    region="eu-north-1",
    partition="aws",
    live=(),
    gone=(),
    neighbours=(),
    log_roles=(("broken", "Role"), ("sound", "Role")),
)


def _hand(roles: dict[str, str], taken: list[str]) -> Hand:
    def get_role(RoleName: str) -> Any:  # noqa: ANN401, N803 - as the SDK has it
        if RoleName not in roles:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": f"no {RoleName}"}}, "GetRole")
        return {"Role": {"Arn": roles[RoleName]}}

    aws: Any = SimpleNamespace(
        apigateway=SimpleNamespace(
            get_account=dict,
            update_account=lambda patchOperations: taken.append(patchOperations[0]["value"]),  # noqa: N803
        ),
        cloudformation=SimpleNamespace(
            describe_stack_resource=lambda StackName, **_: {  # noqa: N803
                "StackResourceDetail": {"PhysicalResourceId": f"{StackName}-role"}
            }
        ),
        iam=SimpleNamespace(get_role=get_role),
    )
    return Hand(aws=aws, account="1", tell=lambda _: None)


def test_next_log_role_is_tried_with_its_path() -> None:
    taken = list[str]()

    hand_over(_hand({"sound-role": "arn:aws:iam::1:role/a/path/sound-role"}, taken), _DEPLOYMENT)

    assert taken == ["arn:aws:iam::1:role/a/path/sound-role"]


def test_refusal_of_all_log_roles_is_reported() -> None:
    with pytest.raises(ClientError, match="no sound-role"):
        hand_over(_hand({}, []), _DEPLOYMENT)
