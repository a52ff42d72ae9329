"""No attention: what the others are compared with."""

from cnnattn.problem import message
from cnnattn.web.attention.kind import Diagram, Kind


def _diagram(c: int, height: int, width: int) -> Diagram:
    return [], []


KIND = Kind(
    "none",
    attends="–",
    idea=message("The baseline: the maps pass unchanged, every channel with weight 1."),
    explanation=message("Nothing stands between the {channels} maps and the next layer."),
    formula="y = x",
    symbols=message("$x$: the maps that come in; $y$: those that go on"),
    parameters="0",
    paper="",
    address="",
    diagram=_diagram,
    no_bars=message("No attention: every channel has weight 1."),
)
