"""Gate surgery: reach into a network's attention, change it, and see at once what becomes of it."""

from cnnattn.web.shell.page import show_page

show_page("surgery")
