"""The ingestion stack."""
