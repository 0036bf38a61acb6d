"""Counts to statements: pure functions of numpy arrays and plain numbers."""
