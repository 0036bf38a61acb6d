"""What can be said before a run: what it resolves, how many people it takes, what it costs."""
