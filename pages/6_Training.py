"""Training: start runs in the background, watch their curves, stop, resume and open them."""

from cnnattn.web.shell.page import show_page

show_page("training")
