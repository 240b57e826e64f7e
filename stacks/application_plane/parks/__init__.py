"""The parks stack."""
