"""How many of the processor's cores torch takes: all for long work, one for what a click asks for.

One picture in one network takes 2.0 ms on one core and 1.8 on two, but then 4.8 ms of the
processor, and far longer where the second core is not free: thirty students would wait for one
another. Torch keeps the number for each thread, and gives new threads the one that was set last;
so whoever computes says how many it wants.
"""

import torch

_ALL = torch.get_num_threads()  # as torch found them, before anything was set here


def take_one_core() -> None:
    """In this thread: leave the other cores to others."""
    torch.set_num_threads(1)


def take_all_cores() -> None:
    """In this thread: be done soon."""
    torch.set_num_threads(_ALL)
