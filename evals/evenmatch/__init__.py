"""evenmatch: the audit tool for face matchers."""
