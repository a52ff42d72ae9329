"""The channels of the chosen stage, one of them large, and heat maps: each drawn once for all."""

from collections.abc import Sequence

from cnnattn.figures.heat.heat_matrix import heat_matrix
from cnnattn.figures.kit.finished import Finished
from cnnattn.figures.kit.panels import across
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.maps.one_channel import enlarged
from cnnattn.web.compare.first_screen import background
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.drawn import Drawn, drawn
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.library.tables import stage_rows
from cnnattn.web.shell.text import _


@drawn
def grid(
    models: Sequence[Model],
    chosen: Chosen,
    index: int,
    role: str,
    *,
    which: str,
    count: int,
    scale: str,
    smooth: bool,
    deviation: bool,
    by_weight: bool,
    selected: int | None,
    low: bool,
    width: int,
) -> Drawn:
    """The channels of stage ``index`` and their gates.

    It is told why the models have scales of their own, where that is decided automatically.
    """
    pairs = charts.pairs_of(models, chosen.picture)
    shown = charts.with_stage(pairs, index)
    panels = [charts.grid_panel((m, f), m.stages[index], role, which, count) for m, f in shown]
    reason = charts.why_own_scales([(panel.title, panel.maps) for panel in panels])
    figure = channel_grid(
        panels,
        shared_scale=scale == "shared" or (scale == "auto" and not reason),
        smooth=smooth,
        value_title=_("activation"),
        percentile=99.5,  # else a few bright pixels leave all other tiles black
        gate_title=(
            _("Gates, deviation from the mean") if deviation else _("Gate weight per channel")
        ),
        mean_label=_("mean {mean:.2f}"),
        selected=selected,
        gate_order="weight" if by_weight else "channel",
        deviation=deviation,
        low=low,
        width=width,
    )
    told = reason if scale == "auto" else ""
    return Drawn(Finished(figure), charts.grid_alt(pairs, index), told)


@drawn
def one_channel(
    models: Sequence[Model],
    chosen: Chosen,
    index: int,
    role: str,
    channel: int,
    *,
    scale: str,
    smooth: bool,
    width: int,
) -> Drawn:
    """One channel of stage ``index``, large; what is to be said of it in each model is told."""
    pairs = charts.with_stage(charts.pairs_of(models, chosen.picture), index)
    having = [(m, f) for m, f in pairs if channel < len(f.maps[m.stages[index].layers[role]])]
    maps = [f.maps[m.stages[index].layers[role]][channel] for m, f in having]
    titles = [m.title for m, _found in having]
    reason = charts.why_own_scales(list(zip(titles, maps, strict=True)))
    stories = [
        (m.title, charts.channel_story((m, f), m.stages[index], role, channel)) for m, f in pairs
    ]
    figure = enlarged(
        maps,
        titles,
        [m.colour for m, _found in having],
        value_title=_("activation"),
        hover=_("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z:.4g}"),
        shared_scale=scale == "shared" or (scale == "auto" and not reason),
        smooth=smooth,
        width=width,
    )
    alt = _("Channel {number}, enlarged", number=channel)
    told = "; ".join(f"{title}: {story}" for title, story in stories)
    lines = "\n\n".join(f"**{title}** · {story}" for title, story in stories)
    return Drawn(Finished(figure), f"{alt}. {told}", lines)


@drawn
def heat_maps(
    models: Sequence[Model],
    chosen: Chosen,
    target: str,
    top: int,
    width: int,
) -> Drawn:
    """Grad-CAM for the class ``target`` and the ``top`` strongest channels, over the picture."""
    below = background(models, chosen.picture)
    columns = [charts.heat_column(m, chosen.picture, below, target, top) for m in models]
    figure = heat_matrix(
        columns,
        hover=charts.value_hover(),
        value_title=_("relative to maximum"),
        across=across(top + 1, 110, width / len(models)),
        largest=220,
        width=width,
    )
    return Drawn(Finished(figure), charts.heat_alt(columns))


def rows(models: Sequence[Model], chosen: Chosen, index: int, role: str) -> list[dict[str, object]]:
    """The numbers of the channels of stage ``index``, as the lines of a table."""
    return stage_rows(charts.pairs_of(models, chosen.picture), index, role)
