"""Evaluation: how good each model is, how sure one may be of that, and on what it errs."""

from cnnattn.web.shell.page import show_page

show_page("evaluation")
