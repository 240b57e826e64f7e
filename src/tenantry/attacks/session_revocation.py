"""What ends an account's, a member's or a session's rights, and the calls that have to be refused from then on."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import expect, refused
from tenantry.attacks.http import Reply, presentable
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held, inconclusive
from tenantry.attacks.park_listener import ParkListener
from tenantry.attacks.parks_scenario import queue_work
from tenantry.attacks.storage import MODES, Storage
from tenantry.attacks.tenant_fixture import remove_member, set_roles
from tenantry.attacks.tenant_rows import parks_of, sweep_employees, sweep_parks
from tenantry.attacks.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World

BOUND_SECONDS: Final = 5.0
"""Within this time what the directory says counts on every API."""
_PAUSE_SECONDS: Final = 0.2
_AT_ONCE: Final = 4
# Revocations at once: a burst of calls to functions that have just been deployed would time out, and prove nothing.
_REVOCATIONS_AT_ONCE: Final = threading.BoundedSemaphore(2)
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Revocation:
    """An event after which a person has fewer rights, or none.

    Attributes
    ----------
    slug
        Its name in attack ids.
    tries
        What happens, as a part of a sentence.
    revoke
        Does it.
    roles_stay
        Whether the person keeps their account, session and membership, and loses a role only.
    ends_webhooks
        Whether the webhooks that the person made are paused. They are the tenant's, not the session's.
    """

    slug: str
    tries: str
    revoke: Callable[[Scenario], None]
    roles_stay: bool = False
    ends_webhooks: bool = True


@dataclass(frozen=True, kw_only=True)
class Scenario:
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
        Marks what this scenario makes.
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

    def parks(self, method: str, path: str, body: object = None, *, person: Person | None = None) -> Reply:
        """Send a request to the parks API."""
        return self.world.parks_api(method, path, (person or self.person).tokens.id, body)

    def membership(self, method: str, path: str) -> Reply:
        """Send a request to the membership API."""
        return self.world.membership_api(method, path, self.person.tokens.id)


def _remove(scenario: Scenario) -> None:
    remove_member(scenario.world, scenario.admin, scenario.person)


def _withdraw(scenario: Scenario) -> None:
    set_roles(scenario.world, scenario.admin, scenario.person, scenario.roles_after)


def _block(scenario: Scenario) -> None:
    path = f"/users/{scenario.person.user_id}/block"
    world, reason = scenario.world, {"reason": scenario.world.run}
    expect(world.control_api("PUT", path, body=reason, signer=world.signer()), "Blocking the user")


def _delete(scenario: Scenario) -> None:
    path, signer = f"/users/{scenario.person.user_id}", scenario.world.signer()
    expect(scenario.world.control_api("DELETE", path, signer=signer), "Deleting the user")


def _sign_out(scenario: Scenario) -> None:
    time.sleep(1)  # a session of the same second as the revocation is not ended
    expect(scenario.membership("DELETE", "/me/sessions"), "Signing out everywhere")


def _reset(scenario: Scenario) -> None:
    """Call the hook as Cognito does once a new password is set: the code for one is in a mailbox of nobody here."""
    time.sleep(1)  # as above
    scenario.world.accounts.call_hook(scenario.person, "ConfirmForgotPassword")


REVOCATIONS: Final = (
    Revocation("member-removed", "an admin has removed them from the tenant", _remove),
    Revocation("role-withdrawn", "an admin has withdrawn the role that it takes", _withdraw, roles_stay=True),
    Revocation("user-blocked", "an operator has blocked their account", _block),
    Revocation("user-deleted", "an operator has deleted their account", _delete),
    Revocation("password-reset", "they have set a new password by a code", _reset, ends_webhooks=False),
    Revocation("signed-out-everywhere", "they have signed out everywhere", _sign_out, ends_webhooks=False),
)


@dataclass(frozen=True)
class AccessPath:
    """A call or a delivery that the person had access to.

    Attributes
    ----------
    slug
        Its name in attack ids.
    tries
        What the person does there, as a part of a sentence.
    works
        Does it, and returns the reply, or whether it worked.
    any_role
        Whether any role gives access, so that withdrawing one changes nothing.
    roles_after
        The roles that do not give access.
    of_session
        Whether the session gives access.
    kept
        Whether API Gateway caches the policy that allows it: it is called once more right before the revocation.
    """

    slug: str
    tries: str
    works: Callable[[Scenario], Reply | bool]
    any_role: bool = False
    roles_after: frozenset[str] = frozenset({"visitor"})
    of_session: bool = True
    kept: bool = False

    def is_closed_by(self, revocation: Revocation) -> bool:
        """Whether it has to be refused after a revocation."""
        return not (self.any_role and revocation.roles_stay) and (self.of_session or revocation.ends_webhooks)


def _rename(scenario: Scenario) -> Reply:
    return scenario.world.rename(scenario.tenant, scenario.person.tokens.id, f"{scenario.world.run} {scenario.tag}")


def _usage(scenario: Scenario) -> Reply:
    return scenario.world.tenant_api("GET", f"/tenant/{scenario.tenant}/usage", scenario.person.tokens.id)


def _put(mode: str, scenario: Scenario) -> Reply:
    storage = Storage.of(scenario.world)
    return storage.put(storage.owner(scenario.person), mode, {"key": f"{scenario.tag}/{mode}", "value": "x"})


def _employee(method: str, scenario: Scenario) -> Reply:
    """Call the employees API, whose function keeps the credentials that it has vended for the person."""
    body = {"Id": f"e-{scenario.tag}-{secrets.token_hex(4)}", "Name": "x"} if method == "POST" else None
    return scenario.world.employees_api(method, "/employees", scenario.person.tokens.id, body)


def _park(scenario: Scenario) -> Reply:
    return scenario.parks("POST", "/parks", {"id": f"p-{secrets.token_hex(4)}", "name": "x"})


def _members(scenario: Scenario) -> Reply:
    return scenario.membership("GET", f"/tenants/{scenario.tenant}/members")


def _webhook(scenario: Scenario) -> bool:
    """Let the admin who stays set a park's status, and look whether the person's endpoint receives it as well."""
    park = f"hook-{scenario.tag}"

    def make() -> tuple[ParkListener, ParkListener]:
        expect(scenario.parks("POST", "/parks", {"id": park, "name": "x"}, person=scenario.admin), "Adding a park")
        mine, theirs = (
            ParkListener.of(scenario.world, scenario.tenant, park, who) for who in (scenario.person, scenario.admin)
        )
        return mine, theirs

    mine, theirs = scenario.world.once(f"webhooks {scenario.tag}", make)
    set_status = scenario.parks("POST", f"/parks/{park}/statuses", {"status": "park-closed"}, person=scenario.admin)
    expect(set_status, "Setting a status")
    if not theirs.received(_PATIENCE_SECONDS):
        raise SetupError("The endpoint of the admin who stays receives nothing.")
    return mine.received(1)


def _queued(scenario: Scenario) -> bool:
    """Put work on the queue as the API has put it there for the person, and look whether it is done."""
    park = f"q-{secrets.token_hex(4)}"
    marker = f"{park}-marker"
    for name in (park, marker):
        expect(scenario.parks("POST", "/parks", {"id": name, "name": "x"}, person=scenario.admin), "Adding a park")
    queue_work(scenario.world, scenario.person, park, "park-closed")
    queue_work(scenario.world, scenario.admin, marker, "park-closed")
    # The admin's work, which was queued after it, is done.
    if not until(lambda: _status(scenario, marker) == "park-closed", _PATIENCE_SECONDS, pause=_PAUSE_SECONDS):
        raise SetupError("The work of the admin who stays is not done in time.")
    time.sleep(1)  # messages may overtake each other
    return _status(scenario, park) == "park-closed"


def _status(scenario: Scenario, park: str) -> str:
    return str(parks_of(scenario.world, scenario.tenant)[park]["status"]["S"])


ACCESS_PATHS: Final = (
    AccessPath("tenant", "renames the tenant", _rename, kept=True),
    AccessPath("usage", "reads the tenant's usage", _usage, any_role=True, kept=True),
    *(
        AccessPath(f"storage-{mode.replace('_', '-')}", f"stores an object by {mode}", partial(_put, mode), kept=True)
        for mode in MODES
    ),
    AccessPath("employees", "adds an employee", partial(_employee, "POST"), kept=True),
    AccessPath(
        "vended-credentials",
        "reads rows with a function that holds credentials vended for them",
        partial(_employee, "GET"),
        any_role=True,
        kept=True,
    ),
    AccessPath("parks", "adds a park", _park),
    AccessPath("membership", "lists the members", _members),
    AccessPath(
        "webhook-delivery",
        "waits for the events of their webhook",
        _webhook,
        roles_after=frozenset({"member"}),
        of_session=False,
    ),
    AccessPath("queued-work", "waits for work that they have queued", _queued),
)


class RevocationRun:
    """One revocation, and all access paths tried before and after it.

    Parameters
    ----------
    world
        The run.
    revocation
        What is revoked.
    roles_after
        The roles that are left, where only a role is withdrawn.
    """

    def __init__(self, world: World, revocation: Revocation, roles_after: frozenset[str]) -> None:
        self._revocation = revocation
        tenant = f"{world.run[-8:]}-{secrets.token_hex(3)}"
        admin = world.tenant_admin("stays", tenant)
        person = world.member("ends", tenant, {"admin"})
        self._scenario = Scenario(world=world, admin=admin, person=person, roles_after=roles_after)
        sweep_parks(world, tenant)
        world.cleanup.later(f"the objects of {tenant}", partial(Storage.of(world).sweep, tenant, person.user_id))
        sweep_employees(world, tenant)
        self._found = self._run()

    @classmethod
    def of(cls, world: World, revocation: Revocation, path: AccessPath) -> RevocationRun:
        """Return the run that tries an access path after a revocation; each is made once.

        Raises
        ------
        SetupError
            It could not be tried.
        """
        left = path.roles_after if revocation.roles_stay else frozenset[str]()

        def attempt() -> RevocationRun | str:
            try:
                with _REVOCATIONS_AT_ONCE:
                    return cls(world, revocation, left)
            except Exception as error:  # noqa: BLE001 - whatever it was, none of its access paths is tried again
                return presentable(f"{type(error).__name__}: {error}")

        made = world.once(f"sessions {revocation.slug} {sorted(left)}", attempt)
        if isinstance(made, str):
            raise SetupError(made)
        return made

    def outcome(self, path: AccessPath) -> Outcome:
        """Return the outcome of an access path."""
        return self._found[path.slug]

    def _run(self) -> dict[str, Outcome]:
        revocation, left = self._revocation, self._scenario.roles_after
        paths = [
            path
            for path in ACCESS_PATHS
            if path.is_closed_by(revocation) and (not revocation.roles_stay or path.roles_after == left)
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            before = dict(zip(paths, pool.map(self._why_refused, paths), strict=True))
            kept = [path for path in paths if path.kept and not before[path]]
            before |= dict(zip(kept, pool.map(self._why_refused, kept), strict=True))
            self._revocation.revoke(self._scenario)
            ended = time.monotonic()
            after = dict(zip(paths, pool.map(lambda path: self._until_refused(path, ended), paths), strict=True))
        return {
            path.slug: after[path] if not before[path] else inconclusive(f"it did not work before: {before[path]}")
            for path in paths
        }

    def _why_refused(self, path: AccessPath) -> str:
        """Return why an access path was refused while it had to work; nothing if it worked."""
        try:
            came = path.works(self._scenario)
            return "" if came is True or (isinstance(came, Reply) and came.ok) else f"it was refused: {came}"
        except Exception as error:  # noqa: BLE001 - whatever it was, the access path proves nothing
            return f"{type(error).__name__}: {error}"

    def _until_refused(self, path: AccessPath, ended: float) -> Outcome:
        while True:
            began = time.monotonic() - ended
            try:
                came = path.works(self._scenario)
            except Exception as error:  # noqa: BLE001 - as above
                return inconclusive(f"{type(error).__name__}: {error}")
            if isinstance(came, Reply) and not came.ok:
                outcome = refused(came, 401, 403)
                return outcome.within(began) if outcome.result is AttackResult.HELD else outcome
            if came is False:
                return held(f"refused {began:.1f} s after").within(began)
            if began > BOUND_SECONDS:
                return breached(f"it still works {began:.1f} s after")
            time.sleep(_PAUSE_SECONDS)
