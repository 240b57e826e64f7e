"""Whose what is: the declarations that constructs write into the templates' metadata, as forms of requests.

A way of touching says: an action that `Way.actions` names, on a resource of the form `Way.resource`, touches what
belongs to the tenant ``t2`` (or to whoever has the name ``n2``, or to its user ``u2``) whenever one of `Way.facts`
holds of the request. More than AWS does, never less. An action that no key of the request is known to bind touches
every tenant. A resource that may hold data and that nobody has declared is not judged (`Undeclared`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from tenantry.model.placeholders import TENANT_IN_NAME, USER_IN_NAME
from tenantry.model.stores import STORES, By, Store
from tenantry.prove.assembly import PARTITION, Resource
from tenantry.prove.bindings import DESCRIBING, ENCRYPTION_CONTEXT, LEADING_KEYS, LOGGING, PREFIX, is_among, is_binding
from tenantry.prove.patterns import ALPHABET, STAR, Chars, Pattern, joined, parse, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tenantry.prove.assembly import Assembly, Stack


class Fact(NamedTuple):
    """Something about a key of a request.

    Attributes
    ----------
    what
        ``absent``: the request has no such key; ``is``: a value has the form; ``begins``: a value is the beginning of
        something that has it; ``not``: its one value is another.
    key
        The condition key.
    form
        The form.
    """

    what: str
    key: str
    form: Pattern = ()


@dataclass(frozen=True)
class Way:
    """A way of touching what is somebody's; see the module."""

    actions: Callable[[str], bool]
    resource: Pattern
    facts: tuple[tuple[Fact, ...], ...] = ((),)


@dataclass(frozen=True)
class Holding:
    """Something that belongs to tenants.

    Attributes
    ----------
    name
        What it is, for people.
    path
        The construct that declares it.
    arn
        Of the resource, or the form of the ARN of what is made at run time.
    letters
        Which ids keep owners apart: those of tenants and of their names, or those of a tenant's users.
    ways
        How it is touched.
    one_tenant_only
        Whether only principals that act for one tenant are kept from it, as from what binds them.
    """

    name: str
    path: str
    arn: str
    ways: tuple[Way, ...]
    letters: str = "tn"
    one_tenant_only: bool = False


class Undeclared(NamedTuple):
    """A resource that may hold data and of which nobody says whose it is."""

    resource: Resource
    reason: str


@dataclass
class Ownership:
    """What there is to own, and what is not known."""

    holdings: list[Holding] = field(default_factory=list)
    undeclared: list[Undeclared] = field(default_factory=list)


