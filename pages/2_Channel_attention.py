"""Channel attention: what one attention module does with a picture, and what it does by class."""

from cnnattn.web.shell.page import show_page

show_page("attention")
