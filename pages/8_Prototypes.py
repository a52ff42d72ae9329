"""Prototypes: what each channel of a layer is looking for, found in pictures and made for it."""

from cnnattn.web.shell.page import show_page

show_page("prototypes")
