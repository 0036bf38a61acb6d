"""One file a published benchmark format; each returns a manifest table."""
