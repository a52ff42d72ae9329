"""The only wing that knows Streamlit."""
