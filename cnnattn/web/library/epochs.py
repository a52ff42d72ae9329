"""Look back: the networks of runs as they were after each of their epochs."""

from pathlib import Path

import streamlit as st

from cnnattn.problem import Problem
from cnnattn.web.library.checkpoints import Model, model
from cnnattn.web.library.run_files import snapshots
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.component import component
from cnnattn.web.shell.text import _, sentence

PACE = 1.5  # seconds that each epoch is shown for

# The clock of playing is in the browser: there it can wait until the page has been drawn, and stop
# as soon as a link is clicked. A timer of the server (a fragment's) may fire just after the click,
# and its rerun then takes the place of the change of page.
_CLOCK = """
function begin({ data, setTriggerValue }) {
  let timer;
  const app = document.querySelector("[data-testid=stApp]");
  const tick = () => {
    if (app?.dataset.testScriptState === "running") timer = setTimeout(tick, 200);
    else setTriggerValue("next", data.epoch);
  };
  const leave = (event) => { if (event.target.closest("a")) clearTimeout(timer); };
  timer = setTimeout(tick, 1000 * data.seconds);
  document.addEventListener("pointerdown", leave, true);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("pointerdown", leave, true);
  };
}
"""

_clock = component("epoch_clock", _CLOCK)


def look_back(models: list[Model]) -> list[Model]:
    """The models; those of runs as they were after the epoch that is chosen here.

    Draws a switch, a slider over the epochs and a button that plays them one after the other, but
    nothing while none of the models is a run with epochs to look back at.
    """
    by_epoch = {each.name: found for each in models if (found := snapshots(each.file))}
    last = max((max(found) for found in by_epoch.values()), default=0)
    if last < 2:
        return models
    with st.container(horizontal=True, vertical_alignment="center", key="look_back_row"):
        if not view.switch(
            _("Look back through the epochs"),
            "look_back",
            False,
            help=_(
                "Shows how each trained network became what it is: its maps, weights and "
                "predictions after every epoch. Otherwise its best epoch is shown."
            ),
        ):
            return models
        epoch = view.slide(_("Epoch"), "epoch", 1, 1, last, label_visibility="collapsed")
        playing = st.session_state.get("playing", False)
        # A callback, not st.rerun: that would take back a change of page asked for meanwhile.
        st.button(
            _("Pause") if playing else _("Play"),
            key="play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=_pause if playing else _start,
            args=() if playing else (epoch, last),
        )
    if playing:
        _clock(
            key="epoch_clock",
            data={"epoch": epoch, "seconds": PACE},
            on_next_change=lambda: _go_on(epoch, last),
        )
    return [_as_it_was(each, by_epoch.get(each.name, {}), epoch) for each in models]


def play_from_the_start() -> None:
    """Let the page that is opened next play the epochs of its runs, from the first."""
    st.session_state.update(look_back=True, epoch=1, playing=True)


def _as_it_was(model_now: Model, by_epoch: dict[int, Path], epoch: int) -> Model:
    """A run's model after ``epoch``, or after its last one before; other models as they are."""
    earlier = [number for number in by_epoch if number <= epoch]
    if not earlier:
        return model_now
    try:
        return model(by_epoch[max(earlier)])
    except Problem as problem:  # deleted a moment ago
        st.warning(sentence(problem), icon=":material/error:")
        return model_now


def _start(epoch: int, last: int) -> None:
    st.session_state["playing"] = True
    if epoch == last:
        st.session_state["epoch"] = 1


def _pause() -> None:
    st.session_state["playing"] = False


def _go_on(epoch: int, last: int) -> None:
    st.session_state["epoch"] = min(epoch + 1, last)
    st.session_state["playing"] = epoch + 1 < last
