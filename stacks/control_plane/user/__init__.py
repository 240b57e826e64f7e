"""The user stack."""
