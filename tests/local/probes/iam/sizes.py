"""Probes of `iam.sizes`."""

import json
from typing import Any

from tests.local.emulator import Emulator, allow, outcome, policy
from tests.local.probes import probe


def _large_policy(characters: int) -> str:
    return policy(allow("s3:GetObject", f"arn:aws:s3:::{'b' * characters}/*"))


_TRUST = policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@probe(aws=["ValidationError"] + ["LimitExceeded"] * 4, ministack=["done"] * 5)
def roles_and_policies_that_are_too_large(emulator: Emulator) -> list[str]:
    """Make a role with a name and one with a trust policy too long; give one two policies too many; and a managed."""
    iam, role = emulator.client("iam"), emulator.role("lambda.amazonaws.com").rsplit("/", 1)[-1]
    trust = json.loads(_TRUST)
    trust["Statement"][0]["Sid"] = "s" * 2048

    def put(name: str, document: str) -> str:
        return outcome(lambda: iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document))

    assert put("first", _large_policy(6000)) == "done"
    return [
        outcome(lambda: iam.create_role(RoleName="r" * 65, AssumeRolePolicyDocument=_TRUST)),
        outcome(lambda: iam.create_role(RoleName=emulator.name("role"), AssumeRolePolicyDocument=json.dumps(trust))),
        put("second", _large_policy(6000)),
        put("first", _large_policy(12_000)),
        outcome(lambda: iam.create_policy(PolicyName=emulator.name("policy"), PolicyDocument=_large_policy(6200))),
    ]


@probe(aws=[True] + [False] * 5, ministack=[True] * 5 + [False])
def invalid_roles_of_a_template(emulator: Emulator) -> list[bool]:
    malformed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}

    def role(*documents: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        policies = [
            {"PolicyName": f"p{number}", "PolicyDocument": document} for number, document in enumerate(documents)
        ]
        properties = {"AssumeRolePolicyDocument": json.loads(_TRUST), "Policies": policies, **more}
        return {"Type": "AWS::IAM::Role", "Properties": properties}

    large = json.loads(_large_policy(6000))
    attached = {"PolicyName": "more", "PolicyDocument": large, "Roles": [{"Ref": "Role"}]}
    return [
        bool(emulator.stack(Role=role(large))),
        bool(emulator.stack(Role=role(large, large))),
        bool(emulator.stack(Role=role(large), Policy={"Type": "AWS::IAM::Policy", "Properties": attached})),
        bool(emulator.stack(Role=role(malformed))),
        bool(emulator.stack(Role=role(RoleName="n" * 65))),
        bool(
            emulator.stack(
                Role=role(),
                Policy={"Type": "AWS::IAM::Policy", "Properties": {**attached, "PolicyDocument": malformed}},
            )
        ),
    ]
