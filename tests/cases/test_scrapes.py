"""What Prometheus makes of `/metrics`: packed when it asks for that, and its lines apart or refused by `check`."""

import asyncio
from pathlib import Path
from typing import Any, Final

from aiohttp import web as aiohttp_web
from click.testing import CliRunner, Result

from streams.commands.check.command import check
from streams.serve.wall.payload import HealthPayload
from streams.serve.web import create_web, serve
from tests.alerting import scraped
from tests.brokers.ports import next_port
from tests.runtime.workers import until
from tests.serve.wall_payloads import wall_payload

LINES: Final = [f"Lijn {number:03d}" for number in range(400)]
NORMS: Final = "wachtmonitor_norm_wait_seconds"
WORKER: Final = "".join(
    [
        'wachtmonitor_open 1\nwachtmonitor_clusters 400\nwachtmonitor_build_info{version="1"} 1\n',
        *(f'wachtmonitor_norm_wait_seconds{{channel="phone",cluster="{line}"}} 45\n' for line in LINES),
    ]
).encode()


def of_their_own(target: str, labels: dict[str, str]) -> dict[str, Any]:
    """A configuration that is not the one of deploy/: nothing is said of labels."""
    return {
        "global": dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s"),
        "rule_files": scraped.configuration([target], {})["rule_files"],
        "scrape_configs": [{"job_name": "city", "static_configs": [{"targets": [target], "labels": labels}]}],
    }


async def test_a_prometheus_gets_every_line_packed(tmp_path: Path) -> None:
    """Right: it asks for gzip by itself, gets it, and has all 400 lines."""
    app = create_web(
        metrics=lambda: WORKER,
        months=lambda: b"",
        wall=wall_payload,
        health=HealthPayload,
        worker_health=HealthPayload,
    )
    codings: list[str | None] = []

    async def note(_: aiohttp_web.Request, response: aiohttp_web.StreamResponse) -> None:
        codings.append(response.headers.get("Content-Encoding"))

    app.on_response_prepare.append(note)
    runner = await serve(app, "127.0.0.1", 0)
    try:
        target = f"127.0.0.1:{runner.addresses[0][1]}"
        with scraped.prometheus(of_their_own(target, {}), tmp_path) as url:
            await until(lambda: len(scraped.series(url, NORMS)) == len(LINES), "all lines")
    finally:
        await runner.cleanup()
    assert set(codings) == {"gzip"}


async def test_a_target_label_called_cluster_is_refused_by_check_with_what_to_do(tmp_path: Path) -> None:
    """Right: Prometheus would make one line of 400; `check` ends with 1 and names the job and `honor_labels`."""
    with (
        scraped.pages(lambda: WORKER) as target,
        scraped.prometheus(of_their_own(target, {"cluster": "prod-1"}), tmp_path) as url,
    ):
        merged = f'{NORMS}{{cluster="prod-1"}}'
        await until(lambda: len(scraped.series(url, merged)) == len(LINES), "all of one name")
        told = await asyncio.to_thread(_checked, url)
    assert told.exit_code == 1
    (said,) = [line for line in told.output.splitlines() if "Prometheus job city" in line]
    assert said.startswith("✗ wrong")
    assert "label cluster became exported_cluster" in said
    assert "Set honor_labels: true in this job" in said


def _checked(url: str) -> Result:
    environ = {
        "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{next_port()}",
        "WACHTMONITOR_WEB_PORT": str(next_port()),
        "WACHTMONITOR_PROMETHEUS_URL": url,
    }
    return CliRunner().invoke(check, [], env=environ)
