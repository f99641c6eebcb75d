# The sandbox for a team: see compose.yaml.  docker build -t justclick-sandbox .
FROM python:3.13-slim

WORKDIR /source
COPY . .
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[cli]" && install -d -o 1000 /data

USER 1000
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/sandbox/health', timeout=2)"]

# Docker's own networks may open the pages; publish the port to 127.0.0.1 only.
ENTRYPOINT ["python", "-m", "justclick_async.sandbox", "--host", "0.0.0.0", "--port", "8080", "--log"]
CMD ["--visitor", "docker"]
