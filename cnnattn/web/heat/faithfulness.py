"""How faithful single maps are: their measures in words, and the curves behind them."""

from collections.abc import Sequence

import numpy as np

from cnnattn.explain.study import CONTROLS
from cnnattn.figures.heat.method_curves import Line, Panel
from cnnattn.web.heat.maps import Explained
from cnnattn.web.heat.methods import measure_names, method_names
from cnnattn.web.shell.text import _, percent

LOW_IS_GOOD = {"deletion", "drop"}


def beats(explained: Explained, method: str, measure: str) -> bool:
    """Whether a map does better than both controls."""
    value = explained.measured[method].values[measure]
    others = [explained.measured[control].values[measure] for control in CONTROLS]
    return value < min(others) if measure in LOW_IS_GOOD else value > max(others)


def measured_words(explained: Explained, method: str) -> list[str]:
    values = explained.measured[method].values
    words = {
        "deletion": _("deletion {value}"),
        "insertion": _("insertion {value}"),
        "drop": _("drop {value}"),
        "mass": _("energy inside {value}"),
    }
    lines = []
    for name, text in words.items():
        if name in values and np.isfinite(values[name]):
            mark = " ✓" if beats(explained, method, name) else ""
            lines.append(text.format(value=percent(values[name])) + mark)
    if "pointing" in values and np.isfinite(values["pointing"]):
        on = values["pointing"] > 0.5
        lines.append(_("pointing game: hit") + " ✓" if on else _("pointing game: miss"))
    return lines


def blurred_remarks(explained: Sequence[Explained]) -> list[str]:
    """Of each model that is surer of the blurred picture than of the clear one, a sentence why its
    insertion curves fall instead of rising."""
    lines = []
    for each in explained:
        blurred, clear = (next(iter(each.measured.values())).insertion[i] for i in (0, -1))
        if blurred > clear:
            lines.append(
                _(
                    "{model}: insertion ends lower than it starts ({blurred} → {clear}). The "
                    "blurred image alone already gives more confidence than the clear one, so here "
                    "insertion says little about the map.",
                    model=each.model.title,
                    blurred=percent(float(blurred)),
                    clear=percent(float(clear)),
                )
            )
    return lines


def rows(explained: Sequence[Explained]) -> list[dict[str, object]]:
    """The measures of every map and of the baselines, a row a model and method."""
    names, titles = method_names(), measure_names()
    return [
        {_("model"): each.model.title, _("method"): names[method]}
        | {
            titles[measure]: round(value, 4)
            for measure, value in measured.values.items()
            if np.isfinite(value)
        }
        for each in explained
        for method, measured in each.measured.items()
    ]


def curve_panels(explained: Sequence[Explained], methods: Sequence[str]) -> list[Panel]:
    """Deletion of every model, then insertion of every model."""
    names, panels = method_names(), []
    for what, title in (("deletion", _("Deletion")), ("insertion", _("Insertion"))):
        for each in explained:
            lines = []
            for name in [*methods, *CONTROLS]:
                if name not in each.measured:  # a method that this network does not have
                    lines.append(Line(np.empty(0), []))
                    continue
                curve = getattr(each.measured[name], what)
                shares = np.linspace(0, 1, len(curve))
                hovers = [
                    _("{method}<br>{share} of the pixels: confidence {sure}", method=names[name],
                      share=percent(share), sure=percent(float(sure)))
                    for share, sure in zip(shares, curve, strict=True)
                ]  # fmt: skip
                lines.append(Line(curve, hovers))
            panels.append(Panel(f"{title} · {each.model.title}", each.model.colour, lines))
    return panels
