"""Start the app, as ``streamlit run app.py`` does, from wherever it is installed."""

from collections.abc import Sequence

from streamlit.web import cli

from cnnattn.places import CACHE, DATA, ROOT, RUNS


def serve(options: Sequence[str] = ()) -> None:
    """Serve the app until it is interrupted, with these options of ``streamlit run``.

    Streamlit reads .streamlit/config.toml beside app.py; an option goes before what it says.
    """
    print(f"runs: {RUNS}\ndata: {DATA}\ncache: {CACHE}", flush=True)
    cli.main(["run", str(ROOT / "app.py"), *options], prog_name="streamlit")
