import hypothesis.extra.numpy as arrays
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnattn.explain.channels import channel_numbers, strongest

MAPS = np.array(
    [
        [[0, 0], [0, 0]],  # mean 0
        [[1, -1], [4, 0]],  # mean 1
        [[8, 0], [0, 0]],  # mean 2
        [[1, 1], [1, 1]],  # mean 1
    ],
    dtype=np.float32,
)


def test_numbers_by_hand():
    numbers = channel_numbers(MAPS)
    assert numbers.mean.tolist() == [0, 1, 2, 1]
    assert numbers.max.tolist() == [0, 4, 8, 1]
    assert numbers.zeros.tolist() == [1, 0.25, 0.75, 0]


def test_strongest_by_hand_ties_by_number():
    assert strongest(MAPS, 3).tolist() == [2, 1, 3]
    assert strongest(MAPS, 9).tolist() == [2, 1, 3, 0]
    assert strongest(MAPS, 0).tolist() == []


@given(
    arrays.arrays("float32", (7, 2, 2), elements=st.integers(-2, 2).map(float)), st.integers(0, 8)
)
def test_strongest_is_the_head_of_a_sorted_list(maps, k):
    ranking = sorted(range(7), key=lambda channel: (-sum(map(float, maps[channel].flat)), channel))
    assert strongest(maps, k).tolist() == ranking[:k]
