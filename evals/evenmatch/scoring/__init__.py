"""Templates to counted scores."""
