"""Pictures as PNG data addresses, which Plotly lays into a figure."""

import struct
import zlib
from base64 import b64encode

import numpy as np


def png_uri(picture: np.ndarray, sharp: int = 0) -> str:
    """uint8 (H, W, 3) or (H, W, 4) as "data:image/png;base64,…".

    Browsers enlarge such a picture smoothly; with ``sharp``, its pixels are first repeated until
    its shorter side has at least so many, and stay visible as squares.
    """
    times = max(1, -(-sharp // min(picture.shape[:2])))
    picture = picture.repeat(times, axis=0).repeat(times, axis=1)
    height, width, channels = picture.shape
    # Filter 2: each row is sent as its difference from the row above.
    rows = picture.reshape(height, width * channels)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    body = np.hstack([np.full((height, 1), 2, np.uint8), rows - above])
    colour_type = {3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(body.tobytes(), 4)), (b"IEND", b"")]
    file = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)
    return "data:image/png;base64," + b64encode(file).decode()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def picture_on(
    uri: str, width: float, height: float, axis: str = "", x: float = 0.0, y: float = 0.0
) -> dict[str, object]:
    """A layout image below the traces, its top left corner at (x, y) on axis pair ``axis``."""
    return {
        "source": uri, "xref": f"x{axis}", "yref": f"y{axis}", "x": x, "y": y,
        "sizex": width, "sizey": height, "sizing": "stretch", "layer": "below",
        "xanchor": "left", "yanchor": "top",
    }  # fmt: skip
