"""Published forms of score files; one file a format."""
