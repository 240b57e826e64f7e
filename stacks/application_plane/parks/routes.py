"""The routes of single parks: direct integrations with DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.application_plane.parks import schemas
from stacks.application_plane.parks.parks import BY_STATUS
from stacks.application_plane.parks.request import (
    A_STATUS,
    BAD_PARK_ID,
    IS_PARK,
    IS_TENANT,
    NO_PARK,
    PARK_ID,
    STATUSES,
    TENANT,
)
from stacks.platform.routes import route
from tenantry.isolation.api import Answer
from tenantry.isolation.direct import (
    BodyJson,
    BodyText,
    ContextText,
    Each,
    Either,
    Given,
    Joined,
    Matches,
    NextPage,
    PageCursor,
    QueryText,
    ServiceError,
    ServiceIntegration,
    ServiceReply,
    When,
    WholeNumber,
)
from tenantry.model.names import NAME_PATTERN
from tenantry.model.roles import READERS, WRITERS
from tenantry.model.tenant_tables import PARK, PARTITION_KEY, SORT_KEY, of_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stacks.application_plane.parks.parks import Parks
    from tenantry.isolation.api import Route
    from tenantry.isolation.direct.template_statements import Value

_PARKS_OF_TENANT: Final = Joined(TENANT, of_kind(PARK))
_STATUS_GIVEN: Final = Given(QueryText("status"))
_OTHERWISE: Final = schemas.STATUSES[1]  # a park is open unless it is said to be otherwise


def park_routes(parks: Parks) -> Sequence[Route]:
    """Return the routes that list, show and add parks, each with the roles that open it."""
    return [
        route(
            "GET /parks",
            "List the parks of the active tenant",
            {
                200: Answer("A page of parks; `cursor` is present if there are more", schemas.PARKS),
                400: Answer.refusal("Malformed parameter, or a cursor of another tenant"),
            },
            handler=_list(parks),
            roles=READERS,
            parameters=[schemas.LIMIT, schemas.CURSOR, schemas.STATUS],
        ),
        route(
            "GET /parks/{id}",
            "Show a park",
            {200: Answer("The park", schemas.PARK), 404: NO_PARK},
            handler=_get(parks),
            roles=READERS,
            parameters=[schemas.PARK_ID],
        ),
        route(
            "POST /parks",
            "Add a park",
            {201: Answer("Added", schemas.PARK_KEY), 409: Answer.refusal("A park with this id already exists")},
            handler=_create(parks),
            roles=WRITERS,
            takes=schemas.NEW_PARK,
        ),
    ]


def _list(parks: Parks) -> ServiceIntegration:
    cursor, following = PageCursor(schemas.PARK_ID_PATTERN), NextPage("$.LastEvaluatedKey.sk.S")
    status = QueryText("status")
    position: Mapping[str, Value] = {
        PARTITION_KEY: {"S": _PARKS_OF_TENANT},
        SORT_KEY: {"S": cursor.position},
        "statuskey": When(_STATUS_GIVEN, {"S": Joined(status, "#", cursor.position)}),
    }
    return ServiceIntegration(
        parks,
        "List",
        action=parks.table.service_action("Query", indexes=[BY_STATUS]),
        request={
            "IndexName": When(_STATUS_GIVEN, BY_STATUS),
            "KeyConditionExpression": Either(_STATUS_GIVEN, "pk = :pk AND begins_with(statuskey, :status)", "pk = :pk"),
            "ExpressionAttributeValues": {
                ":pk": {"S": _PARKS_OF_TENANT},
                ":status": When(_STATUS_GIVEN, {"S": Joined(status, "#")}),
            },
            "Limit": WholeNumber(QueryText("limit"), "[1-9][0-9]?|100", 50),
            "ExclusiveStartKey": When(cursor.given, position),
        },
        guards=[
            IS_TENANT,
            Matches(status, f"({A_STATUS})?"),
            Matches(QueryText("limit"), "([1-9][0-9]?|100)?"),
            cursor.sound,
        ],
        reply=ServiceReply(body={"items": Each("$.Items", _shown("@")), "cursor": When(following.exists, following)}),
        refusal=f"limit must be 1 to 100, status one of {STATUSES}, cursor from the previous page of this tenant",
    )


def _get(parks: Parks) -> ServiceIntegration:
    found = BodyText("$.Item.sk.S")
    return ServiceIntegration(
        parks,
        "Get",
        action=parks.table.service_action("GetItem"),
        request={"Key": {PARTITION_KEY: {"S": _PARKS_OF_TENANT}, SORT_KEY: {"S": PARK_ID}}, "ConsistentRead": True},
        guards=[IS_TENANT, IS_PARK],
        reply=ServiceReply(
            body=Either(Given(found), _shown("$.Item"), {"message": "Park not found"}),
            statuses=[(Matches(found, ""), 404)],
        ),
        refusal=BAD_PARK_ID,
    )


def _create(parks: Parks) -> ServiceIntegration:
    """Add by an update, which can answer what it has made; a put cannot."""
    given = BodyText("$.status")
    status = Either(Given(given), given, _OTHERWISE)
    return ServiceIntegration(
        parks,
        "Create",
        action=parks.table.service_action("UpdateItem"),
        request={
            "Key": {PARTITION_KEY: {"S": _PARKS_OF_TENANT}, SORT_KEY: {"S": BodyText("$.id")}},
            "ConditionExpression": "attribute_not_exists(pk)",
            "UpdateExpression": "SET #name = :name, #status = :status, statuskey = :statuskey, statusat = :at",
            "ExpressionAttributeNames": {"#name": "name", "#status": "status"},
            "ExpressionAttributeValues": {
                ":name": {"S": BodyText("$.name")},
                ":status": {"S": status},
                ":statuskey": {
                    "S": Either(
                        Given(given),
                        Joined(given, "#", BodyText("$.id")),
                        Joined(f"{_OTHERWISE}#", BodyText("$.id")),
                    )
                },
                ":at": {"N": ContextText("requestTimeEpoch")},
            },
            "ReturnValues": "ALL_NEW",
        },
        held_to=schemas.NEW_PARK_FIELDS,
        guards=[
            IS_TENANT,
            Matches(BodyText("$.id"), schemas.PARK_ID_PATTERN),
            Matches(BodyText("$.name"), NAME_PATTERN),
            Matches(given, f"({A_STATUS})?"),
        ],
        reply=ServiceReply(status=201, body={"id": BodyJson("$.Attributes.sk.S")}),
        errors={
            "ConditionalCheckFailedException": ServiceError(status=409, message="A park with this id already exists")
        },
        refusal=(
            "id must be 1 to 128 lower-case letters, digits and hyphens, a letter first, and not 'statuses'; "
            "name must have 1 to 256 characters, without control or bidirectional control characters; "
            f"status, if given, must be one of {STATUSES}"
        ),
    )


def _shown(at: str) -> Mapping[str, Value]:
    """Return a park as the API shows it, out of an item at a path."""
    return {"id": BodyJson(f"{at}.sk.S"), "name": BodyJson(f"{at}.name.S"), "status": BodyJson(f"{at}.status.S")}
