"""Compare (the home page): one picture, and what several models make of it, side by side."""

from cnnattn.web.page import heading, one_sentence, page
from cnnattn.web.text import _

page(_("Compare"))  # before the imports below, which may wait for torch
