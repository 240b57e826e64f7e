"""What ends an account's, a member's or a session's rights, and the calls that have to be refused from then on."""

from __future__ import annotations

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.employee_rows import sweep_employees
from tenantry.attacks.http import Reply, presentable
from tenantry.attacks.judge import refused
from tenantry.attacks.outcome import Outcome, Verdict, breached, held, inconclusive
from tenantry.attacks.park_listener import ParkListener
from tenantry.attacks.people import SceneError
from tenantry.attacks.storage import MODES, Owner, Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.attacks.people import Person
    from tenantry.attacks.world import World

BOUND_SECONDS: Final = 5.0
"""Within this time what the directory says counts on every API."""
_PAUSE_SECONDS: Final = 0.2
_AT_ONCE: Final = 4
# Rows at once: a burst of calls to functions that have just been deployed would time out, and prove nothing.
_ROWS: Final = threading.BoundedSemaphore(2)
_PATIENCE_SECONDS: Final = 60.0
_RESET: Final = "PostConfirmation_ConfirmForgotPassword"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Something after which a person may do less, or nothing.

    Attributes
    ----------
    slug
        Its name in attack ids.
    tries
        What happens, as a part of a sentence.
    end
        Does it.
    roles_stay
        Whether the person keeps their account, session and membership, and loses a role only.
    ends_webhooks
        Whether the webhooks that the person made are paused. They are the tenant's, not the session's.
    """

    slug: str
    tries: str
    end: Callable[[Scene], None]
    roles_stay: bool = False
    ends_webhooks: bool = True


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A tenant with two admins, of whom one is about to lose their rights.

    Attributes
    ----------
    world
        The run.
    admin
        The admin who stays.
    person
        The one who is about to lose rights.
    roles_after
        The roles that are left to them, where only a role is withdrawn.
    tag
        Marks what this scene makes.
    """

    world: World
    admin: Person
    person: Person
    roles_after: frozenset[str]
    tag: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def tenant(self) -> str:
        """The tenant."""
        return self.admin.tenant

    @property
    def owner(self) -> Owner:
        """The person as an owner of objects."""
        return Storage.of(self.world).owner(self.person)

    def parks(self, method: str, path: str, body: object = None, *, person: Person | None = None) -> Reply:
        """Send a request to the parks API."""
        return self.world.parks_api(method, path, (person or self.person).tokens.id, body)


def _expect(reply: Reply, what: str) -> None:
    if not reply.ok:
        raise SceneError(f"{what} failed: {reply}")


def _remove(scene: Scene) -> None:
    path = f"/tenants/{scene.tenant}/members/{scene.person.user_id}"
    _expect(scene.parks("DELETE", path, person=scene.admin), "Removing the member")


def _withdraw(scene: Scene) -> None:
    path = f"/tenants/{scene.tenant}/members/{scene.person.user_id}/roles"
    _expect(scene.parks("PUT", path, {"roles": sorted(scene.roles_after)}, person=scene.admin), "Withdrawing the role")


def _block(scene: Scene) -> None:
    path = f"/users/{scene.person.user_id}/block"
    _expect(scene.world.control_api("PUT", path, {"reason": scene.world.run}), "Blocking the user")


def _delete(scene: Scene) -> None:
    _expect(scene.world.control_api("DELETE", f"/users/{scene.person.user_id}"), "Deleting the user")


def _sign_out(scene: Scene) -> None:
    _expect(scene.parks("DELETE", "/me/sessions"), "Signing out everywhere")


def _reset(scene: Scene) -> None:
    """Call the hook as Cognito does once a new password is set: the code for one is in a mailbox of nobody here."""
    aws, pool = scene.world.target.aws, scene.world.target.user_pool_id
    hook = aws.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]["PostConfirmation"]
    person = scene.person
    event = {
        "version": "1",
        "region": aws.region,
        "userPoolId": pool,
        "userName": person.user_id,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": scene.world.target.client_id},
        "triggerSource": _RESET,
        "request": {"userAttributes": {"sub": person.user_id, "email": person.email, "name": person.name}},
        "response": {},
    }
    answer = aws.functions.invoke(FunctionName=hook, Payload=json.dumps(event).encode())
    if "FunctionError" in answer:
        raise SceneError(f"The hook failed: {answer['Payload'].read().decode()[:200]}")