# Resources that hold no data, or none but a function's own. What begins with none of these has to be declared.
_HOLDS_NOTHING: Final = (
    "AWS::ApiGateway::",
    "AWS::ApiGatewayV2::",
    "AWS::ApplicationAutoScaling::",
    "AWS::Budgets::",
    "AWS::CDK::",
    "AWS::CertificateManager::",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFront::",
    "AWS::CloudWatch::",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::EC2::",
    "AWS::EventSchemas::",
    "AWS::Events::Rule",
    "AWS::Glue::",
    "AWS::IAM::",
    "AWS::IoT::Policy",
    "AWS::IoT::RoleAlias",
    "AWS::KMS::Alias",
    "AWS::KinesisAnalyticsV2::",
    "AWS::Lambda::",
    "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::SubscriptionFilter",
    "AWS::Pipes::",
    "AWS::Route53::",
    "AWS::S3::AccessPoint",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::",
    "AWS::StepFunctions::",
    "AWS::WAFv2::",
    "AWS::XRay::",
    "Custom::",
)
# The names of these are the tenant's in lower case.
_IN_LOWER_CASE: Final = {"AWS::KMS::Alias", "AWS::S3::AccessPoint", "AWS::S3::Bucket"}
# What is made at run time, by its type: service, and the forms of ARNs, with partition, region, account and name.
_MADE_AT_RUN_TIME: Final = {
    "AWS::ApiGateway::ApiKey": ("apigateway", "arn:{p}:apigateway:{r}::/apikeys*"),
    "AWS::DynamoDB::Table": ("dynamodb", "arn:{p}:dynamodb:{r}:{a}:table/{n}", "arn:{p}:dynamodb:{r}:{a}:table/{n}/*"),
    "AWS::IoT::Thing": ("iot", "arn:{p}:iot:{r}:{a}:thing/{n}"),
    "AWS::IoT::ThingType": ("iot", "arn:{p}:iot:{r}:{a}:thingtype/{n}"),
    "AWS::Kinesis::Stream": ("kinesis", "arn:{p}:kinesis:{r}:{a}:stream/{n}"),
    "AWS::S3::AccessPoint": (
        "s3", "arn:{p}:s3:{r}:{a}:accesspoint/{n}", "arn:{p}:s3:{r}:{a}:accesspoint/{n}/object/*"
    ),
    "AWS::S3::Bucket": ("s3", "arn:{p}:s3:::{n}", "arn:{p}:s3:::{n}/*"),
    "AWS::SNS::Topic": ("sns", "arn:{p}:sns:{r}:{a}:{n}"),
    "AWS::SQS::Queue": ("sqs", "arn:{p}:sqs:{r}:{a}:{n}"),
    "AWS::Logs::LogGroup": ("logs", "arn:{p}:logs:{r}:{a}:log-group:{n}*"),
}  # fmt: skip
_RUNS_FOR_ALL: Final = {
    "AWS::Events::EventBus": "events",
    "AWS::Lambda::Function": "lambda",
    "AWS::Logs::LogGroup": "logs",
    "AWS::SQS::Queue": "sqs",
    "AWS::SecretsManager::Secret": "secretsmanager",
    "AWS::StepFunctions::StateMachine": "states",
}
_CHANGES_NOTHING: Final = ("iam:CreateServiceLinkedRole", "iam:PassRole")
_BRACES: Final = re.compile(r"\{(\w+)\}")
# Characters that no tenant id holds, so that whatever follows one is another part of the same tenant's key.
_SEPARATORS: Final = ALPHABET - frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def ownership(assembly: Assembly) -> Ownership:
    """Return what there is to own in an assembly, as its constructs declare it."""
    found = Ownership()
    for stack in assembly.stacks.values():
        for store in map(Store.read, stack.template.get("Metadata", {}).get(STORES, [])):
            try:
                found.holdings += _made_at_run_time(stack, store, stack.name, "*")
            except ValueError as error:
                found.undeclared.append(Undeclared(_stack_itself(stack, store), str(error)))
    for resource in assembly.resources():
        try:
            stores = [Store.read(declared) for declared in resource.metadata.get(STORES, [])]
            found.holdings += _declared(resource, assembly.stacks[resource.stack], stores)
        except ValueError as error:
            found.undeclared.append(Undeclared(resource, str(error)))
            continue
        if not any(not store.kind for store in stores) and not resource.type.startswith(_HOLDS_NOTHING):
            found.undeclared.append(
                Undeclared(resource, "it may hold data, and nobody says whose: declare it with declare_store")
            )
    found.holdings += _what_binds(assembly)
    return found


def _changing(service: str) -> Callable[[str], bool]:
    """Return which actions of a service change what binds sessions. Passing a role on changes none."""
    return lambda action: (
        action.lower().startswith(f"{service}:") and is_binding(action) and not _only(_CHANGES_NOTHING)(action)
    )


def _stack_itself(stack: Stack, store: Store) -> Resource:
    """Return what stands for what a stack as a whole declares."""
    return Resource(stack.name, "", store.kind, stack.name, store.name, "", {}, {})


def _declared(resource: Resource, stack: Stack, stores: Sequence[Store]) -> Iterator[Holding]:
    for store in stores:
        if store.kind:
            yield from _made_at_run_time(stack, store, resource.path, resource.name)
        elif store.by is not By.NONE:
            yield from _of_resource(resource, store, stack, stores)


def _what_binds(assembly: Assembly) -> Iterator[Holding]:
    """Yield what nobody who acts for one tenant may change, start, send to or read."""
    anything = Way(is_binding, (STAR,))
    yield Holding("policies, roles and tags that bind sessions", "the account", "*", (anything,), one_tenant_only=True)
    runs = [
        way
        for resource in assembly.resources(*_RUNS_FOR_ALL)
        for arn in (resource.arn.removesuffix(":*"),)
        for way in _shared(_RUNS_FOR_ALL[resource.type], arn, f"{arn}:*")
    ]
    yield Holding("what works for every tenant", "the assembly", "*", tuple(runs), one_tenant_only=True)
    # Who makes a role, or a policy, makes one that reaches everything: of these it does not matter which.
    changed = [Way(_changing("iam"), (STAR,))]
    changed += [Way(_changing("lambda"), parse(one.arn)) for one in assembly.resources("AWS::Lambda::Function")]
    yield Holding("roles, policies and code that bind sessions", "the assembly", "*", tuple(changed))


