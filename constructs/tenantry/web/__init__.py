"""A web page on S3 and CloudFront, with the APIs that it calls on the same origin.

Exported
--------
WebPage, PageApi, PageDomain
    The page: a private bucket, a distribution with a strict policy of what a browser may do, the published files.
page_asset
    The page's files, built without Docker.
"""

from tenantry.web.build import page_asset
from tenantry.web.page import PageApi, PageDomain, WebPage

__all__ = ["PageApi", "PageDomain", "WebPage", "page_asset"]
