"""Weakens the code that keeps tenants apart, one place at a time, and lists what no test notices."""
