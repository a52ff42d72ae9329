"""The numbers in docs/performance.md: ``python -m benchmarks.NAME``, each with its peer."""

from streamlit.logger import set_log_level

set_log_level("error")  # they use what the pages use, outside of any session
