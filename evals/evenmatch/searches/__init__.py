"""A matcher's one-to-many searches."""
