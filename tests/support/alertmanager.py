"""The shipped Alertmanager configuration in a real Alertmanager, told to a webhook that keeps what it hears."""
from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Callable

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "demo"))
from endpoints import Endpoint  # noqa: E402
from monitoring import HttpServer  # noqa: E402
from process import LOOPBACK, Directory, free_port  # noqa: E402

SHIPPED = ROOT / "rules" / "alertmanager"
FACTOR = 60         # by which the waits of the routes are divided: an interval of 5 m lasts 5 s
UNITS = {"s": 1, "m": 60, "h": 3600}
Receivers = Callable[[list[dict]], list[dict]]


class Catcher:
    """A webhook that keeps what it is told, by path; it stands for Slack and PagerDuty too."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict]] = []
        self.endpoint = Endpoint(self._keep)
        self.url = f"http://{self.endpoint.address}"

    def _keep(self, _method: str, path: str, _headers: dict[str, str], body: str) -> tuple[int, dict[str, str], str]:
        self.told.append((path.strip("/"), json.loads(body)))
        return 202, {}, '{"status": "success"}'

    def of(self, path: str) -> list[dict]:
        return [body for name, body in list(self.told) if name == path]

    def close(self) -> None:
        self.endpoint.stop()


def divided(node: object) -> object:
    """The routes with their waits divided."""
    if isinstance(node, list):
        return [divided(each) for each in node]
    if not isinstance(node, dict):
        return node
    waits = ("group_wait", "group_interval", "repeat_interval")
    def seconds(text: str) -> float:
        return int(text[:-1]) * UNITS[text[-1]] / FACTOR
    return {key: f"{round(1000 * seconds(value))}ms" if key in waits else divided(value) for key, value in node.items()}


class ShippedAlertmanager(HttpServer):
    """Its receivers are turned into paths of `catcher`, or into what `receivers` makes of them; `changes` are of top-level keys."""

    def __init__(self, directory: Directory, catcher: Catcher, port: int = 0, receivers: Receivers | None = None,
                 **changes: object) -> None:
        config = yaml.safe_load((SHIPPED / "alertmanager.yml").read_text())
        config["receivers"] = receivers(config["receivers"]) if receivers else [
            {"name": each["name"], "webhook_configs": [{"url": f"{catcher.url}/{each['name']}",
                                                        "send_resolved": each["name"] != "dead_man"}]}
            for each in config["receivers"]]
        config["route"] = divided(config["route"])
        config["route"]["routes"][0]["routes"][0]["repeat_interval"] = "1s"  # the watchdog's: tests use it as a clock
        config["templates"] = [str(SHIPPED / "templates" / "*.tmpl")]
        config.update(changes)
        config["global"] = {"slack_api_url": f"{catcher.url}/slack", "pagerduty_url": f"{catcher.url}/pagerduty"}
        path = directory.file("alertmanager.yml", json.dumps(config))
        port = free_port(port)
        super().__init__("alertmanager", [
            "prometheus-alertmanager", f"--config.file={path}", "--cluster.listen-address=",
            f"--web.listen-address={LOOPBACK}:{port}", f"--storage.path={directory.path / 'alertmanager'}"],
            directory, port)
