"""A private page of an audit's worst errors, for a person to look for wrong labels."""
