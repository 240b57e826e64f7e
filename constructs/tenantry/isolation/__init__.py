"""Constructs that keep the tenants of a SaaS apart. Each says in its first line what it guarantees.

Packages
--------
api
    REST APIs whose every route is authorized, and the authorizer that decides by the directory.
data
    Tables and buckets whose items are reachable with credentials of their own tenant only.
direct
    Routes that API Gateway answers by calling an AWS service, without a function.
events
    An event bus whose publishers are limited, sagas that lose no event, and queued work that carries its tenant.
metering
    What a tenant uses: counted by the stacks that hold it, shown by one that depends on none of them.
devices
    Servers with certificates, each good for its own tenant's part of an API.
vending
    Credentials that reach one tenant's data, and what they may do.
"""
