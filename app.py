"""Compare (the home page): one picture, and what several models make of it, side by side."""

from cnnattn.web.shell.page import show_page

show_page("compare")