def _of_resource(resource: Resource, store: Store, stack: Stack, stores: Sequence[Store]) -> Iterator[Holding]:
    """Yield what a resource holds of tenants, by what it is declared to be."""
    name, arn = f"{store.holds} ({resource.path})", resource.arn
    match resource.type:
        case "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable":
            yield from _rows(store, resource, name)
        case "AWS::S3::Bucket":
            points = f"arn:{PARTITION}:s3:{stack.region}:{stack.account}:accesspoint/"
            through = points if any(other.kind == "AWS::S3::AccessPoint" for other in stores) else ""
            yield from _objects(store, resource, name, through)
        case "AWS::KMS::Key":
            yield Holding(name, resource.path, arn, (*_key(arn, stack),))
        case "AWS::ApiGateway::RestApi":
            yield from _paths(store, resource, name, stack)
        case "AWS::Logs::LogGroup":
            group = arn.removesuffix(":*")
            yield Holding(name, resource.path, arn, (*_shared("logs", group, f"{group}:*", but=LOGGING),))
        case _ if arn.startswith("arn:"):
            yield Holding(name, resource.path, arn, (*_shared(arn.split(":")[2], arn, f"{arn}/*"),))
        case _:
            raise ValueError(f"the prover does not know how a {resource.type} is reached")


def _service(service: str, *, but: Sequence[str] = ()) -> Callable[[str], bool]:
    """Return which actions are a service's, without those that show and change nothing."""
    free = (*DESCRIBING, *but)
    return lambda action: action.lower().startswith(f"{service}:") and not is_among(action, free)


def _only(actions: Collection[str]) -> Callable[[str], bool]:
    """Return which actions are among some; their names are no matter of case."""
    lower = {action.lower() for action in actions}
    return lambda action: action.lower() in lower


def _shared(service: str, *arns: str, but: Sequence[str] = ()) -> Iterator[Way]:
    """Yield the ways of touching something of all tenants: whoever may do anything does it to every tenant."""
    return (Way(_service(service, but=but), parse(arn)) for arn in arns)


def _rows(store: Store, resource: Resource, name: str) -> Iterator[Holding]:
    """Yield the rows of a table whose partition keys name the tenant, or say nothing of it."""
    arn = resource.arn
    if store.by is not By.PARTITION_KEY:
        yield Holding(name, resource.path, arn, (*_shared("dynamodb", arn, f"{arn}/*"),))
        return
    key = "dynamodb:LeadingKeys"
    bound, free = _only(LEADING_KEYS), _service("dynamodb", but=tuple(LEADING_KEYS))

    def ways(forms: Sequence[Pattern]) -> tuple[Way, ...]:
        facts = ((Fact("absent", key),), *((Fact("is", key, form),) for form in forms))
        return (
            Way(bound, parse(arn), facts),
            Way(bound, parse(f"{arn}/index/*"), facts),
            Way(free, parse(arn)),
            Way(free, parse(f"{arn}/*")),
        )

    forms = [parse("<t2>"), joined([*parse("<t2>"), Chars(_SEPARATORS), STAR])]
    yield Holding(name, resource.path, arn, ways(forms))
    if users := [_owned(form, "t1", "u2") for form in store.forms if USER_IN_NAME in form]:
        yield Holding(f"{name} of a user", resource.path, arn, ways(users), letters="u")


def _objects(store: Store, resource: Resource, name: str, points: str) -> Iterator[Holding]:
    """Yield the objects of a bucket whose keys begin with a form; others are everybody's."""
    prefixes = store.forms if store.by is By.PREFIX else store.prefixes
    if not prefixes:
        raise ValueError("it is declared without what the keys of a tenant's objects begin with")
    forms = [joined([*_owned(form.split(USER_IN_NAME)[0], "t2", "u2"), STAR]) for form in prefixes]
    others = list(_not_beginning_with([text_of(form).split("<")[0] for form in forms]))
    yield Holding(name, resource.path, resource.arn, (*_keys(resource.arn, points, forms, others),))
    if users := [joined([*_owned(form, "t1", "u2"), STAR]) for form in prefixes if USER_IN_NAME in form]:
        ways = tuple(_keys(resource.arn, points, users, []))
        yield Holding(f"{name} of a user", resource.path, resource.arn, ways, letters="u")


def _keys(arn: str, points: str, forms: Sequence[Pattern], others: Sequence[Pattern]) -> Iterator[Way]:
    """Yield how objects are touched whose keys have some forms: in the bucket, and through access points."""
    key, anything = "s3:prefix", _service("s3")
    listed = ((Fact("absent", key),), *((Fact("begins", key, form),) for form in (*forms, *others)))
    yield Way(_only(PREFIX), parse(arn), listed)
    yield Way(_service("s3", but=tuple(PREFIX)), parse(arn))
    for form in (*forms, *others):
        yield Way(anything, joined([*parse(f"{arn}/"), *form]))
        if points:
            yield Way(anything, joined([*parse(f"{points}<p2>/object/"), *form]))
    if points:
        yield Way(_only(PREFIX), parse(f"{points}<p2>"), listed)


