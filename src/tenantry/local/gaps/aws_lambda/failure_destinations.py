"""A failed asynchronous invocation is sent to its dead-letter queue or destination, if the role allows it.

AWS: after the last try, a dead-letter queue gets the event itself, with attributes that say what went wrong; a
destination gets an envelope around it. Either is written with the function's role.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

MiniStack: sends an envelope to both, to queues and topics only, as root.

Here: both forms, with the role's session, and event buses and functions as destinations, too.
"""

import json
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import new_uuid, now_iso
from ministack.services import lambda_svc, sqs

from tenantry.local.patching import Fields, replace, require, service_calls


def close() -> None:
    """Close the gap."""
    require(lambda_svc, "_functions", "logger")
    replace(lambda_svc, "_route_async_failure", _report)


def _report(destination: str, function_name: str, event: Any, result: Fields) -> None:
    function = lambda_svc._functions.get(function_name) or {}
    config = function.get("config") or {}
    answer = result.get("body")
    body: Fields = answer if isinstance(answer, dict) else {}
    try:
        session = service_calls.role_session(
            config.get("Role", ""), service="lambda.amazonaws.com", session_name=function_name
        )
        if destination == (config.get("DeadLetterConfig") or {}).get("TargetArn"):
            _send(session, destination, json.dumps(event), _attributes(body))
        else:
            of_version = (function.get("event_invoke_configs") or {}).get("$LATEST")
            settings = function.get("event_invoke_config") or of_version or {}
            tries = int(settings.get("MaximumRetryAttempts", 2)) + 1
            _send(session, destination, _envelope(config, event, body, tries), {})
    except (service_calls.RefusedError, ClientError, LookupError) as error:
        # On AWS, too, the event is then lost; the metric DestinationDeliveryFailures says so.
        lambda_svc.logger.error("Lambda %s: %s not reached: %s", function_name, destination, error)


def _envelope(config: Fields, event: Any, body: Fields, tries: int) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": now_iso(),
            "requestContext": {
                "requestId": body.get("requestId") or new_uuid(),
                "functionArn": f"{config.get('FunctionArn')}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": tries,
            },
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": body,
        }
    )


def _attributes(body: Fields) -> Fields:
    """Return what the attributes of a dead-letter message say of the failure."""
    values = {
        "RequestID": ("String", body.get("requestId") or new_uuid()),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", str(body.get("errorMessage") or "")[:1024] or "-"),
    }
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in values.items()}


def _send(session: Any, destination: str, body: str, attributes: Fields) -> None:
    service = destination.split(":")[2]
    client = service_calls.client(service, session)
    match service:
        case "sqs":
            if sqs._queue_by_arn(destination) is None:
                raise LookupError(f"no such queue: {destination}")
            url = sqs._queue_url_for_account(*destination.split(":")[4:6])
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        case "sns":
            client.publish(TopicArn=destination, Message=body, MessageAttributes=attributes)
        case "lambda":
            client.invoke(FunctionName=destination, InvocationType="Event", Payload=body.encode())
        case "events":
            kind = "Lambda Function Invocation Result - Failure"
            entry = {"Source": "lambda", "DetailType": kind, "EventBusName": destination, "Detail": body}
            client.put_events(Entries=[entry])
        case _:
            raise LookupError(f"no destination of this kind: {destination}")