def _after_a_second(end: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """Let a second go by after the sign-in: one of the same second as the ending goes on."""

    def ending(scene: Scene) -> None:
        time.sleep(1)
        end(scene)

    return ending


ENDINGS: Final = (
    Ending(slug="member-removed", tries="an admin has removed them from the tenant", end=_remove),
    Ending(
        slug="role-withdrawn", tries="an admin has withdrawn the role that it takes", end=_withdraw, roles_stay=True
    ),
    Ending(slug="user-blocked", tries="an operator has blocked their account", end=_block),
    Ending(slug="user-deleted", tries="an operator has deleted their account", end=_delete),
    Ending(
        slug="password-reset",
        tries="they have set a new password by a code",
        end=_after_a_second(_reset),
        ends_webhooks=False,
    ),
    Ending(
        slug="signed-out-everywhere",
        tries="they have signed out everywhere",
        end=_after_a_second(_sign_out),
        ends_webhooks=False,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Door:
    """A way in that was open to the person.

    Attributes
    ----------
    slug
        Its name in attack ids.
    tries
        What the person does there, as a part of a sentence.
    works
        Does it, and returns the reply, or whether it worked.
    any_role
        Whether any role opens it, so that withdrawing one changes nothing.
    roles_after
        The roles that do not open it.
    of_session
        Whether it is the session that opens it.
    kept
        Whether API Gateway keeps the policy that opens it: it is opened once more right before the ending.
    """

    slug: str
    tries: str
    works: Callable[[Scene], Reply | bool]
    any_role: bool = False
    roles_after: frozenset[str] = frozenset({"visitor"})
    of_session: bool = True
    kept: bool = False

    def counts_for(self, ending: Ending) -> bool:
        """Whether it has to be refused after something has ended."""
        return not (self.any_role and ending.roles_stay) and (self.of_session or ending.ends_webhooks)


def _rename(scene: Scene) -> Reply:
    return scene.world.rename(scene.tenant, scene.person.tokens.id, f"{scene.world.run} {scene.tag}")


def _usage(scene: Scene) -> Reply:
    return scene.world.tenant_api(f"/tenant/{scene.tenant}/usage", scene.person.tokens.id)


def _put(mode: str, scene: Scene) -> Reply:
    body = json.dumps({"key": f"{scene.tag}/{mode}", "value": "x"})
    return Storage.of(scene.world).put(scene.owner, mode, body)


def _employee(method: str, scene: Scene) -> Reply:
    """Call the employees API, whose function keeps the credentials that it has vended for the person."""
    token = {"Authorization": f"Bearer {scene.person.tokens.id}", "Content-Type": "application/json"}
    body = json.dumps({"Id": f"e-{scene.tag}-{secrets.token_hex(4)}", "Name": "x"}) if method == "POST" else None
    url = f"{scene.world.target.employees_api}/employees"
    return scene.world.http.send(method, url, headers=token, body=body)


def _park(scene: Scene) -> Reply:
    return scene.parks("POST", "/parks", {"id": f"p-{secrets.token_hex(4)}", "name": "x"})


def _members(scene: Scene) -> Reply:
    return scene.parks("GET", f"/tenants/{scene.tenant}/members")


def _webhook(scene: Scene) -> bool:
    """Let the admin who stays set a park's status, and look whether the person's endpoint is told as well."""
    park = f"hook-{scene.tag}"

    def make() -> tuple[ParkListener, ParkListener]:
        _expect(scene.parks("POST", "/parks", {"id": park, "name": "x"}, person=scene.admin), "Adding a park")
        mine, theirs = (ParkListener.of(scene.world, scene.tenant, park, who) for who in (scene.person, scene.admin))
        return mine, theirs

    mine, theirs = scene.world.once(f"webhooks {scene.tag}", make)
    set_status = scene.parks("POST", f"/parks/{park}/statuses", {"status": "park-closed"}, person=scene.admin)
    _expect(set_status, "Setting a status")
    if not theirs.told(_PATIENCE_SECONDS):
        raise SceneError("The endpoint of the admin who stays is not told.")
    return mine.told(1)


def _queued(scene: Scene) -> bool:
    """Put work on the queue as the API has put it there for the person, and look whether it is done."""
    aws, target, park = scene.world.target.aws, scene.world.target, f"q-{secrets.token_hex(4)}"
    marker = f"{park}-marker"
    for name in (park, marker):
        _expect(scene.parks("POST", "/parks", {"id": name, "name": "x"}, person=scene.admin), "Adding a park")
    for person, name in ((scene.person, park), (scene.admin, marker)):
        claims = person.tokens.claims
        work: Mapping[str, Any] = {
            "id": secrets.token_hex(8),
            "tenantId": scene.tenant,
            "userId": person.user_id,
            "authTime": str(claims["auth_time"]),
            "session": str(claims.get("origin_jti", "")),
            "at": str(int(time.time() * 1000) + 1000),
            "ids": [name],
            "status": "park-closed",
        }
        aws.sqs.send_message(QueueUrl=target.park_statuses_queue, MessageBody=json.dumps(work))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _status(scene, marker) != "park-closed":  # the admin's work, which was queued after it, is done
        if time.monotonic() > deadline:
            raise SceneError("The work of the admin who stays is not done in time.")
        time.sleep(_PAUSE_SECONDS)
    time.sleep(1)  # messages may overtake each other
    return _status(scene, park) == "park-closed"


def _status(scene: Scene, park: str) -> str:
    row = scene.world.target.aws.dynamodb.get_item(
        TableName=scene.world.target.parks_table,
        Key={"pk": {"S": f"{scene.tenant}#park"}, "sk": {"S": park}},
        ConsistentRead=True,
    )
    return str(row["Item"]["status"]["S"])


DOORS: Final = (
    Door(slug="tenant", tries="renames the tenant", works=_rename, kept=True),
    Door(slug="usage", tries="reads the tenant's usage", works=_usage, any_role=True, kept=True),
    *(
        Door(
            slug=f"storage-{mode.replace('_', '-')}",
            tries=f"stores an object by {mode}",
            works=partial(_put, mode),
            kept=True,
        )
        for mode in MODES
    ),
    Door(slug="employees", tries="adds an employee", works=partial(_employee, "POST"), kept=True),
    Door(
        slug="vended-credentials",
        tries="reads rows with a function that holds credentials vended for them",
        works=partial(_employee, "GET"),
        any_role=True,
        kept=True,
    ),
    Door(slug="parks", tries="adds a park", works=_park),
    Door(slug="membership", tries="lists the members", works=_members),
    Door(
        slug="webhook-delivery",
        tries="waits for what their webhook is told",
        works=_webhook,
        roles_after=frozenset({"member"}),
        of_session=False,
    ),
    Door(slug="queued-work", tries="waits for work that they have queued", works=_queued),
)


class Row:
    """One ending, and all doors after it.

    Parameters
    ----------
    world
        The run.
    ending
        What ends.
    roles_after
        The roles that are left, where only a role is withdrawn.
    """

    def __init__(self, world: World, ending: Ending, roles_after: frozenset[str]) -> None:
        self._ending = ending
        tenant = f"{world.run[-8:]}-{secrets.token_hex(3)}"
        admin = world.landlord("stays", tenant)
        person = world.member("ends", tenant, {"admin"})
        self._scene = Scene(world=world, admin=admin, person=person, roles_after=roles_after)
        world.cleanup.later(f"the parks of {tenant}", partial(self._sweep, tenant))
        world.cleanup.later(f"the objects of {tenant}", partial(Storage.of(world).sweep, tenant, person.user_id))
        world.cleanup.later(f"the employees of {tenant}", partial(sweep_employees, world, tenant))
        self._found = self._run()

    @classmethod
    def of(cls, world: World, ending: Ending, door: Door) -> Row:
        """Return the row that a door is in, which is tried once a run.

        Raises
        ------
        SceneError
            It could not be tried.
        """
        left = door.roles_after if ending.roles_stay else frozenset[str]()

        def attempt() -> Row | str:
            try:
                with _ROWS:
                    return cls(world, ending, left)
            except Exception as error:  # noqa: BLE001 - whatever it was, no door of the row is tried again
                return presentable(f"{type(error).__name__}: {error}")

        row = world.once(f"sessions {ending.slug} {sorted(left)}", attempt)
        if isinstance(row, str):
            raise SceneError(row)
        return row

    def outcome(self, door: Door) -> Outcome:
        """Return what came of a door."""
        return self._found[door.slug]

    def _run(self) -> dict[str, Outcome]:
        doors = [door for door in DOORS if door.counts_for(self._ending) and self._is_here(door)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            before = dict(zip(doors, pool.map(self._opens, doors), strict=True))
            kept = [door for door in doors if door.kept and not before[door]]
            before |= dict(zip(kept, pool.map(self._opens, kept), strict=True))
            self._ending.end(self._scene)
            ended = time.monotonic()
            after = dict(zip(doors, pool.map(lambda door: self._closes(door, ended), doors), strict=True))
        return {
            door.slug: after[door] if not before[door] else inconclusive(f"it did not work before: {before[door]}")
            for door in doors
        }

    def _is_here(self, door: Door) -> bool:
        return not self._ending.roles_stay or door.roles_after == self._scene.roles_after

    def _opens(self, door: Door) -> str:
        """Return why a door did not open while it had to; nothing if it did."""
        try:
            came = door.works(self._scene)
            return "" if came is True or (isinstance(came, Reply) and came.ok) else f"it was refused: {came}"
        except Exception as error:  # noqa: BLE001 - whatever it was, the door proves nothing
            return f"{type(error).__name__}: {error}"

    def _closes(self, door: Door, ended: float) -> Outcome:
        while True:
            began = time.monotonic() - ended
            try:
                came = door.works(self._scene)
            except Exception as error:  # noqa: BLE001 - as above
                return inconclusive(f"{type(error).__name__}: {error}")
            if isinstance(came, Reply) and not came.ok:
                return self._refused(came, began)
            if came is False:
                return held(f"refused {began:.1f} s after", seconds=began)
            if began > BOUND_SECONDS:
                return breached(f"it still works {began:.1f} s after")
            time.sleep(_PAUSE_SECONDS)

    @staticmethod
    def _refused(reply: Reply, seconds: float) -> Outcome:
        outcome = refused(reply, 401, 403)
        return outcome.within(seconds) if outcome.verdict is Verdict.HELD else outcome

    def _sweep(self, tenant: str) -> None:
        target = self._scene.world.target
        for kind in ("park", "webhook"):
            pages = target.aws.dynamodb.get_paginator("query").paginate(
                TableName=target.parks_table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"{tenant}#{kind}"}},
            )
            for item in (item for page in pages for item in page["Items"]):
                target.aws.dynamodb.delete_item(TableName=target.parks_table, Key={"pk": item["pk"], "sk": item["sk"]})
