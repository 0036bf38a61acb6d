"""An audit's numbers, counted again from what it stores."""
