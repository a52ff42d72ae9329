"""How a page ends early: by an exception of our own.

After ``st.stop`` nothing more reaches the browser, so neither the link nor the tools of the figures
above could be written.
"""

from typing import NoReturn


class PageEnded(Exception):
    """There is nothing more to draw on this page."""


def end_page() -> NoReturn:
    """Leave out what would follow; what is drawn stays. Not for fragments."""
    raise PageEnded
