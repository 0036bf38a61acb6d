"""What may be wrong with a benchmark's files: counted, shown, and never written anywhere."""
