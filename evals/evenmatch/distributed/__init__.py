"""The same work on several processes and machines, by Ray; nothing here is imported without it."""
