"""One file per kind of attention, called like its key in ``ATTENTION``; each has a ``KIND``."""
