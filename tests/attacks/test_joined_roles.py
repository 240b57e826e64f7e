"""Roles joined in an emulator that enforces IAM: what one of them may do is found, and said of that one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tenantry.attacks.outcome import AttackResult
from tenantry.attacks.role_groups import Grants, grouped, tried
from tenantry.attacks.world import World, policy
from tenantry.operate.aws import Aws
from tests.attacks import fakes

if TYPE_CHECKING:
    from tenantry.attacks.assertions import Calls
    from tenantry.local.cloud import LocalCloud

_TRUST = policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


def test_grant_of_one_joined_role_is_found(cloud: LocalCloud, server: fakes.Server) -> None:
    operator = Aws(cloud.session(), endpoint_url=cloud.endpoint, ca_bundle=str(cloud.ca_bundle))
    world = World(replace(fakes.target(server), aws=operator), users=fakes.users())
    names = [f"joined-{number}" for number in range(3)]
    for name in names:
        operator.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)
        world.cleanup.later(name, partial(operator.iam.delete_role, RoleName=name))
        # The last one may list queues as well.
        actions = ["sns:ListTopics", *(["sqs:ListQueues"] if name == names[-1] else [])]
        world.grant(name, "same-name", policy({"Effect": "Allow", "Action": actions, "Resource": "*"}))

    def calls(aws: Aws) -> Calls:
        return [("topics", aws.sns.list_topics), ("queues", aws.sqs.list_queues), ("keys", aws.kms.list_keys)]

    groups = grouped(Grants.of(world, name, "lambda.amazonaws.com") for name in names)
    steps = dict(tried(groups, world.clone_role, calls, lambda _role, _name: False))
    left = world.cleanup.run()

    assert groups == [tuple(names)]
    breached = {where for where, outcome in steps.items() if outcome.result is AttackResult.BREACHED}
    assert breached == {*(f"{name} topics" for name in names), f"{names[-1]} queues"}
    assert {where for where, outcome in steps.items() if outcome.result is AttackResult.HELD} == {
        *(f"{name} keys" for name in names),
        *(f"{name} queues" for name in names[:-1]),
    }
    assert not left
