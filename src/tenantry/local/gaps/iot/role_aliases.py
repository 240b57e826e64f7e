"""IoT has role aliases, which name the role whose credentials a certificate is exchanged for.

AWS: IoT keeps role aliases, each a name for a role and the seconds that its credentials live. CloudFormation makes
them.
https://docs.aws.amazon.com/iot/latest/apireference/API_CreateRoleAlias.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iot-rolealias.html

MiniStack: has neither the calls nor the resource type.

Here: both, kept like the rest of IoT when the local cloud stops.
"""

import copy
import json
import re
import time
from typing import Any
from urllib.parse import unquote

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import iot

from tenantry.local.patching import Fields, Original, cloudformation, wrap

#: The aliases of each account and region, by name.
ALIASES: Any = AccountRegionScopedDict()

_STATE = "role_aliases"
_PATH = re.compile(r"/role-aliases/([^/]+)")
_NAME = re.compile(r"[\w=,@-]{1,128}")
_SECONDS = range(900, 43201)
_DEFAULT_SECONDS = 3600


def close() -> None:
    """Close the gap."""
    wrap(iot, "_route_request", _answering)
    wrap(iot, "get_state", lambda get: {**get(), _STATE: copy.deepcopy(ALIASES)})
    wrap(iot, "load_persisted_state", _restoring)
    cloudformation.add("AWS::IoT::RoleAlias", create=_create, update=_update, delete=_delete)


def arn(name: str) -> str:
    """Return the ARN of an alias."""
    return f"arn:aws:iot:{get_region()}:{get_account_id()}:rolealias/{name}"


def _restoring(load: Original, data: Any) -> Any:
    ALIASES.update((data or {}).get(_STATE, {}))
    return load(data)


async def _answering(route: Original, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
    if path.rstrip("/") == "/role-aliases" and method == "GET":
        return json_response({"roleAliases": sorted(ALIASES)})
    found = _PATH.fullmatch(path)
    if not found:
        return await route(method, path, headers, body, query)
    return _answer(method, unquote(found[1]), json.loads(body or b"{}"))


def _answer(method: str, name: str, given: Fields) -> Any:
    if method == "POST":
        return _put(name, given, exists=False)
    if name not in ALIASES:
        return error_response_json("ResourceNotFoundException", f"Role alias {name} does not exist.", 404)
    if method == "PUT":
        return _put(name, given, exists=True)
    if method == "DELETE":
        del ALIASES[name]
        return json_response({})
    return json_response({"roleAliasDescription": {"roleAlias": name, "roleAliasArn": arn(name), **ALIASES[name]}})


def _put(name: str, given: Fields, *, exists: bool) -> Any:
    if not exists and name in ALIASES:
        return error_response_json("ResourceAlreadyExistsException", f"Role alias {name} already exists.", 409)
    known = ALIASES[name] if exists else {"owner": get_account_id(), "creationDate": time.time()}
    role = given.get("roleArn", known.get("roleArn"))
    seconds = int(given.get("credentialDurationSeconds", known.get("credentialDurationSeconds", _DEFAULT_SECONDS)))
    if not _NAME.fullmatch(name) or not role or seconds not in _SECONDS:
        return error_response_json("InvalidRequestException", "The role alias violates a constraint.", 400)
    ALIASES[name] = {
        **known,
        "roleArn": role,
        "credentialDurationSeconds": seconds,
        "lastModifiedDate": time.time(),
    }
    return json_response({"roleAlias": name, "roleAliasArn": arn(name)})


def _given(properties: Fields) -> Fields:
    names = {"RoleArn": "roleArn", "CredentialDurationSeconds": "credentialDurationSeconds"}
    return {names[key]: value for key, value in properties.items() if key in names}


def _create(logical_id: str, properties: Fields, stack: str) -> cloudformation.Created:
    name = properties.get("RoleAlias") or f"{stack}-{logical_id}"
    cloudformation.checked(_put(name, _given(properties), exists=False))
    return name, {"RoleAliasArn": arn(name)}


def _update(name: str, _: Fields, properties: Fields, stack: str) -> cloudformation.Created:
    wanted = properties.get("RoleAlias")
    if wanted and wanted != name:  # another name is another alias
        created = _create("", properties, stack)
        ALIASES.pop(name, None)
        return created
    cloudformation.checked(_put(name, _given(properties), exists=True))
    return name, {"RoleAliasArn": arn(name)}


def _delete(name: str, _: Fields) -> None:
    ALIASES.pop(name, None)
