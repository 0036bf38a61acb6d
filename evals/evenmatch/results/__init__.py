"""What an audit found: the rows of every table, and how counts become them."""
