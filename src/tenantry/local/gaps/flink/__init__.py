"""Gaps of Managed Flink."""
