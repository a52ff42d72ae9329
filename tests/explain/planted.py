"""A network whose right answer is known: it looks for red, and for nothing else."""

import numpy as np
import torch
from torch import Tensor, nn

SIDE, PATCH = 32, 8


def red_finder() -> nn.Sequential:
    """Two classes: score 1 rises with the amount of red, score 0 with that of green.

    Layer "1" has two maps, red and green less the other colours; layer "3" the same, smoothed and
    at half the size. A picture without colour has both scores 0.
    """
    model = nn.Sequential(
        nn.Conv2d(3, 2, 1, bias=False),
        nn.ReLU(),
        nn.Conv2d(2, 2, 4, stride=2, padding=1, groups=2, bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2, 2, bias=False),
    )
    model.requires_grad_(False).eval()
    model[0].weight.copy_(torch.tensor([[1.0, -1, -1], [-1, 1, -1]])[:, :, None, None])
    model[2].weight.fill_(1 / 16)
    model[6].weight.copy_(torch.tensor([[-10.0, 60.0], [60.0, -10.0]]))
    return model


def planted(*corners: tuple[int, int], seed: int = 0) -> tuple[Tensor, list[np.ndarray]]:
    """A grey, noisy picture (1, 3, 32, 32) with squares of 8 pixels, and the squares' masks.

    The first square, with its upper left corner at (row, column), is red, the second green.
    """
    generator = torch.Generator().manual_seed(seed)
    picture = torch.rand(1, 1, SIDE, SIDE, generator=generator).expand(1, 3, -1, -1).clone()
    masks = []
    for colour, (top, left) in enumerate(corners):
        mask = np.zeros((SIDE, SIDE), bool)
        mask[top : top + PATCH, left : left + PATCH] = True
        picture[0, :, torch.from_numpy(mask)] = torch.eye(3)[colour, :, None]
        masks.append(mask)
    return picture, masks
