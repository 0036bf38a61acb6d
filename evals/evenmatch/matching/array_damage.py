"""What numpy raises where a file is no array that it can read."""

from __future__ import annotations

import zlib
from tokenize import TokenError
from typing import Final

# A heading is Python text to numpy, and what parses it raises errors of its own; a heading that
# announces more numbers than there is memory for raises before anything is read. A SystemError
# comes of text with numbers in it that no sign has.
NO_ARRAY: Final = (
    *(OSError, ValueError, EOFError, TypeError, KeyError, OverflowError, MemoryError),
    *(SyntaxError, TokenError, RecursionError, UnicodeError, NotImplementedError, zlib.error),
    SystemError,
)
