"""Who may train: open without a PIN, asked once a session with one, five wrong tries a minute."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.problem import Problem
from cnnattn.web.shell import pin
from cnnattn.web.shell.pin import Guard


def app() -> None:
    import streamlit as st

    from cnnattn.web.shell.pin import ask_for_pin

    st.markdown("open" if ask_for_pin() else "closed")


def session() -> AppTest:
    test = AppTest.from_function(app, default_timeout=60)
    test.query_params["lang"] = "en"
    return test.run()


@pytest.fixture(autouse=True)
def own_guard(monkeypatch):
    guard = Guard()
    monkeypatch.setattr(pin, "_guard", lambda: guard)
    monkeypatch.delenv("CNNATTN_PIN", raising=False)


def test_without_a_pin_everything_is_open():
    test = session()
    assert test.markdown[0].value == "open"
    assert not test.text_input


@pytest.mark.parametrize("secret", ["4711", "ключ 钥匙 🔑"])
@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_the_right_pin_opens_for_this_session_only(monkeypatch, secret, where):
    if where == "environment":
        monkeypatch.setenv("CNNATTN_PIN", secret)
    else:
        monkeypatch.setattr(pin.st, "secrets", {"pin": int(secret) if secret.isascii() else secret})
    test = session()
    assert test.markdown[0].value == "closed"
    test.text_input[0].input("0000").run()
    assert test.markdown[0].value == "closed"
    assert "not the PIN" in test.error[0].value
    test.text_input[0].input(secret).run()
    assert test.markdown[0].value == "open"
    assert not test.text_input
    assert not test.error
    assert test.run().markdown[0].value == "open"
    assert session().markdown[0].value == "closed"


def test_five_wrong_tries_close_it_for_the_minute_even_to_the_right_one(monkeypatch):
    monkeypatch.setenv("CNNATTN_PIN", "4711")
    for _ in range(5):  # each from a session of its own: the limit is the server's
        assert "not the PIN" in session().text_input[0].input("0815").run().error[0].value
    test = session().text_input[0].input("4711").run()
    assert test.markdown[0].value == "closed"
    assert "too many wrong tries" in test.error[0].value


def test_the_same_wrong_pin_twice_is_two_tries_and_a_rerun_is_none(monkeypatch):
    monkeypatch.setenv("CNNATTN_PIN", "4711")
    test = session()
    for _ in range(5):
        test.text_input[0].input("0815").run()
        test.run()
        assert "not the PIN" in test.error[0].value
    assert "too many" in test.text_input[0].input("0815").run().error[0].value


def test_a_minute_later_one_may_try_again_and_right_ones_never_count():
    guard = Guard()
    for second in range(100):
        assert guard.accepts("4711", "4711", second)
    for second in range(5):
        assert not guard.accepts("0815", "4711", 100 + second)
    with pytest.raises(Problem, match="wait 1 s and"):
        guard.accepts("4711", "4711", 159.5)
    assert guard.accepts("4711", "4711", 160)
    assert not guard.accepts("0815", "4711", 160)
    with pytest.raises(Problem, match="wait 1 s and"):
        guard.accepts("4711", "4711", 160.5)


def test_tries_at_the_same_moment_count_each():
    guard = Guard()

    def attempt(number: int) -> bool | None:
        try:
            return guard.accepts(str(number), "4711", 0)
        except Problem:
            return None

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(attempt, range(200)))
    assert outcomes.count(False) == 5
    assert outcomes.count(None) == 195


def test_one_client_does_not_lock_the_others_out():
    guard = Guard()
    for _ in range(5):
        assert not guard.accepts("0815", "4711", 0, "10.0.0.66")
    with pytest.raises(Problem, match="too many"):
        guard.accepts("4711", "4711", 1, "10.0.0.66")
    assert guard.accepts("4711", "4711", 1, "10.0.0.7")


@pytest.mark.parametrize(
    ("address", "forwarded", "said"),
    [
        ("10.0.0.7", "10.0.0.66", "10.0.0.7"),  # without a proxy a header proves nothing
        (None, "10.0.0.66, 10.0.0.7", "10.0.0.7"),  # the proxy adds the last one
        (None, "", ""),
        # A household has 2^64 addresses of the newer kind, and no more tries for that.
        ("2001:db8:0:1:aaaa::1", "", "2001:db8:0:1::/64"),
        (None, "2001:db8:0:1:bbbb::2", "2001:db8:0:1::/64"),
        (None, "no address", "no address"),
    ],
)
def test_who_is_asked_for_the_pin(monkeypatch, address, forwarded, said):
    context = SimpleNamespace(ip_address=address, headers={"X-Forwarded-For": forwarded})
    monkeypatch.setattr(pin.st, "context", context)
    assert pin.client() == said


def test_many_clients_together_cannot_try_all_pins_either():
    guard = Guard()
    outcomes = []
    for number in range(100):
        try:
            outcomes.append(guard.accepts(str(number), "4711", 0, f"10.0.0.{number}"))
        except Problem:
            outcomes.append(None)
    assert outcomes.count(False) == 50
    assert guard.accepts("4711", "4711", 61, "10.0.0.7")
