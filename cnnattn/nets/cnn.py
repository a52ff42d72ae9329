"""The tutorial's CNN, for 32×32 pictures: three convolution blocks, two linear layers."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class CNN(nn.Module):
    """(N, 3, 32, 32) -> (N, classes).

    Each block is conv 3×3, batch norm, ReLU, attention, 2×2 max pooling. The attention works on
    the activated maps at full size, before pooling throws three quarters of them away.
    """

    def __init__(self, attention: Callable[[int], nn.Module], classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(32)
        self.relu1 = nn.ReLU()
        self.attention1 = attention(32)
        self.pool1 = nn.MaxPool2d(2)

        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(64)
        self.relu2 = nn.ReLU()
        self.attention2 = attention(64)
        self.pool2 = nn.MaxPool2d(2)

        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(128)
        self.relu3 = nn.ReLU()
        self.attention3 = attention(128)
        self.pool3 = nn.MaxPool2d(2)

        self.fc1 = nn.Linear(128 * 4 * 4, 512)
        self.relu4 = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.attention1(self.relu1(self.bn1(self.conv1(x)))))  # (N, 32, 16, 16)
        x = self.pool2(self.attention2(self.relu2(self.bn2(self.conv2(x)))))  # (N, 64, 8, 8)
        x = self.pool3(self.attention3(self.relu3(self.bn3(self.conv3(x)))))  # (N, 128, 4, 4)
        x = self.relu4(self.fc1(torch.flatten(x, 1)))  # (N, 512)
        return self.fc2(self.dropout(x))
