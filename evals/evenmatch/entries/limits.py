"""How large a number in a config may be, and how long an address."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 2000  # signs of an address
MOST: Final = 10**12  # of anything that is counted: floats and indices still hold the products
