"""Gaps of CloudFormation."""
