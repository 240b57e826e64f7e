"""The dashboard's stack."""
