"""Real servers with the real program over them, for tests that break the servers."""
from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "demo"))
from monitoring import Exporter, Metrics  # noqa: E402
from process import LOOPBACK, Directory, ServerError, wait_until  # noqa: E402
from servers import Pair, Postgres  # noqa: E402

POLL, TIMEOUT = 2.0, 1.0  # seconds, of CADENCES
CADENCES = "global: {poll_interval: 2s, deep_interval: 2s, position_interval: 100ms, poll_timeout: 1s}\n"
EVALUATION = 1.0          # a snapshot is made at most once a second
SLACK = 1.0               # for two busy cores, sanitizers, and our own psql
KNOWN_WITHIN = TIMEOUT + POLL + EVALUATION + SLACK
RECOVERED_WITHIN = 2 * POLL + TIMEOUT + EVALUATION + SLACK

HISTORY = """
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (41, false);
CREATE TABLE filler (payload text);
"""


def program() -> pathlib.Path:
    """The exporter under test: MSE_EXPORTER, else the newest build."""
    if named := os.environ.get("MSE_EXPORTER"):
        return pathlib.Path(named)
    built = sorted(ROOT.glob("build/*/mixed_state_exporter"), key=lambda path: path.stat().st_mtime)
    if not built:
        raise ServerError("no build/*/mixed_state_exporter; build one or set MSE_EXPORTER")
    return built[-1]


class FleetCase(unittest.TestCase):
    """A streaming pair that all tests of a class share, and the exporter that watches what `services` says."""

    databases: tuple[str, ...] = ("app", "other")
    pair: Pair
    exporter: Exporter
    directory: Directory

    @classmethod
    def services(cls) -> str:
        """The `services` of the configuration; may start more servers."""
        return cls.pair_service()

    @classmethod
    def pair_service(cls) -> str:
        return f"""
  - name: pair
    nodes:
      - {{name: pg-1, address: "{LOOPBACK}:{cls.pair.primary.port}"}}
      - {{name: pg-2, address: "{LOOPBACK}:{cls.pair.standby.port}"}}
    collect: [{{postgres: {{user: mixed_state, password_file: role.pass, database: app}}}}]
"""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.pair = Pair(cls.directory, databases=cls.databases)
        cls.addClassCleanup(cls.pair.stop)
        cls.pair.start()
        cls.directory.file("role.pass", cls.pair.password)
        cls.config = cls.directory.file("exporter.yml", CADENCES + "services:" + cls.services())
        for database in cls.databases:
            cls.pair.primary.psql(HISTORY, db=database)
        grant(cls.pair.primary, cls.config)
        wait_until("the standby has caught up", lambda: cls.pair.standby.caught_up_with(cls.pair.primary))
        cls.exporter = cls.start_exporter()
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()

    @classmethod
    def start_exporter(cls) -> Exporter:
        return Exporter(cls.directory, program(), cls.config)

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Shows the exporter's log with a failure."""
        before = len(result.failures) + len(result.errors)
        outcome = super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(self.exporter.server.tail(25), file=sys.stderr)
        return outcome

    @property
    def primary(self) -> Postgres:
        return self.pair.primary

    @property
    def standby(self) -> Postgres:
        return self.pair.standby

    def eventually(self, what: str, condition: Callable[[Metrics], object], seconds: float = KNOWN_WITHIN) -> float:
        """Waits until /metrics fulfils `condition`; how long it took."""
        started = time.monotonic()
        try:
            wait_until(what, lambda: condition(self.exporter.metrics()), seconds)
        except ServerError as error:
            self.fail(f"{error}\n{self.picture()}")
        return time.monotonic() - started

    def picture(self) -> str:
        names = ("node_status", "collector_errors_total", "replica_lag_seconds", "replica_lag_bytes",
                 "replication_link_up", "canonical_missing")
        samples = [sample for name in names for sample in self.exporter.metrics().all(name) if sample[1]]
        return "\n".join(map(str, samples))

    def statuses(self, metrics: Metrics, node: str, service: str = "pair") -> dict[str, float]:
        return {labels["dimension"]: value for labels, value in
                metrics.all("node_status", service=service, node=node)}

    def is_unknown(self, metrics: Metrics, node: str, service: str = "pair") -> bool:
        return set(self.statuses(metrics, node, service).values()) == {2}

    def is_canonical(self, metrics: Metrics, node: str, service: str = "pair") -> bool:
        return set(self.statuses(metrics, node, service).values()) == {0}

    def errors(self, metrics: Metrics, reason: str, service: str = "pair") -> float:
        return sum(value for _, value in metrics.all("collector_errors_total", service=service, reason=reason))

    def assert_fresh(self, node: str, service: str = "pair") -> None:
        """`node` was polled within two intervals, whatever happens to others."""
        polled = self.exporter.metrics().value("collector_last_success_timestamp_seconds", service=service,
                                               node=node, collector="postgres")
        self.assertIsNotNone(polled)
        self.assertLess(time.time() - polled, 2 * POLL + EVALUATION + SLACK)


def grant(server: Postgres, config: pathlib.Path) -> None:
    """Gives the exporter's role what the exporter asks for."""
    grants = subprocess.run([program(), "grants", f"--config.file={config}"], text=True, capture_output=True,
                            check=False)
    if grants.returncode != 0:
        raise ServerError(f"`grants` failed: {grants.stderr}")
    server.psql(grants.stdout)


class Backends:
    """The most backends that the exporter's role had at once in any database of a server, while `with` lasts."""

    def __init__(self, server: Postgres) -> None:
        self.most = 0
        self.session = server.session()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Backends:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        self.session.close()

    def _watch(self) -> None:
        with contextlib.suppress(ServerError, OSError):
            while not self.ended.wait(0.1):
                self.most = max(self.most, int(self.session.run(
                    "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM pg_stat_activity "
                    "WHERE usename = 'mixed_state' GROUP BY datname) AS by_database")))

