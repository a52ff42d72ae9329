"""Which part of the picture one value of a feature map depends on."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from cnnattn.explain.gates import gate_names
from cnnattn.explain.trace import watched_view


@dataclass(frozen=True)
class Fields:
    """The receptive field of each place (r, c) of a layer: a box of the picture's pixels.

    ``rows[r]`` and ``columns[c]`` are its first and the one after its last, int (h, 2) and (w, 2).
    At the picture's edge, where padding was seen, a box reaches beyond it: below 0, above its size.
    """

    rows: np.ndarray
    columns: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the largest box."""
        height, width = (int((span[:, 1] - span[:, 0]).max()) for span in (self.rows, self.columns))
        return height, width


def receptive_fields(model: nn.Module, layer: str, size: int) -> Fields:
    """The fields of ``layer`` for pictures of ``size`` × ``size`` pixels, found by running it.

    What depends on a row of the picture becomes NaN when that row is NaN: exact for convolutions,
    pooling and shortcuts alike. Gates are set to 1, since by its mean over the whole picture
    attention makes every value depend, faintly, on every pixel.

    Raises Problem for a layer that does not exist.
    """
    rows = torch.zeros(size, 3, size, size, dtype=torch.float64)
    columns = rows.clone()
    for i in range(size):
        rows[i, :, i, :] = torch.nan
        columns[i, :, :, i] = torch.nan
    captured: dict[str, torch.Tensor] = {}
    # In double precision convolutions are plain sums; the fast algorithms of single precision
    # share terms between neighbours and would spread NaN further.
    exact = deepcopy(model).double()
    open_gates = dict.fromkeys(gate_names(model), torch.ones_like)
    view = watched_view(exact, [layer, *open_gates], captured, open_gates)
    with torch.inference_mode():
        view(rows)
        by_row = captured[layer].isnan().any(1).any(2)  # (size, h)
        view(columns)
        by_column = captured[layer].isnan().any(1).any(1)  # (size, w)
    return Fields(_spans(by_row.numpy()), _spans(by_column.numpy()))


def _spans(seen: np.ndarray) -> np.ndarray:
    """Boxes (outputs, 2) from which output depends on which input, bool (inputs, outputs)."""
    inputs = len(seen)
    first, end = seen.argmax(0), inputs - seen[::-1].argmax(0)
    inside = (first > 0) & (end < inputs)
    if inside.any():  # all boxes are as large as this one; what is missing lies beyond the edge
        most = (end - first)[inside].max()
        at_start, at_end = first == 0, end == inputs
        first, end = (
            np.where(at_start & ~at_end, end - most, first),
            np.where(at_end & ~at_start, first + most, end),
        )
    return np.stack([first, end], 1)


def cut(picture: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The box of a picture, uint8 (H, W, 3), as uint8 (h, w, 4): clear beyond the edge."""
    (top, bottom), (left, right) = rows, columns
    patch = np.zeros((bottom - top, right - left, 4), np.uint8)
    inside = picture[max(0, top) : bottom, max(0, left) : right]
    height, width = inside.shape[:2]
    place = patch[max(0, -top) :, max(0, -left) :][:height, :width]
    place[..., :3], place[..., 3] = inside, 255
    return patch
