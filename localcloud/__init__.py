"""The local cloud: MiniStack in a process of its own, its gaps closed, deployed to with the real CDK CLI.

Nothing that is deployed knows of this package: functions and clients use the real AWS host names or the standard
``AWS_ENDPOINT_URL``. `localcloud.cloud.LocalCloud` is the way in; `docs/local-cloud.md` says what the local cloud can
be trusted with and what it cannot.
"""
