"""The OpenAPI documents are those of what is deployed, and the APIs keep to them whatever is sent.

Schemathesis makes up what to send, good and bad, the same in every run. It looks for 5xx, for statuses, content types
and bodies that the document does not have, for bad data that is taken and good data that is refused, and for requests
that work without credentials.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, assume, settings
from requests_aws4auth import AWS4Auth
from schemathesis.specs.openapi.checks import positive_data_acceptance

from stacks.application_plane.parks.schemas import ENDPOINT_PATTERN
from tenantry.attacks.parks_scenario import ENDPOINT
from tenantry.attacks.tenant_fixture import TenantFixture
from tenantry.cli.main import main as tenantry
from tenantry.model.identifiers import TENANT_PATTERN
from tests.e2e.parks import ParksApi
from tests.synthesized import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemathesis import BaseSchema, Case

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_DOCUMENTS: Final = ROOT / "docs" / "openapi"
_CONFIG: Final = {
    "generation": {"with-security-parameters": False},  # the tests bring genuine ones
    # Good requests of good callers: 401 or 403 is no answer to them.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409"]}},
    "phases": {"coverage": {"unexpected-methods": []}},  # API Gateway answers 403, not 405
}
_bounded: Final = settings(
    max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

_SHORT: Final = 800  # bytes of a key that fit in any partition
_TENANT_ID: Final = re.compile(TENANT_PATTERN)
_ENDPOINT: Final = re.compile(ENDPOINT_PATTERN)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def _api(name: str) -> BaseSchema:
    document = json.loads((_DOCUMENTS / f"{name}.json").read_text())
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(_CONFIG))


_TENANT, _ADMIN, _CONTROL, _MEMBERSHIP, _STORAGE, _EMPLOYEES, _INGEST, _PARKS = map(
    _api, ("tenant", "tenant-admin", "control", "membership", "storage", "employees", "ingest", "parks")
)


@pytest.fixture(scope="module")
def caller(world: World) -> Person:
    return world.users.alice


@pytest.fixture(scope="module")
def storage_token(world: World, deployed: LocalCloud) -> str:
    """Return a token for a tenant of its own, whose bucket nobody expects to be empty in the end."""
    headers = {"x-tenant-id": "schemathesis", "x-user-id": "user"}
    reply = world.http.send("GET", f"{deployed.output('StorageApiUrl')}/token", headers=headers)
    token: str = reply.json()["result"]["token"]
    return token


@pytest.fixture(scope="module")
def employee(world: World, deployed: LocalCloud, caller: Person) -> str:
    """Return the id of an employee of the caller's tenant."""
    headers = {"Authorization": f"Bearer {caller.tokens.id}", "Content-Type": "application/json"}
    body = json.dumps({"Id": "replaced-now-and-then", "Name": "Somebody"})
    world.http.send("POST", f"{deployed.output('EmployeesApiUrl')}/employees", headers=headers, body=body)
    return "replaced-now-and-then"


@pytest.fixture
def send(world: World, deployed: LocalCloud) -> Iterator[Callable[..., None]]:
    """Send a case to the API of that output, and check the reply."""
    with requests.Session() as http:
        http.trust_env = False

        def send_and_judge(case: Case[Any], output: str, **more: Any) -> None:  # noqa: ANN401 - what requests takes
            case.call_and_validate(
                base_url=deployed.output(output),
                session=http,
                verify=world.target.aws.ca_bundle,
                timeout=60,  # what schemathesis waits is short for a busy machine
                excluded_checks=[positive_data_acceptance] if _beyond_schema(case) else [],
                **more,
            )

        yield send_and_judge


def _beyond_schema(case: Case[Any]) -> bool:
    """Whether a key or a name is not usable for a reason that a schema cannot say: all the same, it is sent."""
    texts = [part.get(name) for part in (case.query, case.body) if isinstance(part, dict) for name in ("key", "name")]
    return any(text.isspace() or len(text.encode()) > _SHORT for text in texts if isinstance(text, str))


def test_documents_match_the_deployed_apis(deployed: LocalCloud, tmp_path: Path) -> None:
    assert tenantry(["openapi", "export", "--state", str(deployed.folder.root), "--out", str(tmp_path)]) == 0

    exported, committed = (
        {path.name: path.read_text() for path in folder.iterdir()} for folder in (tmp_path, _DOCUMENTS)
    )
    assert exported == committed, "`tenantry openapi export` writes them anew"


