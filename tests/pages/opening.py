"""Open a page as a browser does, without one, and read what it shows."""

import base64
import json

import numpy as np
from streamlit.testing.v1 import AppTest

from cnnattn.places import ROOT

TEXTS = ("markdown", "caption", "header", "latex", "info", "warning", "error")


def open_page(page: str = "app.py", **query: str) -> AppTest:
    """The page after its first run, behind a link in English unless ``query`` says otherwise."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page != "app.py":
        app.switch_page(page)
    app.query_params.update({"lang": "en", **query})
    app.run()
    assert not app.exception
    return app


def sound(app: AppTest) -> AppTest:
    """The page, which shows neither an exception nor an error."""
    assert not app.exception
    assert not app.error
    return app


def words(app: AppTest, kinds: tuple[str, ...] = TEXTS) -> str:
    """All sentences of these kinds of elements, one in a line."""
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def figures(app: AppTest) -> list[dict]:
    """Every figure of the page, from the top down, as Plotly gets it."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def decoded(array: object) -> np.ndarray:
    """An array of a figure: Plotly sends numbers as a list, or their bytes as base64."""
    if not isinstance(array, dict):
        return np.asarray(array)
    numbers = np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])
    return numbers.reshape([int(n) for n in str(array.get("shape", -1)).split(",")])
