"""Matchers that are a vendor's files, program or service."""
