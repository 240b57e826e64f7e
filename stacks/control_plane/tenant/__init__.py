"""The tenant stack."""
