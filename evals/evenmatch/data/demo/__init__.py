"""The demonstration's generated faces, and the program that made them."""
