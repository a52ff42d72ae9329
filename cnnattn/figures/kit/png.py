"""Pictures as PNG data addresses, which Plotly lays into a figure."""

import io
from base64 import b64encode

import numpy as np
from PIL import Image


def png_uri(picture: np.ndarray, sharp: int = 0) -> str:
    """uint8 (H, W, 3) or (H, W, 4) as "data:image/png;base64,…".

    Browsers enlarge such a picture smoothly; with ``sharp``, its pixels are first repeated until
    its shorter side has at least so many, and stay visible as squares.
    """
    times = max(1, -(-sharp // min(picture.shape[:2])))
    picture = picture.repeat(times, axis=0).repeat(times, axis=1)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=4)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()


def picture_on(
    uri: str, width: float, height: float, axis: str = "", x: float = 0.0, y: float = 0.0
) -> dict[str, object]:
    """A layout image below the traces, its top left corner at (x, y) on axis pair ``axis``."""
    return {
        "source": uri, "xref": f"x{axis}", "yref": f"y{axis}", "x": x, "y": y,
        "sizex": width, "sizey": height, "sizing": "stretch", "layer": "below",
        "xanchor": "left", "yanchor": "top",
    }  # fmt: skip
