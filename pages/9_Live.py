"""Live: drag, paint, break; the networks answer at once."""

from cnnattn.web.shell.page import show_page

show_page("lab")