def _not_beginning_with(heads: Sequence[str]) -> Iterator[Pattern]:
    """Yield forms that together are all texts that begin with none of some."""
    if "" in heads:
        return
    for begun in sorted({head[:length] for head in heads for length in range(len(head))}):
        longer = {head[len(begun)] for head in heads if head.startswith(begun) and len(head) > len(begun)}
        yield joined([begun])
        yield joined([begun, Chars(ALPHABET - longer), STAR])


def _key(arn: str, stack: Stack) -> Iterator[Way]:
    """Yield how a key of many tenants' data is touched: not by S3, which decrypts for a caller what it gives out."""
    via, s3 = "kms:ViaService", parse(f"s3.{stack.region}.amazonaws.com")
    yield Way(_service("kms"), parse(arn), ((Fact("absent", via),), (Fact("not", via, s3),)))


def _paths(store: Store, resource: Resource, name: str, stack: Stack) -> Iterator[Holding]:
    """Yield the paths of an API that name the tenant; all of an API that names none."""
    api = f"arn:{PARTITION}:execute-api:{stack.region}:{stack.account}:{resource.name}"
    forms = [text_of(_owned(form, "t2", "u2")) for form in store.forms]
    paths = [f"{api}/<m2>/<m2>/{form}" for form in forms] if store.by is By.PATH else [f"{api}/*"]
    yield Holding(name, resource.path, api, (*_shared("execute-api", *paths),))


def _made_at_run_time(stack: Stack, store: Store, path: str, own_name: str) -> Iterator[Holding]:
    """Yield what is made beside the resources of a template, each tenant's under its own name."""
    if store.by is By.NONE:
        return
    tenant = "n2" if store.kind in _IN_LOWER_CASE else "t2"
    given = {"account": stack.account, "region": stack.region, "id": own_name, "tenant": f"<{tenant}>"}
    owned = _BRACES.sub(lambda found: given.get(found[1], "*"), store.name)
    place = {"p": PARTITION, "r": stack.region, "a": stack.account}
    name = f"{store.holds} ({path})"
    if store.kind == "AWS::KMS::Alias":
        yield _tenants_keys(stack, path, name)
        return
    if store.kind not in _MADE_AT_RUN_TIME:
        raise ValueError(f"the prover does not know how a {store.kind} is reached")
    service, *arns = _MADE_AT_RUN_TIME[store.kind]
    forms = [arn.format(n=owned, **place) for arn in arns]
    yield Holding(name, path, forms[0], (*_shared(service, *forms),))
    if store.kind == "AWS::S3::Bucket" and any(form.startswith(USER_IN_NAME) for form in store.forms):
        within = forms[0].replace("<n2>", "<n1>")
        yield Holding(f"{name} of a user", path, within, (*_keys(within, "", [parse("<u2>/*")], []),), letters="u")


def _tenants_keys(stack: Stack, path: str, name: str) -> Holding:
    """Return the KMS keys of tenants: a key has no name, and S3 says whose bucket it is used for.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
    """
    key, context = f"arn:{PARTITION}:kms:{stack.region}:{stack.account}:key/<k2>", "kms:EncryptionContext:aws:s3:arn"
    buckets = [
        _BRACES.sub(lambda found: {"account": stack.account, "region": stack.region}.get(found[1], "<n2>"), store.name)
        for store in map(Store.read, stack.template.get("Metadata", {}).get(STORES, []))
        if store.kind == "AWS::S3::Bucket"
    ]
    for_buckets = [f"arn:{PARTITION}:s3:::{bucket}{rest}" for bucket in buckets for rest in ("", "/*")]
    facts = ((Fact("absent", context),), *((Fact("is", context, parse(form)),) for form in for_buckets))
    free = _service("kms", but=tuple(ENCRYPTION_CONTEXT))
    return Holding(name, path, key, (Way(_only(ENCRYPTION_CONTEXT), parse(key), facts), Way(free, parse(key))))


def _owned(form: str, tenant: str, user: str) -> Pattern:
    """Return a declared form with variables; another word in braces is any text."""
    text = form.replace(TENANT_IN_NAME, f"<{tenant}>").replace(USER_IN_NAME, f"<{user}>")
    return parse(_BRACES.sub("*", text))
