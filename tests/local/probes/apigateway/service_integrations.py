"""Probes of `apigateway.service_integrations`."""

from typing import Any

import requests

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator, allow
from tests.local.probes import probe

_ANSWERS = {
    "200": {"statusCode": "200", "responseTemplates": {"application/json": "$input.json('$.Item.text.S')"}},
    "404": {
        "statusCode": "404",
        "selectionPattern": "4\\d{2}",
        "responseTemplates": {
            "application/json": "#if($input.path('$.__type').contains('AccessDenied'))\n"
            "#set($context.responseOverride.status = 418)\n#end\n{}"
        },
    },
}


def _item(emulator: Emulator, *, granted: bool, template: str) -> requests.Response:
    """Ask an API for an item of a table that no other test has, whose text has quotes of both kinds."""
    table = emulator.table()
    emulator.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a'b"}, "text": {"S": 'it\'s "x"'}})
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    role = emulator.role("apigateway.amazonaws.com", *([allow("dynamodb:GetItem", arn)] if granted else []))
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:dynamodb:action/GetItem",
        "credentials": role,
        "requestTemplates": {"application/json": template.replace("TABLE", table)},
    }
    return emulator.get(f"{emulator.api(integration, responses=_ANSWERS)}?id=a'b")


_TEMPLATE = """#set($id = $util.escapeJavaScript($input.params('id')).replaceAll("\\\\'","'"))
{"TableName": "TABLE", "Key": {"id": {"S": "$id"}}}"""


@probe(aws=[200, 'it\'s "x"'], ministack=[504, None])
def an_item_through_a_template(emulator: Emulator) -> list[Any]:
    reply = _item(emulator, granted=True, template=_TEMPLATE)
    return [reply.status_code, reply.json() if reply.ok else None]


@probe(aws=418, ministack=504)
def an_integration_whose_role_may_not(emulator: Emulator) -> int:
    return _item(emulator, granted=False, template=_TEMPLATE).status_code


@probe(aws=500, ministack=504)
def a_template_that_cannot_be_evaluated(emulator: Emulator) -> int:
    return _item(emulator, granted=True, template="#if($x").status_code


@probe(aws=[200, "a&b='\"", 403], ministack=[200, "a&b='\"", 200])
def a_message_by_a_form(emulator: Emulator) -> list[Any]:
    """Send to a queue through an API, with a role that may and with one that may not."""
    url, arn = emulator.queue()
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:sqs:path/{ACCOUNT}/{arn.rsplit(':', 1)[-1]}",
        "requestParameters": {
            "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'",
        },
        "requestTemplates": {
            "application/json": "#set($text = \"$!{input.params('text')}\")\n"
            "Action=SendMessage&MessageBody=$util.urlEncode($text)"
        },
    }
    answers = {
        "200": {"statusCode": "200", "responseTemplates": {"application/json": "{}"}},
        "403": {"statusCode": "403", "selectionPattern": "4\\d{2}"},
    }
    allowed, denied = (
        emulator.api(
            {**integration, "credentials": emulator.role("apigateway.amazonaws.com", *statements)}, responses=answers
        )
        for statements in ([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}], [])
    )
    sent = emulator.get(f"{allowed}?text=a%26b%3D'%22").status_code
    message = emulator.received(url, seconds=2)
    return [sent, message["Body"] if message else None, emulator.get(f"{denied}?text=x").status_code]
