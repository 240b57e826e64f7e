"""The storage API: tenants and users whose names are nearly another's, reserved, or as long as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.attacks import threats
from tenantry.attacks.assertions import expect, granted, refused, require, together
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.storage import Owner, Storage
from tenantry.attacks.surfaces.storage import in_each_mode, storage

if TYPE_CHECKING:
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World


@once_per_run
def neighbours(world: World, whose: str) -> list[Owner]:
    """Return owners whose ids are beginnings of each other's, or nearly the same: new ones for each who asks."""
    api, tenant = Storage.of(world), f"{world.run[-8:]}-{whose}"
    near, far = f"{tenant}1", f"{tenant}10"
    pairs = ((near, "a"), (far, "a"), (near, "a-b"), (near, "A"))
    return [api.stranger(tenant, user) for tenant, user in pairs]


def _value(owner: Owner) -> str:
    return f"of {owner.user} in {owner.tenant}"


@storage.each(
    in_each_mode(),
    "{}-neighbours",
    threat=threats.COLLIDING_NAMES,
    tries="Store and list as users of tenants whose ids begin with each other's (`{}`).",
    must="Each reads and lists their own, and no other's.",
)
def _apart(world: World, mode: str) -> Outcome:
    """Let each store under two keys that, taken together with the ids, read like another's."""
    api, all_of_them, steps = Storage.of(world), neighbours(world, "storage"), []
    for owner in all_of_them:
        for key in ("same", "b/same"):
            expect(api.put(owner, mode, {"key": key, "value": _value(owner) + key}), f"Storing an object ({mode})")
    for owner in all_of_them:
        who = f"{owner.user} in {owner.tenant}"
        steps.append(
            (who, require(api.names(owner, mode) == ["b/same", "same"], otherwise="sees more", observed="own"))
        )
        for key in ("same", "b/same"):
            read = api.content(owner, mode, key)
            steps.append((who, require(read == _value(owner) + key, otherwise=f"reads {read!r}", observed="own")))
    steps.append(("a stranger's key", refused(api.get(all_of_them[0], mode, "-b/same"), 404, hidden=api.inner_names)))
    return together(*steps)


@storage.each(
    in_each_mode(),
    "{}-look-alike",
    threat=threats.COLLIDING_NAMES,
    tries="Come as a tenant whose id is another's in upper case (`{}`).",
    must="Refused where the name is in lower case, and apart where it is not; the first keeps what is theirs.",
)
def _look_alike(world: World, mode: str) -> Outcome:
    """Come as a tenant whose id is another's but for upper and lower case."""
    api, tenant = Storage.of(world), f"{world.run[-8:]}-case"
    first, second = api.stranger(tenant, "u"), api.stranger(tenant.upper(), "u")
    put = api.put(first, mode, {"key": "k", "value": f"the first's {world.run}"})
    theirs = api.put(second, mode, {"key": "k", "value": "the second's"})
    read, names = api.get(second, mode, "k"), api.listing(second, mode)
    hidden = (f"the first's {world.run}", *api.inner_names)
    kept = api.content(first, mode, "k")
    steps = [
        ("the first", granted(put)),
        ("the first reads", require(kept == hidden[0], otherwise=f"reads {kept!r}", observed="their own")),
    ]
    if mode in {"bucket", "access_point"}:  # their names are in lower case
        steps += [
            ("the second stores", refused(theirs, 400, 403, 409, hidden=hidden)),
            ("the second reads", refused(read, 403, 404, hidden=hidden)),
            ("the second lists", refused(names, 403, 404, hidden=hidden)),
        ]
    else:  # nothing is shared: each has their own
        own = api.content(second, mode, "k")
        steps.append(("the second", require(own == "the second's", otherwise=f"reads {own!r}", observed="their own")))
    return together(*steps)


@storage.each(
    in_each_mode(),
    "{}-longest",
    threat=threats.HOSTILE_NAMES,
    tries="Store with ids of 38 and 128 characters, under a key of 1,024 bytes in all and under longer ones (`{}`).",
    must="The longest is stored and read; longer ones get 400.",
)
def _longest(world: World, mode: str) -> Outcome:
    """Use the longest ids that there are, and the longest key that then fits, and one longer."""
    api = Storage.of(world)
    tenant = f"{world.run[-8:]}{'L' * 30}"
    owner = world.once("storage longest", lambda: api.stranger(tenant, "u" * 128))
    room = 1024 - len(Storage.full_key(mode, owner).encode())
    key = "\u00e9" * ((room - 1) // 2) + "k" * (room - 2 * ((room - 1) // 2))
    fits = api.put(owner, mode, {"key": key, "value": "fits"})
    read = api.content(owner, mode, key)
    steps = [
        ("the longest key", granted(fits)),
        ("the longest key", require(read == "fits", otherwise=f"reads {read!r}", observed="is read")),
    ]
    for more in ("k", "k" * (1025 - room), "k" * 5000):
        reply = api.put(owner, mode, {"key": key + more, "value": "does not fit"})
        steps.append(("longer ones", refused(reply, 400, 413, hidden=api.inner_names)))
    steps.append(
        ("after that", require(api.names(owner, mode) == [key], otherwise="more is stored", observed="one name"))
    )
    return together(*steps)
