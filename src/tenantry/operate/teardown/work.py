"""The teardown itself: each step can be stopped and done again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from tenantry.operate.teardown import log_role, stacks
from tenantry.operate.teardown.deployment import TeardownRefusedError, find
from tenantry.operate.teardown.plan import STACK, Item, Left, left_behind, made_later
from tenantry.operate.teardown.removal import REMOVALS
from tenantry.operate.teardown.removal.hand import NotRemovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry.operate.teardown.deployment import Deployment, Stack
    from tenantry.operate.teardown.removal import Hand

_LOG_ROLE: Final = ("AWS::ApiGateway::Account", "the role for logs")
# What is still in use while the stacks are there.
_LATER: Final = frozenset({"AWS::Logs::LogGroup", "AWS::IoT::ThingType"})


class Teardown:
    """Throws away a deployment.

    Isolation: what is removed was made by the application's own stacks, carries its tag, or, where its kind has none,
    has a name of a form that they declare and that no other application's form fits as well.

    Parameters
    ----------
    hand
        The operator's means.
    app, environment
        What goes.

    Attributes
    ----------
    removed
        What is gone, in the order in which it went.
    left
        What is still there.
    """

    def __init__(self, hand: Hand, *, app: str, environment: str) -> None:
        self._hand = hand
        self._app = app
        self._environment = environment
        self.removed = list[Item]()
        self.left = list[Left]()
        self._failures = dict[tuple[str, str], str]()

    def run(self) -> None:
        """Remove everything; what is left, and why, is looked up in the end.

        Raises
        ------
        TeardownRefusedError, ClientError, BotoCoreError
            It may not be thrown away, or AWS does not say what there is. Nothing was done: whatever comes later is in
            `left`.
        """
        deployment = self._find()
        later, _ = made_later(self._hand, deployment)
        try:
            self._work(deployment, later)
        except (TeardownRefusedError, ClientError, BotoCoreError) as error:
            self.left = [Left(kind=kind, name=name, why=why) for (kind, name), why in self._failures.items()]
            why = f"could not check whether more is left. Solve this, then run the same command again: {error}"
            self.left.append(Left(kind=STACK, name=f"{self._app}-*", why=why))

    def _work(self, deployment: Deployment, later: Sequence[Item]) -> None:
        self._remove([item for item in later if item.kind not in _LATER])
        self._remove_stacks(deployment)
        deployment = self._find()
        self._try(*_LOG_ROLE, lambda: log_role.hand_over(self._hand, deployment))
        # Once more: until its stacks were gone, tenants could go on.
        later, _ = made_later(self._hand, deployment)
        kept, _ = left_behind(self._hand, deployment)
        order = list(REMOVALS)
        self._remove(sorted([*later, *kept], key=lambda item: order.index(item.kind)))
        self._look()

    def _find(self) -> Deployment:
        return find(self._hand.aws, self._app, self._environment)

    def _remove(self, items: Sequence[Item]) -> None:
        for item in items:
            if announce := REMOVALS[item.kind].announce:
                self._try(item.kind, item.name, lambda item=item, announce=announce: announce(self._hand, item.id))  # type: ignore[misc]
        for item in items:
            if self._try(item.kind, item.name, lambda item=item: REMOVALS[item.kind].remove(self._hand, item.id)):  # type: ignore[misc]
                self._gone(item)

    def _remove_stacks(self, deployment: Deployment) -> None:
        for layer in stacks.layers(deployment.live):
            begun = [stack for stack in layer if self._try(STACK, stack.name, lambda stack=stack: self._begin(stack))]  # type: ignore[misc]
            for stack in begun:
                if self._try(STACK, stack.name, lambda stack=stack: self._end(stack)):  # type: ignore[misc]
                    self._gone(
                        Item(kind=STACK, id=stack.id, name=stack.name, amount=f"{len(stack.resources)} resources")
                    )

    def _begin(self, stack: Stack) -> None:
        stacks.prepare(self._hand, stack)
        stacks.start(self._hand, stack)

    def _end(self, stack: Stack) -> None:
        try:
            stacks.finish(self._hand, stack)
        except NotRemovedError:
            # Something may have been written after it was emptied: now nobody writes any more.
            self._begin(stack)
            stacks.finish(self._hand, stack)

    def _gone(self, item: Item) -> None:
        self.removed.append(item)
        self._failures.pop((item.kind, item.name), None)
        self._hand.tell(f"removed {item.kind} {item.name}")

    def _try(self, kind: str, name: str, remove: Callable[[], object]) -> bool:
        try:
            remove()
        except (NotRemovedError, ClientError, BotoCoreError) as error:
            self._failures[kind, name] = str(error)
            self._hand.tell(f"left    {kind} {name}: {error}")
            return False
        return True

    def _look(self) -> None:
        """Look up what is there now, rather than trust that each answer meant what it said."""
        deployment = self._find()
        found = [(STACK, stack.name) for stack in deployment.live]
        if _LOG_ROLE in self._failures:
            found.append(_LOG_ROLE)
        for items, left in (made_later(self._hand, deployment), left_behind(self._hand, deployment)):
            found += [(item.kind, item.name) for item in items]
            self.left += left
        self.left += [
            Left(
                kind=kind,
                name=name,
                why=self._failures.get((kind, name), "it was created again, or is still being deleted"),
            )
            for kind, name in found
        ]
