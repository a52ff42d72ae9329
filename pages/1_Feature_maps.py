"""Feature maps: several pictures at once, stage by stage, and every channel of any one layer."""

from cnnattn.web.shell.page import show_page

show_page("feature_maps")
