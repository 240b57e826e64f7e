"""Whether a request to an AWS service is about the request's tenant alone.

Each action that is judged has a function that says where the request names a resource and whose a thing is. An action
that is not listed here is not judged. Which parameters an action takes, and which it requires, is in the service's API
reference; a request without one that it requires is refused by the service, so that nothing of it has to be known.

Sources: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html,
https://docs.aws.amazon.com/sns/latest/api/API_Operations.html and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tenantry.model.stores import By as StoredBy
from tenantry.prove.calls import Call, as_text, injection, own_message, said, unnamed, whole, within
from tenantry.prove.keys import OTHER_TENANT, Fault, named_by
from tenantry.prove.structures import (
    Array,
    Each,
    InjectionError,
    MalformedError,
    Object,
    Value,
    decoded,
    read_json,
)
from tenantry.prove.table_requests import NO_TENANTS, on_rows
from tenantry.prove.texts import By, Facts, Given, Json, Literal, givers, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.model.stores import Store
    from tenantry.prove.declared_stores import DeclaredStores


def judge(call: Call, stores: DeclaredStores) -> list[Fault]:
    """Return what is wrong with a call, or not known of it; nothing if it is about the request's tenant alone."""
    if isinstance(call.request, Json):
        return [Fault(f"the whole request is {call.request.name}", part=call.request.name)]
    if not isinstance(call.request, Object):
        return [Fault("the request is no JSON object")]
    service = _SERVICES.get(call.service)
    if service is None:
        return [Fault(f"{call.service}:{call.action} is not known to the prover")]
    try:
        return [fault for fault in service(call, stores) if fault]
    except InjectionError as error:
        return [injection(error, call.facts)]
    except MalformedError as error:
        return [Fault(f"the request cannot be read: {error}")]


# Kinesis


