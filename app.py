"""Tenantry's CDK app: reads what it is to build once, here, and builds it.

Context: ``env`` (one of `stacks.environments.NAMES`), ``app`` (prefix of names), ``account`` and ``region`` (default:
those of the caller's credentials), ``handsOnNames`` (whether buckets have the names of the S3 hands-on),
``allowedOrigin``, ``pageDomain`` and ``pageCertificate`` (a name of one's own for the dashboard, and the ARN of its
certificate), ``webAcl`` (the ARN of a web ACL to put before every API), ``destroyData`` (the second of
the two settings that let a stack destroy data).
"""

from __future__ import annotations

import os
import sys

from aws_cdk import App

from stacks.application import compose
from stacks.environments import environment


def main() -> None:
    """Synthesize the app that the context asks for."""
    app = App()

    def context(key: str) -> str | None:
        value = app.node.try_get_context(key)
        return None if value is None else str(value)

    try:
        chosen = environment(
            context("env") or "local",
            application=context("app") or "tenantry",
            account=_place(context("account"), "CDK_DEFAULT_ACCOUNT"),
            region=_place(context("region"), "CDK_DEFAULT_REGION"),
            hands_on_names=_flag("handsOnNames", context("handsOnNames")),
            allowed_origin=context("allowedOrigin"),
            page_domain=context("pageDomain"),
            page_certificate_arn=context("pageCertificate"),
            web_acl_arn=context("webAcl"),
            destroy_data=context("destroyData") == "true",
        )
    except ValueError as error:
        sys.exit(str(error))
    compose(app, chosen)
    app.synth()


def _place(value: str | None, default: str) -> str | None:
    """Return where to deploy; an empty context, as in ``--context region=``, makes templates for anywhere."""
    return (os.environ.get(default) if value is None else value) or None


def _flag(key: str, value: str | None) -> bool | None:
    if value not in (None, "true", "false", "True", "False"):
        raise ValueError(f"The context {key} is {value!r}: give true or false (--context {key}=true).")
    return None if value is None else value.lower() == "true"


main()
