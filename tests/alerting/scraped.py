"""A real Prometheus with the configuration of deploy/ that scrapes pages which a test makes up."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from streams.kafka.embedded import free_port
from streams.serve.metrics.metric import Page
from tests.alerting.prometheus import RULES
from tests.deploy.tools import needs

CONFIGURATION: Final = RULES.parent / "prometheus.yml"

PATIENCE_SECONDS: Final = 60.0


@contextmanager
def pages(page: Callable[[], bytes | None]) -> Iterator[str]:
    """A worker's page at the address that is given, beside one of no months; None is an error of the worker."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page() if self.path == Page.LIVE.value else b""
            self.send_response(200 if body is not None else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def configuration(targets: list[str], labels: Mapping[str, str]) -> dict[str, Any]:
    """That of deploy/, for the workers at these addresses, with labels of their targets."""
    found: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
    found["rule_files"] = [str(path) for path in sorted(RULES.glob("*.yml"))]
    found["scrape_configs"] = [job for job in found["scrape_configs"] if "dns_sd_configs" in job]
    for job in found["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": targets, "labels": dict(labels)}]
    return found


@contextmanager
def prometheus(settings: Mapping[str, Any], directory: Path) -> Iterator[str]:
    """A Prometheus on the samples in `directory`/data, at the address that is given once it answers."""
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(dict(settings)))
    url = f"http://127.0.0.1:{free_port()}"
    arguments = {
        "config.file": file,
        "storage.tsdb.path": directory / "data",
        "storage.tsdb.retention.time": "100y",
        "web.listen-address": url.removeprefix("http://"),
    }
    with (directory / "prometheus.log").open("ab") as log:
        process = subprocess.Popen(
            [needs("prometheus"), *(f"--{name}={value}" for name, value in arguments.items())], stdout=log, stderr=log
        )
    try:
        wait_for(lambda: _is_ready(url), f"Prometheus answers; its log is {log.name}")
        yield url
    finally:
        process.terminate()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def series(url: str, expr: str) -> list[tuple[dict[str, str], float]]:
    """The labels and values that an instant query gives now."""
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': expr})}", timeout=30) as answer:
        result = json.load(answer)["data"]["result"]
    return [(each["metric"], float(each["value"][1])) for each in result]


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so; raises AssertionError when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what}"
        time.sleep(0.2)
