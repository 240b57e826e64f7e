"""Gaps of CloudFront."""
