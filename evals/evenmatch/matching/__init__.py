"""Photographs to templates: the Matcher contract, one file a matcher, and extraction."""
