"""Names of resources that are created at run time."""

from __future__ import annotations

import pytest

from tenantry.operate.teardown.names import Form

_KNOWN = {"account": "123456789012", "region": "eu-north-1"}


@pytest.mark.parametrize(
    ("form", "name", "fits"),
    [
        ("own-{tenant}-{account}", "own-t001-123456789012", True),
        ("own-{tenant}-{account}", "own-t001-210987654321", False),
        ("own-{tenant}-{account}", "own-prefix-123456789012", False),  # reserved: it is a bucket of all tenants
        ("own-{tenant}-{account}", "another-own-t001-123456789012", False),
        ("own-{tenant}-{account}", "own-t001-123456789012-more", False),
        ("shop:{tenant}:{server}", "shop:T001:till_1", True),
        ("shop:{tenant}:{server}", "shop-two:T001:till_1", False),
        ("shop-{tenant}_{event}", "shop-T001_opened", True),
        ("shop-{tenant}_{event}", "shop-a_opened", False),  # no tenant's id is that short
        ("shop.{tenant}", "shopxT001", False),
    ],
)
def test_name_form_matches(form: str, name: str, *, fits: bool) -> None:
    assert Form.of("AWS::S3::Bucket", form, _KNOWN).matches(name) is fits


def test_longer_application_name_wins() -> None:
    shop, two = (Form.of("AWS::ApiGateway::ApiKey", f"{app}-{{tenant}}") for app in ("shop", "shop-two"))

    assert shop.matches("shop-two-T001")
    assert two.matches("shop-two-T001")
    assert two.fixed > shop.fixed
