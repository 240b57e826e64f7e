"""Session policies: templates that could reach two tenants are refused, and the deployed ones cannot."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import InvalidIdentifierError, tenant_id, user_id
from tenantry.model.policies import MAX_CHARACTERS, PolicyTemplate, TemplateError
from tests.statements import listed
from tests.synthesized import assembly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ACCOUNT: Final = "000000000000"
_ACCESS_POINTS: Final = f"arn:aws:s3:us-east-1:{_ACCOUNT}:accesspoint"


def _caller(tenant: str = "tenant-1", user: str = "user-1") -> TenantCaller:
    return TenantCaller(tenant_id=tenant_id(tenant), user_id=user_id(user))


def _template(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any element of a statement
    statement = {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::bucket/{{tenant_id}}/{{user_id}}/*"],
        **changes,
    }
    return {
        "Version": "2012-10-17",
        "Statement": [{name: value for name, value in statement.items() if value is not None}],
    }


_UNBOUND: Final = ["arn:aws:s3:::bucket"]


def _on_a_key(operator: str, value: object = "{{tenant_id}}/*") -> dict[str, Any]:
    return {"Resource": _UNBOUND, "Condition": {operator: {"s3:prefix": value}}}


class TestRefused:
    @pytest.mark.parametrize("version", [None, "2008-10-17", "", 20121017])
    def test_other_policy_version_is_refused(self, version: object) -> None:
        with pytest.raises(TemplateError, match="2012-10-17"):
            PolicyTemplate.parse({**_template(), "Version": version})

    @pytest.mark.parametrize("statements", [None, [], {}])
    def test_empty_policy_is_refused(self, statements: object) -> None:
        with pytest.raises(TemplateError, match="statements"):
            PolicyTemplate.parse({"Version": "2012-10-17", "Statement": statements})

    @pytest.mark.parametrize("element", ["NotAction", "NotResource", "Principal", "NotPrincipal"])
    def test_inverting_element_is_refused(self, element: str) -> None:
        with pytest.raises(TemplateError, match=element):
            PolicyTemplate.parse(_template(**{element: ["{{tenant_id}}"]}))

    @pytest.mark.parametrize(
        "action", [None, "*", ["*"], "s3:*", ["s3:GetObject", "s3:Put*"], "s3:Get?bject", "dynamodb:*Item"]
    )
    def test_unnamed_action_is_refused(self, action: object) -> None:
        with pytest.raises(TemplateError, match="actions one by one"):
            PolicyTemplate.parse(_template(Action=action))

    @pytest.mark.parametrize("resource", [None, "*", ["*"], ["arn:aws:s3:::bucket/{{tenant_id}}/*", "*"]])
    def test_resource_wildcard_is_refused(self, resource: object) -> None:
        with pytest.raises(TemplateError, match="every resource"):
            PolicyTemplate.parse(_template(Resource=resource))

    @pytest.mark.parametrize("placeholder", ["{{tenant}}", "{{}}", "{{TENANT_ID}}", "{{user}}", "{{role}}"])
    def test_unknown_placeholder_is_refused(self, placeholder: str) -> None:
        with pytest.raises(TemplateError, match="Unknown placeholder"):
            PolicyTemplate.parse(_template(Resource=[f"arn:aws:s3:::bucket/{{{{tenant_id}}}}/{placeholder}/*"]))

    @pytest.mark.parametrize(
        "changes",
        [
            {"Resource": ["arn:aws:s3:::bucket/*"]},
            {"Resource": ["arn:aws:s3:::bucket/{{user_id}}/*"]},
            {"Resource": ["arn:aws:s3:::bucket/{{tenant_id}}/*", "arn:aws:s3:::bucket/all/*"]},
            {"Resource": _UNBOUND, "Condition": {}},
            {"Resource": _UNBOUND, "Condition": {"StringLike": {"s3:prefix": "{{user_id}}/*"}}},
            {"Resource": _UNBOUND, "Condition": {"StringLike": {"s3:prefix": ["{{tenant_id}}/*", "all/*"]}}},
        ],
        ids=json.dumps,
    )
    def test_statement_without_tenant_is_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(TemplateError, match="bind the tenant"):
            PolicyTemplate.parse(_template(**changes))

    @pytest.mark.parametrize(
        "operator",
        [
            "StringNotEquals",
            "StringNotLike",
            "ArnNotLike",
            "StringEqualsIfExists",
            "StringLikeIfExists",
            "StringEqualsIgnoreCase",  # ids are compared exactly
            "ForAllValues:StringEquals",  # also true of a request without the key
            "ForAllValues:StringNotEquals",
            "ForAnyValue:StringEquals",  # also true of a request for two tenants, one of which is the caller's
            "Null",
            "stringlike",
        ],
    )
    def test_condition_without_tenant_binding_is_refused(self, operator: str) -> None:
        with pytest.raises(TemplateError, match="bind the tenant"):
            PolicyTemplate.parse(_template(**_on_a_key(operator)))

    @pytest.mark.parametrize(
        "null",
        [
            {},
            {"s3:delimiter": ["false"]},
            {"s3:prefix": ["true"]},
            {"s3:prefix": ["false", "true"]},  # present or not
            {"s3:prefix": ["true", "false"]},
            {"s3:prefix": []},
        ],
        ids=json.dumps,
    )
    def test_for_all_values_that_may_be_empty_is_refused(self, null: dict[str, Any]) -> None:
        changes = _on_a_key("ForAllValues:StringLike")
        changes["Condition"]["Null"] = null

        with pytest.raises(TemplateError, match="bind the tenant"):
            PolicyTemplate.parse(_template(**changes))

    @pytest.mark.parametrize(
        "name",
        [
            "{{tenant_id}}*",  # "t1*" is also "t10"
            "{{tenant_id}}?",
            "{{tenant_id}}-*",  # "a-*" is also "a-b"
            "{{tenant_id}}.{{user_id}}",  # a user id may hold a point, as it may hold a hyphen
            "{{tenant_id}}-{{user_id}}",
            "{{user_id}}/{{tenant_id}}",
            "{{tenant_id}}{{user_id}}",
            "*{{tenant_id}}",
            "*/{{tenant_id}}/x",  # somebody else's "b/t1/x" ends like that
            "?/{{tenant_id}}",
        ],
    )
    def test_ambiguous_tenant_prefix_is_refused(self, name: str) -> None:
        for changes in ({"Resource": f"arn:aws:s3:::bucket/{name}"}, _on_a_key("StringLike", name)):
            with pytest.raises(TemplateError, match="bind the tenant"):
                PolicyTemplate.parse(_template(**changes))

    def test_single_statement_is_checked_like_a_list(self) -> None:
        (statement,) = _template(Resource="arn:aws:s3:::bucket/*")["Statement"]

        with pytest.raises(TemplateError, match="bind the tenant"):
            PolicyTemplate.parse({"Version": "2012-10-17", "Statement": statement})

    def test_statement_without_effect_must_bind_the_tenant(self) -> None:
        with pytest.raises(TemplateError, match="bind the tenant"):
            PolicyTemplate.of([["s3:GetObject", "arn:aws:s3:::bucket/*"]], account="123456789012")

    def test_too_long_policy_is_refused(self) -> None:
        padding = "x" * (MAX_CHARACTERS - len(PolicyTemplate.parse(_template()).fill(_caller())))
        bucket = "arn:aws:s3:::bucket{}/{{{{tenant_id}}}}/{{{{user_id}}}}/*"

        longest = PolicyTemplate.parse(_template(Resource=[bucket.format(padding)]))
        assert len(longest.fill(_caller())) == MAX_CHARACTERS
        with pytest.raises(TemplateError, match="2049 characters; STS takes 2048"):
            PolicyTemplate.parse(_template(Resource=[bucket.format(padding + "x")])).fill(_caller())


class TestAccepted:
    @pytest.mark.parametrize(
        "changes",
        [
            {"Resource": "arn:aws:s3:::bucket/{{tenant_id}}/*", "Action": "s3:GetObject"},
            {"Resource": ["arn:aws:s3:::bucket-{{tenant_name}}-123456789012/{{user_id}}/*"]},
            {"Resource": ["arn:aws:dynamodb:eu-west-1:123456789012:table/t-{{tenant_id}}"]},
            _on_a_key("StringEquals", "{{tenant_id}}"),
            _on_a_key("StringLike", ["{{tenant_id}}/*", "{{tenant_id}}^{{user_id}}"]),
            _on_a_key("ArnLike", "arn:aws:s3:us-east-1:123456789012:accesspoint/x-{{tenant_name}}"),
            _on_a_key("ArnEquals", "arn:aws:s3:us-east-1:123456789012:accesspoint/x-{{tenant_name}}"),
            {
                "Resource": _UNBOUND,
                "Condition": {"StringLike": {"s3:prefix": "{{tenant_id}}/*"}, "StringEquals": {"s3:delimiter": "/"}},
            },
            {"Resource": "arn:aws:s3:::bucket/{{tenant_id}}/a\nb*"},
            {"Effect": "Deny", "Resource": ["arn:aws:s3:::bucket/*"]},
        ],
        ids=json.dumps,
    )
    def test_tenant_bound_by_resource_or_condition_is_accepted(self, changes: dict[str, Any]) -> None:
        PolicyTemplate.parse(_template(**changes))

    def test_for_all_values_with_required_values_is_accepted(self) -> None:
        changes = _on_a_key("ForAllValues:StringLike")
        changes["Condition"]["Null"] = {"s3:prefix": ["false"]}

        PolicyTemplate.parse(_template(**changes))


class TestAccount:
    """Names of buckets are everybody's: what is allowed on S3 is allowed in one account."""

    @pytest.mark.parametrize("actions", ["s3:GetObject", "S3:getobject", ["dynamodb:GetItem", "s3:GetObject"]])
    def test_s3_is_bound_to_the_account_beside_all_other_conditions(self, actions: object) -> None:
        own = {"StringEquals": {"s3:delimiter": "/"}, "StringLike": {"s3:prefix": "{{tenant_id}}/*"}}

        (statement,) = PolicyTemplate.of([[actions, _UNBOUND, own]], account="123456789012").document["Statement"]

        assert statement == {
            "Effect": "Allow",
            "Action": actions,
            "Resource": _UNBOUND,
            "Condition": {**own, "StringEquals": {"s3:delimiter": "/", "aws:ResourceAccount": "123456789012"}},
        }

    @pytest.mark.parametrize(
        "statement",
        [
            ["dynamodb:GetItem", "arn:aws:dynamodb:::table/{{tenant_id}}"],
            ["s3:GetObject", "arn:aws:s3:::bucket/*", {}, "Deny"],
        ],
    )
    def test_other_services_and_denials_are_not(self, statement: list[Any]) -> None:
        (whole,) = PolicyTemplate.of([statement], account="123456789012").document["Statement"]

        assert not whole.get("Condition")


