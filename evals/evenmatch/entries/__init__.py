"""The keys of a run, one file a part of the config."""
