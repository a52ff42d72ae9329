"""Attention zoo: what each module does, costs and brings, one card at a time, and all compared."""

from cnnattn.web.shell.page import show_page

show_page("zoo")