class TestFilling:
    def test_ids_replace_placeholders_only(self) -> None:
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "tenantid",
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        "arn:aws:s3:::b-{{tenant_name}}/{{tenant_id}}/{{user_id}}/*",
                        "arn:aws:s3:::{{tenant_id}}",
                    ],
                    "Condition": {"StringLike": {"s3:prefix": ["{{tenant_id}}/{{user_id}}/*", "{{tenant_id}}"]}},
                }
            ],
        }

        assert json.loads(PolicyTemplate.parse(document).fill(_caller("T001", "ada@example.com"))) == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "tenantid",
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": ["arn:aws:s3:::b-t001/T001/ada@example.com/*", "arn:aws:s3:::T001"],
                    "Condition": {"StringLike": {"s3:prefix": ["T001/ada@example.com/*", "T001"]}},
                }
            ],
        }

    def test_filled_policy_is_compact(self) -> None:
        assert not re.search(r"\s", PolicyTemplate.parse(_template()).fill(_caller()))

    @given(
        tenant=st.from_regex(r"[A-Za-z0-9-]{3,38}", fullmatch=True), user=st.from_regex(r"\w[\w@.+-]*", fullmatch=True)
    )
    def test_ids_do_not_change_the_structure(self, tenant: str, user: str) -> None:
        try:
            caller = _caller(tenant, user)
        except InvalidIdentifierError:
            assume(condition=False)
        filled = json.loads(PolicyTemplate.parse(_template()).fill(caller))

        assert filled == _template(Resource=[f"arn:aws:s3:::bucket/{tenant}/{user}/*"])


# What follows evaluates the policies that are deployed, as IAM would, against the requests of other tenants.


@dataclass(frozen=True)
class _Request:
    """What IAM is asked: an action on a resource, and what the request carries beside."""

    action: str
    resource: str
    context: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class _Deployed:
    """What a stack's vendor may do: the session policy templates by purpose, and the tenant role's own policy."""

    templates: Mapping[str, PolicyTemplate]
    role: Mapping[str, Any]
    table: str


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a part of a template as CloudFormation makes it."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_plain(part) for part in parts)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:made:us-east-1:{_ACCOUNT}:{name}"
        case dict():
            return {key: _plain(part) for key, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case _:
            return value


@cache
def _deployed(purpose: str) -> _Deployed:
    stack = "employees" if purpose == "employees" else "storage"
    resources = assembly("local").templates[stack]["Resources"]
    (configuration,) = (
        variables["TOKEN_VENDOR"]
        for resource in resources.values()
        if "TOKEN_VENDOR" in (variables := resource["Properties"].get("Environment", {}).get("Variables", {}))
        and purpose in json.loads(_plain(variables["TOKEN_VENDOR"]))["policies"]
    )
    (role,) = (
        resource["Properties"]
        for name, resource in resources.items()
        if "Policies" in resource["Properties"] and f'"{name}"' in json.dumps(configuration)
    )
    (table,) = (
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table" and len(resource["Properties"]["KeySchema"]) > 1
    )
    return _Deployed(
        templates={
            purpose: PolicyTemplate.of(statements, account=_ACCOUNT)
            for purpose, statements in json.loads(_plain(configuration))["policies"].items()
        },
        role=_plain(role["Policies"][0]["PolicyDocument"]),
        table=_plain({"Fn::GetAtt": [table, "Arn"]}),
    )


def _like(text: str, pattern: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _holds(operator: str, key: str, wanted: list[str], context: Mapping[str, Sequence[str]]) -> bool:
    found = context.get(key, ())
    if operator == "Null":
        return wanted == [str(not found).lower()]
    quantifier, _, compare = operator.rpartition(":")
    matches = {"StringLike": _like, "StringEquals": str.__eq__}[compare]
    hits = [any(matches(text, pattern) for pattern in wanted) for text in found]
    return all(hits) if quantifier == "ForAllValues" else any(hits)


def _allowed(
    policy: Mapping[str, Any], request: _Request, tags: Mapping[str, str] | None = None, *, owner: str = _ACCOUNT
) -> bool:
    """Return whether a policy of Allow statements allows a request, for a session with these tags."""
    text, context = json.dumps(policy), {"aws:ResourceAccount": [owner], **request.context}
    for name, value in (tags or {}).items():
        text = text.replace(f"${{aws:PrincipalTag/{name}}}", value)
        context[f"aws:PrincipalTag/{name}"] = [value]
    return any(
        request.action in listed(statement["Action"])
        and any(_like(request.resource, pattern) for pattern in listed(statement["Resource"]))
        and all(
            _holds(operator, key, listed(wanted), context)
            for operator, block in statement.get("Condition", {}).items()
            for key, wanted in block.items()
        )
        for statement in json.loads(text)["Statement"]
        if statement["Effect"] == "Allow"
    )


def _objects(bucket: str, prefix: str, key: str, context: Mapping[str, Sequence[str]]) -> Iterator[_Request]:
    for action in (
        "s3:GetObject",
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:GetObjectVersion",
        "s3:DeleteObjectVersion",
    ):
        yield _Request(action, f"{bucket}/{prefix}{key}", context)


def _listings(bucket: str, prefix: str, context: Mapping[str, Sequence[str]]) -> Iterator[_Request]:
    """Yield listings that would show what is under a prefix: of the prefix, and of all that it begins with."""
    for end in range(len(prefix) + 1):
        yield _Request("s3:ListBucket", bucket, {**context, "s3:prefix": [prefix[:end]] if end else []})


def _requests(purpose: str, table: str, owner: TenantCaller, key: str) -> Iterator[_Request]:
    """Yield requests for what is one caller's, in the way of one purpose."""
    tenant, user = owner.tenant_id, owner.user_id
    own = f"{tenant}/{user}/"
    bucket = {
        "bucket": f"aws-saas-s3-{owner.tenant_name}",
        "access_point": "aws-saas-s3-ap",
        "db_nosql": "aws-saas-s3-dbns",
    }
    arn = f"arn:aws:s3:::{bucket.get(purpose, f'aws-saas-s3-{purpose}')}-{_ACCOUNT}"
    access_point = f"{_ACCESS_POINTS}/aws-saas-s3-{owner.tenant_name}"
    through = {"s3:DataAccessPointArn": [access_point]}
    tags: dict[str, Sequence[str]] = {
        "s3:ExistingObjectTag/tenant_id": [tenant],
        "s3:ExistingObjectTag/user_id": [user],
        "s3:RequestObjectTag/tenant_id": [tenant],
        "s3:RequestObjectTag/user_id": [user],
        "s3:RequestObjectTagKeys": ["tenant_id", "user_id"],
    }
    match purpose:
        case "bucket":
            yield from _objects(arn, f"{user}/", key, {})
            yield from _listings(arn, f"{user}/", {})
        case "prefix":
            yield from _objects(arn, own, key, {})
            yield from _listings(arn, own, {})
        case "tag":
            yield from _objects(arn, own, key, tags)
            yield from _listings(arn, own, {})
        case "access_point":
            yield from _objects(f"{access_point}/object", own, key, through)
            yield from _objects(arn, own, key, through)
            yield from _listings(access_point, own, through)
            yield from _listings(arn, own, through)
        case "db_nosql":
            yield from _objects(arn, own, key, {})
            yield from _items(table, f"{tenant}^{user}")
        case "employees":
            yield from _items(table, tenant)


def _items(table: str, leading_key: str) -> Iterator[_Request]:
    for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"):
        for resource in (table, f"{table}/index/any"):
            yield _Request(f"dynamodb:{action}", resource, {"dynamodb:LeadingKeys": [leading_key]})
    yield _Request("dynamodb:Scan", table, {})
    yield _Request("dynamodb:PartiQLSelect", table, {})


_PURPOSES: Final = ("bucket", "prefix", "tag", "access_point", "db_nosql", "employees")
_hostile: Final = st.text(alphabet="ab1-.@_+*?/${}^#:\\ \"'\n", min_size=1, max_size=12)
_ids: Final = st.one_of(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{1,20}[A-Za-z0-9]", fullmatch=True), _hostile)
_names: Final = st.one_of(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,20}", fullmatch=True), _hostile)
_beside: Final = st.sampled_from(["0", "-b", "-x-000000000000", "x.", "*", "?", "/", "/x", "^", "${aws:userid}"])


@st.composite
def _near(draw: st.DrawFn, ids: st.SearchStrategy[str]) -> tuple[str, str]:
    """Draw two ids that are near each other: the same but for an end, a beginning or upper and lower case."""
    one, beside = draw(ids), draw(_beside)
    other = draw(st.sampled_from([one + beside, beside + one, one[:-1], one[1:], one.swapcase(), one, draw(ids)]))
    return (one, other) if draw(st.booleans()) else (other, one)


def _checked(tenant: str, user: str) -> TenantCaller | None:
    try:
        return _caller(tenant, user)
    except InvalidIdentifierError:
        return None


@pytest.mark.parametrize("purpose", _PURPOSES)
@settings(deadline=None, max_examples=300)  # the first example waits for the synthesis
@given(tenants=_near(_ids), users=_near(_names), key=st.text(max_size=20), embedded=st.booleans())
def test_policies_of_valid_ids_match_no_other_tenant(
    purpose: str, tenants: tuple[str, str], users: tuple[str, str], key: str, *, embedded: bool
) -> None:
    mine, theirs = _checked(tenants[0], users[0]), _checked(tenants[1], users[1])
    if mine is None or theirs is None:
        return  # refused
    assume(mine.tenant_id != theirs.tenant_id)
    if purpose == "bucket" and mine.tenant_name == theirs.tenant_name:
        return  # there is one bucket of that name; onboarding refuses one of the two, and the bucket its sessions
    key = f"{mine.tenant_id}/{mine.user_id}/{key}" if embedded else key
    deployed = _deployed(purpose)
    session = json.loads(deployed.templates[purpose].fill(mine))
    tags = {"TenantId": mine.tenant_id, "TenantName": mine.tenant_name, "Purpose": purpose}

    for request in _requests(purpose, deployed.table, theirs, key):
        assert not _allowed(session, request), ("session policy", request)
        assert not _allowed(deployed.role, request, tags), ("tenant role", request)


@pytest.mark.parametrize("purpose", _PURPOSES)
@settings(deadline=None)
@given(users=_near(_names), key=st.text(max_size=20))
def test_session_policy_matches_no_other_user(purpose: str, users: tuple[str, str], key: str) -> None:
    mine, theirs = _checked("tenant-1", users[0]), _checked("tenant-1", users[1])
    if purpose == "employees" or mine is None or theirs is None:
        return  # employees are the tenant's, whoever asks
    assume(mine.user_id != theirs.user_id)
    deployed = _deployed(purpose)
    session = json.loads(deployed.templates[purpose].fill(mine))

    for request in _requests(purpose, deployed.table, theirs, key):
        assert not _allowed(session, request), request


@pytest.mark.parametrize("purpose", [purpose for purpose in _PURPOSES if purpose != "employees"])
def test_each_policy_alone_excludes_other_accounts_buckets(purpose: str) -> None:
    deployed, caller = _deployed(purpose), _caller("T-1", "ada@example.com")
    session = json.loads(deployed.templates[purpose].fill(caller))
    tags = {"TenantId": caller.tenant_id, "TenantName": caller.tenant_name, "Purpose": purpose}
    for request in _requests(purpose, deployed.table, caller, "2026/any key.txt"):
        if request.action.startswith("s3:"):
            assert not _allowed(session, request, owner="999999999999"), request
            assert not _allowed(deployed.role, request, tags, owner="999999999999"), request


@pytest.mark.parametrize("purpose", _PURPOSES)
def test_policies_allow_their_purpose(purpose: str) -> None:
    deployed, caller = _deployed(purpose), _caller("T-1", "ada@example.com")
    session = json.loads(deployed.templates[purpose].fill(caller))
    tags = {"TenantId": caller.tenant_id, "TenantName": caller.tenant_name, "Purpose": purpose}
    allowed = {
        request.action
        for request in _requests(purpose, deployed.table, caller, "2026/any key.txt")
        if _allowed(session, request) and _allowed(deployed.role, request, tags)
    }

    assert (
        allowed
        == {
            "bucket": {"s3:GetObject", "s3:PutObject", "s3:ListBucket"},
            "prefix": {"s3:GetObject", "s3:PutObject", "s3:ListBucket"},
            "tag": {"s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:ListBucket"},
            "access_point": {"s3:GetObject", "s3:PutObject", "s3:ListBucket"},
            "db_nosql": {
                "s3:GetObjectVersion",
                "s3:PutObject",
                "s3:DeleteObjectVersion",
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:PutItem",
            },
            "employees": {
                f"dynamodb:{name}"
                for name in (
                    "GetItem",
                    "BatchGetItem",
                    "Query",
                    "PutItem",
                    "UpdateItem",
                    "DeleteItem",
                    "BatchWriteItem",
                )
            },
        }[purpose]
    )


@pytest.mark.parametrize("purpose", _PURPOSES)
def test_policies_with_longest_ids_fit_sts(purpose: str) -> None:
    caller = _caller("t" * 38, "u" * 128)

    assert len(_deployed(purpose).templates[purpose].fill(caller)) <= MAX_CHARACTERS


@pytest.mark.parametrize("action", ["s3:GetObject", "S3:GetObject", "S3:getobject"])
def test_s3_account_condition_ignores_case(action: str) -> None:
    """IAM compares the names of actions without regard to case."""
    template = PolicyTemplate.of([[action, "arn:aws:s3:::bucket/{{tenant_id}}/*"]], account="123456789012")

    (statement,) = template.document["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": "123456789012"}}
