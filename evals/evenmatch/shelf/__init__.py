"""The command `evenmatch datasets` and what it shows."""
