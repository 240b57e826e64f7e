"""Probes of `apigateway.service_integrations`."""

from typing import Any

import requests

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, allow
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


def _item(ground: Ground, *, granted: bool, template: str) -> requests.Response:
    """Ask an API for an item of a table that no other test has, whose text has quotes of both kinds."""
    table = ground.table()
    ground.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a'b"}, "text": {"S": 'it\'s "x"'}})
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    role = ground.role("apigateway.amazonaws.com", *([allow("dynamodb:GetItem", arn)] if granted else []))
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:dynamodb:action/GetItem",
        "credentials": role,
        "requestTemplates": {"application/json": template.replace("TABLE", table)},
    }
    return ground.get(f"{ground.api(integration, responses=_ANSWERS)}?id=a'b")


_TEMPLATE = """#set($id = $util.escapeJavaScript($input.params('id')).replaceAll("\\\\'","'"))
{"TableName": "TABLE", "Key": {"id": {"S": "$id"}}}"""


@probe(aws=[200, 'it\'s "x"'], ministack=[504, None])
def an_item_through_a_template(ground: Ground) -> list[Any]:
    reply = _item(ground, granted=True, template=_TEMPLATE)
    return [reply.status_code, reply.json() if reply.ok else None]


@probe(aws=418, ministack=504)
def an_integration_whose_role_may_not(ground: Ground) -> int:
    return _item(ground, granted=False, template=_TEMPLATE).status_code


@probe(aws=500, ministack=504)
def a_template_that_cannot_be_evaluated(ground: Ground) -> int:
    return _item(ground, granted=True, template="#if($x").status_code


@probe(aws=[200, "a&b='\"", 403], ministack=[200, "a&b='\"", 200])
def a_message_by_a_form(ground: Ground) -> list[Any]:
    """Send to a queue through an API, with a role that may and with one that may not."""
    url, arn = ground.queue()
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
        ground.api(
            {**integration, "credentials": ground.role("apigateway.amazonaws.com", *statements)}, responses=answers
        )
        for statements in ([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}], [])
    )
    sent = ground.get(f"{allowed}?text=a%26b%3D'%22").status_code
    message = ground.received(url, seconds=2)
    return [sent, message["Body"] if message else None, ground.get(f"{denied}?text=x").status_code]
