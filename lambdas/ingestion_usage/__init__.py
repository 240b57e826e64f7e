"""Counts what a tenant has sent, with credentials of that tenant and no others."""
