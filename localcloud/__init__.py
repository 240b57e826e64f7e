"""The local cloud: MiniStack in a separate process, with its gaps closed; the CDK CLI deploys into it.

Nothing that is deployed depends on this package: functions and clients use the real AWS host names or the standard
``AWS_ENDPOINT_URL``. Start with `localcloud.cloud.LocalCloud`; `docs/local-cloud.md` lists what the local cloud shows
and what it cannot show.
"""
