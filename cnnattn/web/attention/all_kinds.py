"""Every kind of attention that the pages tell of, by its key in ``ATTENTION``."""

from importlib import import_module

from cnnattn.nets.attention import ATTENTION
from cnnattn.web.attention.kind import Kind

KINDS: dict[str, Kind] = {
    key: import_module(f"cnnattn.web.attention.kinds.{key}").KIND for key in ATTENTION
}
