"""Live: drag, paint, break; the networks answer at once."""

from cnnattn.web.page import page
from cnnattn.web.text import _

page(_("Live"))  # before the import below, which may wait for torch

from cnnattn.web.lab.page import live_page  # noqa: E402

live_page()
