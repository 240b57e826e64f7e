"""Proves on synthesized templates that no tenant reaches another's data, for all tenants, users and requests.

It knows templates and `tenantry.model` only, and needs the standard library only: no solver, no AWS account.
"""
