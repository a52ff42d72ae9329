"""Heat maps: every method on every model for one picture, and how far one may trust them."""

from cnnattn.web.shell.page import show_page

show_page("heat")
