"""Counts what a tenant has stored, with credentials of that tenant and no others."""
