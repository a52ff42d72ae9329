"""A figure goes to the browser as the plain dicts that it is made of."""

import base64
import json

import numpy as np
import pytest
from plotly.basedatatypes import BasePlotlyType
from streamlit.testing.v1 import AppTest

from cnnattn.figures.kit.frame import Part, figure, packed


def a_page():
    import numpy as np

    from cnnattn.figures.kit.frame import Part, figure
    from cnnattn.web.shell.plot import show

    bars = {"type": "bar", "x": np.arange(3), "y": np.array([0.5, np.nan, 2.0])}
    show(figure([Part([bars])], 100, "view"), key="bars", alt="Three bars")


def test_streamlit_takes_our_dicts_and_builds_none_of_plotlys_objects(monkeypatch):
    """We lean on ``st.plotly_chart`` asking a figure for ``to_dict()`` and nothing else."""
    AppTest.from_function(a_page).run()  # Streamlit builds its templates once

    def built(*_):
        raise AssertionError("one of Plotly's objects was built")

    monkeypatch.setattr(BasePlotlyType, "__init__", built)
    app = AppTest.from_function(a_page).run()
    assert not app.exception
    chart = next(element.proto for element in app.main if element.type == "plotly_chart")
    sent = json.loads(chart.spec)
    assert sent["layout"]["uirevision"] == "view"
    assert sent["data"][0]["x"] == {"dtype": "i1", "bdata": base64.b64encode(b"\0\1\2").decode()}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float32", "float64"])
def test_arrays_are_packed_as_their_bytes_rows_first(dtype):
    array = np.arange(12).reshape(3, 4).T.astype(dtype)  # lies columns first in memory
    plain = packed({"z": array, "deep": {"y": array[0]}, "none": None, "words": ["a"]})
    for found, wanted in ((plain["z"], array), (plain["deep"]["y"], array[0])):
        numbers = np.frombuffer(base64.b64decode(found["bdata"]), found["dtype"])
        np.testing.assert_array_equal(numbers, wanted.ravel())
    assert plain["z"]["shape"] == "4, 3"
    assert plain.keys() == {"z", "deep", "words"}


def test_numbers_that_the_browser_has_no_array_for_are_left_as_they_are():
    large = np.array([2**40])
    assert packed({"x": large})["x"] is large


def test_what_plotly_does_not_know_is_told_to_who_reads_the_figure():
    wrong = figure([Part([{"type": "bar", "colour": "red"}])], 100, "view")
    with pytest.raises(ValueError, match="colour"):
        _ = wrong.data


def a_page_with_a_table():
    import streamlit as st

    from cnnattn.figures.kit.frame import Part, figure
    from cnnattn.web.shell.plot import show

    def rows():
        st.session_state["asked"] = True
        return [{"class": "cat", "share": 0.5}]

    show(figure([Part([{"type": "bar", "y": [1]}])], 100, "view"), "bars", "One bar", rows=rows)


def test_a_table_is_computed_only_while_it_is_open():
    app = AppTest.from_function(a_page_with_a_table).run()
    assert "asked" not in app.session_state
    assert not app.dataframe
    app.session_state["_open_tables"] = {"bars"}
    app.run()
    assert not app.exception
    [table] = app.dataframe
    assert table.value.to_dict("records") == [{"class": "cat", "share": 0.5}]
