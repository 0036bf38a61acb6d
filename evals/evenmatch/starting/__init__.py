"""The command `evenmatch init`: from a score file to a first audit."""
