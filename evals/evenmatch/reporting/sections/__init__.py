"""The report's sections: what each one says, as plain blocks that a template renders."""
