"""The local cloud: MiniStack in a process of its own, its gaps closed, deployed to with the real CDK CLI.

Nothing that is deployed knows of this package: functions and clients use the real AWS host names or the standard
``AWS_ENDPOINT_URL``. Begin with `tenantry.local.cloud.LocalCloud`; `docs/local-cloud.md` lists what the local cloud
cannot show.
"""
