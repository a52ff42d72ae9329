"""A figure as the very text that the browser gets: written once, sent to many."""

import json
from typing import Any

import orjson
import plotly.graph_objects as go
import plotly.io

from cnnattn.figures.kit.frame import Figure, Plain


class Finished(Figure):
    """A figure that is only its JSON text; nobody can change it, so all sessions may share it.

    Half of a drawn figure's time went into its dicts, their arrays in base64 and their JSON.
    """

    def __init__(self, figure: go.Figure) -> None:
        plain = figure.to_dict()
        self._height = plain["layout"].get("height")
        self._text: bytes = plotly.io.to_json(plain, validate=False).encode()

    @property
    def size(self) -> int:
        """Bytes of its text."""
        return len(self._text)

    def to_dict(self) -> Plain:
        """For Plotly's ``to_json``, which takes the text as it is."""
        return _Text({"data": [], "layout": {"height": self._height}}, self._text)

    def checked(self) -> go.Figure:
        return go.Figure(json.loads(self._text))


class _Text(dict[str, Any]):
    """A dict that Plotly writes as this JSON text, not as what it holds."""

    def __init__(self, plain: Plain, text: bytes) -> None:
        super().__init__(plain)
        self._text = text

    def to_plotly_json(self) -> orjson.Fragment:
        return orjson.Fragment(self._text)