@_TENANT.parametrize()
@_bounded
def test_tenant_api(case: Case[Any], caller: Person, send: Callable[..., None]) -> None:
    # Any other is refused, which the attacks show.
    own = {"tenantId": caller.tenant, "userId": caller.user_id}
    case.path_parameters = {name: own[name] for name in case.path_parameters}

    send(case, "TenantApiUrl", headers={"Authorization": f"Bearer {caller.tokens.id}"})


@_ADMIN.parametrize()
@_bounded
def test_tenant_admin_api(case: Case[Any], world: World, send: Callable[..., None]) -> None:
    send(case, "TenantAdminApiUrl", auth=_signature(world))


@_CONTROL.parametrize()
@_bounded
def test_control_api(case: Case[Any], world: World, send: Callable[..., None]) -> None:
    if isinstance(case.body, dict) and isinstance(case.body.get("dryRun", False), bool):
        case.body = {**case.body, "dryRun": True}  # other tests' people are none of its business

    send(case, "ControlApiUrl", auth=_signature(world))


@_INGEST.parametrize()
@_bounded
def test_ingest_api(case: Case[Any], world: World, send: Callable[..., None]) -> None:
    send(case, "IngestApiUrl", auth=_signature(world))


def _signature(world: World) -> AWS4Auth:
    aws = world.target.aws
    key = aws.credentials()
    return AWS4Auth(key.access_key, key.secret_key, aws.region, "execute-api", session_token=key.token)


@_STORAGE.parametrize()
@_bounded
def test_storage_api(case: Case[Any], storage_token: str, send: Callable[..., None]) -> None:
    send(case, "StorageApiUrl", headers={"x-token": storage_token})


@_EMPLOYEES.parametrize()
@_bounded
def test_employees_api(case: Case[Any], caller: Person, employee: str, send: Callable[..., None]) -> None:
    if case.method == "PUT" and isinstance(case.body, dict) and _ID.fullmatch(str(case.body.get("Id"))):
        # No schema can say that path and body name the same one, nor that there must be one.
        case.body = {**case.body, "Id": employee}
        case.path_parameters = {"id": employee}

    send(case, "EmployeesApiUrl", headers={"Authorization": f"Bearer {caller.tokens.id}"})


@pytest.fixture(scope="module")
def tenant_fixture(world: World) -> TenantFixture:
    """Return a tenant whose admin is the caller, so that whoever is invited into it or removed is nobody else's."""
    return TenantFixture.create(world, "schemathesis")


@_MEMBERSHIP.include(path_regex="^/(settings|tenants|invitations)").parametrize()
@_bounded
def test_membership(case: Case[Any], tenant_fixture: TenantFixture, send: Callable[..., None]) -> None:
    # Any other tenant is refused, which the attacks show.
    if "tenantId" in case.path_parameters:
        case.path_parameters = {**case.path_parameters, "tenantId": tenant_fixture.tenant}
    if (
        case.path == "/settings"
        and isinstance(case.body, dict)
        and _TENANT_ID.fullmatch(str(case.body.get("tenantId")))
    ):
        case.body = {**case.body, "tenantId": tenant_fixture.tenant}

    send(case, "MembershipApiUrl", headers={"Authorization": f"Bearer {tenant_fixture.admin.tokens.id}"})


@pytest.fixture(scope="module")
def ranger(world: World) -> ParksApi:
    """Return the parks API for an admin of a tenant that has one park."""
    api = ParksApi.of_a_new_tenant(world, "openapi")
    api.add("a")
    return api


@_PARKS.parametrize()
@_bounded
def test_parks(case: Case[Any], ranger: ParksApi, send: Callable[..., None]) -> None:
    # A template does not look at other parameters, takes an empty one for none, and the last of several for the one.
    assume(set(case.query) <= {"limit", "cursor", "status"})
    assume(all(isinstance(value, str | int | float) and value != "" for value in case.query.values()))
    # Which cursors and endpoints there are is more than a schema can say; malformed ones are sent nevertheless.
    if "cursor" in case.query:
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}
    if isinstance(case.body, dict) and _ENDPOINT.fullmatch(str(case.body.get("endpoint"))):
        case.body = {**case.body, "endpoint": ENDPOINT}

    send(case, "ParksApiUrl", headers={"Authorization": f"Bearer {ranger.person.tokens.id}"})
