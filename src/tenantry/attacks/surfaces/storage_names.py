"""The storage API: tenants and users whose names are nearly another's, reserved, or as long as can be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.storage import Owner, Storage
from tenantry.attacks.surfaces.storage import add_for_each_mode

if TYPE_CHECKING:
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World


def neighbours(world: World, whose: str) -> list[Owner]:
    """Return owners whose ids are beginnings of each other's, or nearly the same: new ones for each who asks."""
    return world.once(f"{whose} neighbours", lambda: _neighbours(world, whose))


def _neighbours(world: World, whose: str) -> list[Owner]:
    api, tenant = Storage.of(world), f"{world.run[-8:]}-{whose}"
    near, far = f"{tenant}1", f"{tenant}10"
    pairs = ((near, "a"), (far, "a"), (near, "a-b"), (near, "A"))
    return [api.stranger(tenant, user) for tenant, user in pairs]


def _value(owner: Owner) -> str:
    return f"of {owner.user} in {owner.tenant}"


def _apart(world: World, mode: str) -> Outcome:
    """Let each store under two keys that, taken together with the ids, read like another's."""
    api, all_of_them, steps = Storage.of(world), neighbours(world, "storage"), []
    for owner in all_of_them:
        for key in ("same", "b/same"):
            reply = api.put(owner, mode, json.dumps({"key": key, "value": _value(owner) + key}))
            if not reply.ok:
                raise SetupError(f"An object cannot be stored ({mode}): {reply}")
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


def _look_alike(world: World, mode: str) -> Outcome:
    """Come as a tenant whose id is another's but for upper and lower case."""
    api, tenant = Storage.of(world), f"{world.run[-8:]}-case"
    first = world.once("case", lambda: api.stranger(tenant, "u"))
    second = world.once("CASE", lambda: api.stranger(tenant.upper(), "u"))
    put = api.put(first, mode, json.dumps({"key": "k", "value": f"the first's {world.run}"}))
    theirs = api.put(second, mode, json.dumps({"key": "k", "value": "the second's"}))
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


def _longest(world: World, mode: str) -> Outcome:
    """Use the longest ids that there are, and the longest key that then fits, and one longer."""
    api = Storage.of(world)
    tenant = f"{world.run[-8:]}{'L' * 30}"
    owner = world.once("storage longest", lambda: api.stranger(tenant, "u" * 128))
    room = 1024 - len(Storage.full_key(mode, owner).encode())
    key = "\u00e9" * ((room - 1) // 2) + "k" * (room - 2 * ((room - 1) // 2))
    fits = api.put(owner, mode, json.dumps({"key": key, "value": "fits"}))
    read = api.content(owner, mode, key)
    steps = [
        ("the longest key", granted(fits)),
        ("the longest key", require(read == "fits", otherwise=f"reads {read!r}", observed="is read")),
    ]
    for more in ("k", "k" * (1025 - room), "k" * 5000):
        reply = api.put(owner, mode, json.dumps({"key": key + more, "value": "does not fit"}))
        steps.append(("longer ones", refused(reply, 400, 413, hidden=api.inner_names)))
    steps.append(
        ("after that", require(api.names(owner, mode) == [key], otherwise="more is stored", observed="one name"))
    )
    return together(*steps)


add_for_each_mode(
    (
        "neighbours",
        threats.COLLIDING_NAMES,
        "Store and list as users of tenants whose ids begin with each other's",
        "Each reads and lists their own, and no other's.",
        _apart,
    ),
    (
        "look-alike",
        threats.COLLIDING_NAMES,
        "Come as a tenant whose id is another's in upper case",
        "Refused where the name is in lower case, and apart where it is not; the first keeps what is theirs.",
        _look_alike,
    ),
    (
        "longest",
        threats.HOSTILE_NAMES,
        "Store with ids of 38 and 128 characters, under a key of 1,024 bytes in all and under longer ones",
        "The longest is stored and read; longer ones get 400.",
        _longest,
    ),
)
