# The app for the CPU, as a user without rights; docs/deploy.md says how to build and start it.
FROM python:3.12-slim

# Where to get torch without CUDA (200 MB instead of some 6 GB): the address that pytorch.org's page
# "Get started" names for pip, Linux and CPU. Empty: as everything else.
ARG TORCH_INDEX=""

# A run's process may start the next run's; tini takes leave of those that end without a parent.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 lab
WORKDIR /lab

COPY requirements.txt .
RUN pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch torchvision \
 && pip install --no-cache-dir -r requirements.txt

COPY . .
RUN mkdir -p runs data data-cache && chown -R lab runs data data-cache
USER 1000

ENV PYTHONUNBUFFERED=1
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"
ENTRYPOINT ["tini", "--"]
CMD ["streamlit", "run", "app.py", "--server.headless=true", "--server.address=0.0.0.0", "--server.port=8501"]
