"""S3 refuses invalid lifecycle rules, from its API and from CloudFormation.

AWS: refuses rules whose ids are equal or too long, rules that do nothing, expiry that is not later than each
transition, days beside dates, transitions to an infrequent-access class before 30 days or to a colder class before 30
days in it, transitions back to a warmer class, delete markers beside days or tags, and aborted uploads by tags.
CloudFormation sets the rules of a template by the same call.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html

MiniStack: accepts any rules with positive days, and CloudFormation drops them.

Here: as on AWS. Nothing expires and nothing is moved.
"""

from itertools import pairwise
from typing import Any

from ministack.services import s3

from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

_Rules = list[Fields]
_MOST_RULES = 1000
_LONGEST_ID = 255
_DAYS_IN_STANDARD = 30
_DAYS_IN_INFREQUENT_ACCESS = 30
_INFREQUENT_ACCESS = {"STANDARD_IA", "ONEZONE_IA"}
# From which class objects may move to which: down only.
_ORDER = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


class _RefusedError(Exception):
    """A rule that S3 refuses, by the code of the error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def close() -> None:
    """Close the gap."""
    require(s3, "_error", "_bucket_lifecycle")
    wrap(s3, "_lifecycle_rules_error", _also_sensible)
    cloudformation.before("AWS::S3::Bucket", _template_problem)
    cloudformation.also("AWS::S3::Bucket", _apply)


def _also_sensible(error: Original, rules: _Rules) -> Any:
    try:
        _check(rules)
    except _RefusedError as refused:
        return s3._error(refused.code, str(refused), 400)
    return error(rules)


def _template_problem(properties: Fields) -> str:
    rules = _rules(properties)
    error = s3._lifecycle_rules_error(rules) if rules else None
    return error[2].decode() if error else ""


def _apply(name: str, properties: Fields) -> None:
    if rules := _rules(properties):
        s3._bucket_lifecycle[name] = rules
    else:
        s3._bucket_lifecycle.pop(name, None)


def _rules(properties: Fields) -> _Rules:
    given = (properties.get("LifecycleConfiguration") or {}).get("Rules") or []
    return [_as_the_api_has_it(rule) for rule in given]


def _check(rules: _Rules) -> None:
    if not 0 < len(rules) <= _MOST_RULES:
        raise _RefusedError("MalformedXML", f"A lifecycle configuration has 1 to {_MOST_RULES} rules")
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(ids)) < len(ids):
        raise _RefusedError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    if any(len(rule_id) > _LONGEST_ID for rule_id in ids):
        raise _RefusedError("InvalidArgument", f"ID length should not exceed allowed limit of {_LONGEST_ID}")
    for rule in rules:
        _check_actions(rule)
        _check_expiration(rule)
        transitions = rule.get("Transitions") or []
        expiration = rule.get("Expiration") or {}
        _check_times(transitions, expiration)
        _check_days(transitions, "Days", "Transition")
        _check_later(expiration, transitions, "Days", ("Expiration", "Transition"))
        noncurrent = rule.get("NoncurrentVersionTransitions") or []
        _check_days(noncurrent, "NoncurrentDays", "NoncurrentVersionTransition")
        names = ("NoncurrentVersionExpiration", "NoncurrentVersionTransition")
        _check_later(rule.get(names[0]) or {}, noncurrent, "NoncurrentDays", names)


def _check_actions(rule: Fields) -> None:
    actions = ("Transitions", "NoncurrentVersionTransitions", "Expiration", "NoncurrentVersionExpiration")
    if not any(rule.get(action) for action in (*actions, "AbortIncompleteMultipartUpload")):
        raise _RefusedError("InvalidRequest", "At least one action needs to be specified in a rule")


def _check_expiration(rule: Fields) -> None:
    expiration = rule.get("Expiration") or {}
    marker = "ExpiredObjectDeleteMarker" in expiration
    if marker and ("Days" in expiration or "Date" in expiration):
        raise _RefusedError("MalformedXML", "ExpiredObjectDeleteMarker stands alone in an Expiration action")
    selected = rule.get("Filter") or {}
    if "Tag" in selected or (selected.get("And") or {}).get("Tags"):
        if marker:
            raise _RefusedError("InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags")
        if rule.get("AbortIncompleteMultipartUpload"):
            raise _RefusedError("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags")


def _check_times(transitions: _Rules, expiration: Fields) -> None:
    units = {unit for action in (*transitions, expiration) for unit in ("Days", "Date") if unit in action}
    if len(units) > 1:
        problem = "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule"
        raise _RefusedError("InvalidRequest", problem)


def _check_days(transitions: _Rules, unit: str, action: str) -> None:
    classes = [transition.get("StorageClass") for transition in transitions]
    if len(set(classes)) < len(classes):
        problem = f"'StorageClass' must be different for '{action}' actions in same 'Rule'"
        raise _RefusedError("InvalidRequest", problem)
    timed = [(transition[unit], transition["StorageClass"]) for transition in transitions if unit in transition]
    for days, storage_class in timed:
        if storage_class in _INFREQUENT_ACCESS and days < _DAYS_IN_STANDARD:
            raise _RefusedError(
                "InvalidArgument",
                f"'{unit}' in {action} action must be greater than or equal to {_DAYS_IN_STANDARD} "
                f"for storageClass '{storage_class}'",
            )
    for (earlier, warm), (later, cold) in pairwise(sorted(timed)):
        least = _DAYS_IN_INFREQUENT_ACCESS if warm in _INFREQUENT_ACCESS else 1
        if _ORDER.index(cold) < _ORDER.index(warm) or later - earlier < least:
            raise _RefusedError(
                "InvalidArgument",
                f"'{unit}' in the '{action}' action for StorageClass '{cold}' must be {least} days more than '{unit}' "
                f"in the '{action}' action for StorageClass '{warm}'",
            )


def _check_later(expiration: Fields, transitions: _Rules, unit: str, names: tuple[str, str]) -> None:
    latest = max((transition[unit] for transition in transitions if unit in transition), default=None)
    if latest is not None and unit in expiration and expiration[unit] <= latest:
        raise _RefusedError(
            "InvalidArgument",
            f"'{unit}' in the {names[0]} action must be greater than '{unit}' in the {names[1]} action",
        )
    date = max((transition["Date"] for transition in transitions if "Date" in transition), default="")
    if date and "Date" in expiration and expiration["Date"] <= date:
        problem = f"'Date' in the {names[0]} action must be later than 'Date' in the {names[1]} action"
        raise _RefusedError("InvalidArgument", problem)


def _as_the_api_has_it(rule: Fields) -> Fields:
    """Return a template's rule as S3's API has it."""
    made: Fields = {"Status": rule.get("Status"), "Filter": _filter(rule)}
    if rule.get("Id"):
        made["ID"] = rule["Id"]
    expiration = _given(rule, Days="ExpirationInDays", Date="ExpirationDate")
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = cloudformation.boolean(rule["ExpiredObjectDeleteMarker"])
    noncurrent = {
        **_numbers(rule.get("NoncurrentVersionExpiration") or {}),
        **_given(rule, NoncurrentDays="NoncurrentVersionExpirationInDays"),
    }
    actions = {
        "Expiration": expiration,
        "NoncurrentVersionExpiration": noncurrent,
        "Transitions": [
            _given(item, StorageClass="StorageClass", Days="TransitionInDays", Date="TransitionDate")
            for item in _one_or_more(rule, "Transition")
        ],
        "NoncurrentVersionTransitions": [
            {
                **_given(item, StorageClass="StorageClass", NoncurrentDays="TransitionInDays"),
                **_given(item, NewerNoncurrentVersions="NewerNoncurrentVersions"),
            }
            for item in _one_or_more(rule, "NoncurrentVersionTransition")
        ],
        "AbortIncompleteMultipartUpload": _numbers(rule.get("AbortIncompleteMultipartUpload") or {}),
    }
    return {**made, **{name: action for name, action in actions.items() if action}}


def _one_or_more(rule: Fields, name: str) -> _Rules:
    """Return what a template has as a list, or as one of an older name, or as both."""
    return [*(rule.get(f"{name}s") or []), *([rule[name]] if name in rule else [])]


def _filter(rule: Fields) -> Fields:
    names = ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    given = _numbers({name: rule[name] for name in names if name in rule})
    tags = rule.get("TagFilters") or []
    if len(given) + len(tags) > 1:
        return {"And": {**given, **({"Tags": tags} if tags else {})}}
    return {"Tag": tags[0]} if tags else given


def _given(source: Fields, **names: str) -> Fields:
    return {name: _number(source[known_as]) for name, known_as in names.items() if known_as in source}


def _numbers(source: Fields) -> Fields:
    return {name: _number(value) for name, value in source.items()}


def _number(value: object) -> Any:
    """Return a template's number, which may be text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value