def _kinesis(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    name = call.member("StreamName")
    stream = stores.named("AWS::Kinesis::Stream", literal(name) if isinstance(name, tuple) else None)
    if stream is None or call.member("StreamARN") is not None:
        yield unnamed("StreamName", name)
        return
    declared = [one for one in stores.of(stream) if one.by is StoredBy.PARTITION_KEY and one.key == "PartitionKey"]
    if not declared:
        yield Fault(f"nobody has declared that a record's partition key on {stream.path} is its tenant")
    for record, facts in _records(call):
        for store in declared:
            yield from _record(replace(call, facts=facts), record, store)


def _records(call: Call) -> Iterator[tuple[Value, Facts]]:
    if call.action == "PutRecord":
        yield call.request, call.facts
        return
    if call.action != "PutRecords":
        raise MalformedError(f"kinesis:{call.action} is not known to the prover")
    match call.member("Records"):
        case None:
            return  # the service requires it
        case Each(of=items):
            for facts, item in items:
                yield item, call.facts | facts
        case Array(items=found):
            for item in found:
                yield item, call.facts
        case other:
            raise MalformedError(f"Records is {said(other)} as a whole")


def _record(call: Call, record: Value, store: Store) -> Iterator[Fault | None]:
    if not isinstance(record, Object):
        yield whole("a record", record, "PartitionKey")
        return
    if "ExplicitHashKey" in record.members:
        yield Fault("ExplicitHashKey is not known to the prover")
    key, data = record.members.get("PartitionKey"), record.members.get("Data")
    if key is None or data is None:
        return  # the service requires both
    text = as_text(key)
    yield within("PartitionKey", named_by(text, store.forms, call.tenants, call.facts) if text else Fault("is no text"))
    content = decoded(data)
    if content is None:
        yield whole("Data", data)
        return
    yield from own_message(call, read_json(content, call.facts), "Data", required=True)


# SQS, SNS, EventBridge, Lambda


def _sqs(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    url = call.member("QueueUrl")
    queue = stores.queue(literal(url) if isinstance(url, tuple) else None)
    if queue is None:
        yield unnamed("QueueUrl", url)
        return
    if call.action != "SendMessage":
        yield Fault(f"sqs:{call.action} is not known to the prover")
        return
    body = call.member("MessageBody")
    if body is None:
        return  # the service requires it
    declared = stores.of(queue)
    if not declared:
        yield Fault(f"nobody has declared whose the messages of {queue.path} are")
    for store in declared:
        if store.by is StoredBy.NONE:
            continue
        if store.by is not StoredBy.FIELD:
            yield Fault(f"messages of {queue.path} are found by {store.by}, which is not known of a queue")
            continue
        content = body if not isinstance(body, tuple) else read_json(body, call.facts)
        yield from own_message(call, content, "MessageBody", required=True, fields=frozenset({store.key}))


def _sns(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    forms = [store.name for store in stores.made("AWS::SNS::Topic")]
    match call.action:
        case "CreateTopic":
            name = as_text(call.member("Name"))
            if name is None:
                return  # the service requires it
            yield within("Name", named_by(name, forms, call.tenants, call.facts))
        case "Subscribe" | "Publish" | "GetTopicAttributes":
            yield _made_by(call, stores, "TopicArn")
        case "Unsubscribe" | "GetSubscriptionAttributes":
            yield _made_by(call, stores, "SubscriptionArn")
        case action:
            yield Fault(f"sns:{action} is not known to the prover")


def _made_by(call: Call, stores: DeclaredStores, field: str) -> Fault | None:
    """Return what is wrong with an ARN that must be what an earlier task has made, or kept in a row of the tenant."""
    value = as_text(call.member(field))
    if value is None or literal(value) == "":
        return None  # the service requires it
    match value:
        case (Given(by=By.TASK, name=name),):
            return None if stores.is_made_arn(name, field) else Fault(f"{field} is {name}", name)
        case (Literal(),):
            return None  # the template names it: one that is nobody's
    return whole(field, value)


def _events(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:  # noqa: ARG001 - as its kind does
    entries = call.member("Entries")
    if call.action != "PutEvents" or not isinstance(entries, Array):
        yield Fault(f"events:{call.action} without entries that are written in the template")
        return
    for entry in entries.items:
        if not isinstance(entry, Object):
            yield whole("an entry", entry)
            continue
        for field in ("Source", "EventBusName"):
            value = entry.members.get(field)
            if not isinstance(value, tuple) or literal(value) is None:
                yield unnamed(field, value)
        detail = entry.members.get("Detail")
        if isinstance(detail, Json) and detail.by is By.TASK:
            continue  # a function says it; who may publish what is bound by IAM
        if isinstance(detail, tuple):
            detail = read_json(detail, call.facts)
        if detail is not None:
            yield from own_message(call, detail, "Detail", required=False)


def _lambda(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    name = call.member("FunctionName")
    function = stores.named("AWS::Lambda::Function", literal(name) if isinstance(name, tuple) else None)
    if function is None:
        yield unnamed("FunctionName", name)
        return
    payload = call.member("Payload")
    vends = stores.vends(function)
    if payload is None or (isinstance(payload, Json) and payload.by in {By.STARTER, By.TASK, By.EVENT} and not vends):
        return
    if isinstance(payload, tuple):
        payload = read_json(payload, call.facts)
    yield from own_message(call, payload, "Payload", required=vends)


def _states(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:  # noqa: ARG001 - as its kind does
    """Yield what is wrong with an execution's input: what names the tenant in it has to be the tenant."""
    given = call.member("input" if "input" in getattr(call.request, "members", {}) else "Input")
    if given is None:
        return
    try:
        content = read_json(as_text(given) or (), call.facts) if not isinstance(given, Object) else given
    except MalformedError:
        if isinstance(given, tuple) and literal(given) is not None:
            return  # the service refuses an input that is no JSON
        raise
    yield from own_message(call, content, "input", required=False)


def _cognito(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    pool = call.member("UserPoolId")
    found = stores.named("AWS::Cognito::UserPool", literal(pool) if isinstance(pool, tuple) else None)
    if found is None:
        yield unnamed("UserPoolId", pool)
    elif any(store.by not in NO_TENANTS for store in stores.of(found)) or not stores.of(found):
        yield Fault(f"nobody has declared that {found.path} holds people, who are no tenant's")
    user = as_text(call.member("Username"))
    for giver in givers(user or ()):
        if giver.by in {By.CALLER, By.PATH}:
            yield Fault(f"Username is {giver.name}", giver.name, {giver.name: f"a user of {OTHER_TENANT}"})


_SERVICES: Final[Mapping[str, Callable[[Call, DeclaredStores], Iterator[Fault | None]]]] = {
    "cognito-idp": _cognito,
    "dynamodb": on_rows,
    "events": _events,
    "kinesis": _kinesis,
    "lambda": _lambda,
    "sns": _sns,
    "sqs": _sqs,
    "states": _states,
}


_IN_TRANSACTIONS: Final = {"ConditionCheck": "ConditionCheckItem", "Get": "GetItem", "Delete": "DeleteItem"}
_OF_PEOPLE: Final = frozenset({"cognito-idp"})
# What the service does for the caller, with the caller's own permission, when a stream or a queue is encrypted.
_ENCRYPTING: Final = {"kinesis": ("kms:GenerateDataKey",), "sqs": ("kms:GenerateDataKey", "kms:Decrypt")}


def granted_as(call: Call) -> Iterator[str]:
    """Yield the actions that IAM has to allow for a call; none of those on people, which are no tenant's."""
    if call.action in {"TransactWriteItems", "TransactGetItems"}:
        items = call.member("TransactItems")
        for item in items.items if isinstance(items, Array) else ():
            for kind in item.members if isinstance(item, Object) else ():
                yield f"dynamodb:{_IN_TRANSACTIONS.get(kind, f'{kind}Item')}"
        return
    if call.service in _OF_PEOPLE:
        return
    yield "lambda:InvokeFunction" if call.service == "lambda" else f"{call.service}:{call.action}"
    yield from _ENCRYPTING.get(call.service, ())
