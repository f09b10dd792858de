"""Private Prometheus, Alertmanager and exporter processes, and what they say over HTTP."""
from __future__ import annotations

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from process import LOOPBACK, Directory, Process, ServerError, free_port

RULES = pathlib.Path(__file__).resolve().parents[2] / "rules"


class HttpServer:
    """A server that says over HTTP whether it is ready."""

    def __init__(self, name: str, command: list[str], directory: Directory, port: int,
                 ready_path: str = "/-/ready") -> None:
        self.port, self.url, self.ready_path = port, f"http://{LOOPBACK}:{port}", ready_path
        self.server = Process(name, command, directory.path / f"{name}.log")

    def wait_ready(self, seconds: float = 30) -> None:
        self.server.wait_ready("answers ready", lambda: self.get(self.ready_path) is not None, seconds)

    def get(self, path: str, seconds: float = 5) -> str | None:
        """The body of a good answer, nothing otherwise."""
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(self.url + path, timeout=seconds) as answer:
                return answer.read().decode()
        return None

    def stop(self) -> None:
        self.server.end(signal.SIGTERM)


class Alertmanager(HttpServer):
    def __init__(self, directory: Directory, port: int = 0) -> None:
        config = directory.file("alertmanager.yml", "route: {receiver: demo, group_wait: 1s}\n"
                                "receivers: [{name: demo}]\n")
        port = free_port(port)
        super().__init__("alertmanager", [
            "prometheus-alertmanager", f"--config.file={config}", "--cluster.listen-address=",
            f"--web.listen-address={LOOPBACK}:{port}",
            f"--storage.path={directory.path / 'alertmanager'}"], directory, port)

    def alerts(self) -> set[str]:
        found = json.loads(self.get("/api/v2/alerts") or "[]")
        return {alert["labels"]["alertname"] for alert in found}


def shortened_rules(directory: Directory, factor: int) -> list[pathlib.Path]:
    """The shipped rules, in `directory`, with their durations divided by `factor`."""
    shipped = sorted(RULES.glob("*.yml"))
    folder = directory.path / "rules"
    subprocess.run([RULES / "shorten", str(factor), folder, *shipped], check=True)
    return [folder / path.name for path in shipped]


class Prometheus(HttpServer):
    """Scrapes `targets` (host:port), or as `scrapes` says, and evaluates `rules`, both every `interval`."""

    def __init__(self, directory: Directory, targets: list[str], rules: list[pathlib.Path],
                 alertmanager: Alertmanager | None = None, interval: str = "1s", port: int = 0,
                 scrapes: list[dict] | None = None) -> None:
        managers = [f"{LOOPBACK}:{alertmanager.port}"] if alertmanager else []
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval,
                       "evaluation_interval": interval},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": scrapes or [{"job_name": "mixed_state", "static_configs": [{"targets": targets}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": managers}]}]},
        }
        path = directory.file("prometheus.yml", json.dumps(config, indent=1))  # JSON is YAML
        port = free_port(port)
        super().__init__("prometheus", [
            "prometheus", f"--config.file={path}", f"--web.listen-address={LOOPBACK}:{port}",
            f"--storage.tsdb.path={directory.path / 'prometheus'}"], directory, port)

    def query(self, expression: str) -> list[dict]:
        body = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return json.loads(body)["data"]["result"] if body else []

    def firing(self) -> set[str]:
        found = json.loads(self.get("/api/v1/alerts") or '{"data": {"alerts": []}}')
        return {alert["labels"]["alertname"] for alert in found["data"]["alerts"]
                if alert["state"] == "firing"}


class Exporter(HttpServer):
    """The program under test, with a configuration file."""

    def __init__(self, directory: Directory, program: pathlib.Path, config: pathlib.Path, port: int = 0,
                 flags: list[str] | None = None) -> None:
        port = free_port(port)
        super().__init__("exporter", [
            str(program), f"--config.file={config}", f"--web.listen-address={LOOPBACK}:{port}",
            *(flags or [])], directory, port)

    def metrics(self) -> Metrics:
        return Metrics(self.get("/metrics") or "")


class Metrics:
    """A page in the Prometheus text format, to look values up in."""

    SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text: str) -> None:
        self.samples: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            if match := self.SAMPLE.match(line):
                self.samples.append((match[1], dict(self.LABEL.findall(match[2] or "")), float(match[3])))

    def all(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        """The series of mixed_state_`name` that have these labels."""
        return [(found, value) for sample, found, value in self.samples
                if sample == f"mixed_state_{name}" and labels.items() <= found.items()]

    def value(self, name: str, **labels: str) -> float | None:
        """The one value; nothing when absent, an error when several series match."""
        found = self.all(name, **labels)
        if len(found) > 1:
            raise ServerError(f"{len(found)} series match {name}{labels}")
        return found[0][1] if found else None
