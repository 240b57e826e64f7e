"""The employees stack."""
