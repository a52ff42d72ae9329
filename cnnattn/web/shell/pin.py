"""Who may train: with a PIN set, what costs the machine's time asks for it, once a session.

The PIN is in the environment variable CNNATTN_PIN, or ``pin`` in Streamlit's secrets. Without one,
everything is open. Looking at models never needs it.
"""

import hmac
import os
import threading
import time
from collections import deque
from ipaddress import IPv6Network

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from cnnattn.problem import Problem
from cnnattn.web.shell.text import _, sentence

TRIES, PER = 5, 60.0  # wrong tries that are taken from one client in so many seconds
TRIES_OF_ALL = 50  # from all of them together: many clients must not try out all PINs either


class Guard:
    """Compares what is typed with the PIN: in constant time, and not too often.

    Each client has tries of its own, so that nobody can lock the others out by typing nonsense.
    """

    def __init__(self) -> None:
        self._wrong: deque[tuple[float, str]] = deque()  # when, and from where
        self._lock = threading.Lock()

    def accepts(self, given: str, pin: str, now: float, client: str = "") -> bool:
        """Whether ``given`` is the PIN. Raises Problem after too many wrong tries."""
        with self._lock:  # tries at the same moment count one after the other
            while self._wrong and now - self._wrong[0][0] >= PER:
                self._wrong.popleft()
            mine = [when for when, where in self._wrong if where == client]
            if len(mine) >= TRIES or len(self._wrong) >= TRIES_OF_ALL:
                first = mine[0] if len(mine) >= TRIES else self._wrong[0][0]
                raise Problem(
                    "There were too many wrong tries; wait {seconds} s and type the PIN again.",
                    seconds=int(PER - (now - first)) + 1,
                )
            right = hmac.compare_digest(given.encode(), pin.encode())
            if not right:
                self._wrong.append((now, client))
            return right


def client() -> str:
    """The address that this session comes from, as far as it is known.

    Of IPv6 the first half, which names a household: in the other one it may choose. From this
    machine itself comes a proxy, which adds its client's address to a header; whatever stands there
    before that, the client may have made up.
    """
    address = st.context.ip_address
    if not (isinstance(address, str) and address):
        address = st.context.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        return str(IPv6Network((address, 64), strict=False))
    except ValueError:
        return address


def known_pin() -> str | None:
    """The PIN of this server, None if it has none."""
    if pin := os.environ.get("CNNATTN_PIN"):
        return pin
    try:
        return str(st.secrets["pin"])
    except (KeyError, StreamlitSecretNotFoundError):
        return None


def may_train() -> bool:
    """Whether this session may start, stop and delete runs, and download data."""
    return known_pin() is None or st.session_state.get("pin_was_right", False)


def ask_for_pin(what_for: str = "", key: str = "pin") -> bool:
    """A field for the PIN where one is needed and has not been typed yet; ``may_train()``.

    Each place of a page that asks has a ``key`` of its own.
    """
    if may_train():
        return True
    st.text_input(
        what_for or _("PIN for training"),
        type="password",
        key=key,
        width=280,
        max_chars=200,
        help=_("Training uses this machine's time, so its owner has set a PIN."),
        on_change=_try,
        args=(key,),
    )
    if problem := st.session_state.get("pin_problem"):
        st.error(sentence(problem), icon=":material/lock:")
    return False


def _try(key: str) -> None:
    """Compare what was typed; the field is emptied, so that the same again is a new try."""
    given, st.session_state[key] = st.session_state[key], ""
    try:
        right = _guard().accepts(given, known_pin() or "", time.monotonic(), client())
        problem = None if right else Problem("That is not the PIN; ask the owner of this machine.")
    except Problem as too_often:
        right, problem = False, too_often
    st.session_state["pin_was_right"], st.session_state["pin_problem"] = right, problem


@st.cache_resource(show_spinner=False)
def _guard() -> Guard:
    return Guard()
