"""Checks that are not ours: what the local cloud accepts and AWS may refuse, asked of tools that others keep.

docs/oracles.md says which one checks what.
"""
