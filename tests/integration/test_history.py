"""The history through restarts of the real program: kills, damage, and what a real Prometheus sees of it."""
from __future__ import annotations

import os
import pathlib
import random
import signal
import sys
import time
import unittest
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import program  # noqa: E402
from monitoring import Exporter, Metrics, Prometheus, shortened_rules  # noqa: E402
from process import LOOPBACK, Directory, free_port, wait_until  # noqa: E402

STARTED_WITHIN = 2.0  # the bound, from the first instruction to an answer
FACTOR = 20  # of the rules: with a larger one a restart fills the window of an alert, as it never does in earnest
NODES = ("web-1", "web-2", "web-3")
CONFIG = """
global: {{poll_interval: 1s, deep_interval: 1s, poll_timeout: 500ms}}
services:
  - name: web
    nodes: [{nodes}]
    collect: [{{file: {{dimension: config, path: "{{node}}.yml"}}}}]
"""


class HistoryCase(unittest.TestCase):
    """Three nodes whose configurations are files, and an exporter that remembers them in one."""

    def setUp(self) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        for node in NODES:
            self.give(node, 1)
        self.config = self.directory.file("exporter.yml", self.text())
        self.history = self.directory.path / "history.db"
        self.port = free_port()
        self.start()

    def text(self) -> str:
        """The configuration."""
        return CONFIG.format(nodes=", ".join(f"{{name: {node}}}" for node in NODES))

    def give(self, node: str, release: int) -> None:
        """Replaces the file of `node` at once, as tools do."""
        new = self.directory.file(f"{node}.new", f"release: {release}\n")
        new.rename(self.directory.path / f"{node}.yml")

    def start(self) -> float:
        """How long until it answered."""
        begun = time.monotonic()
        self.exporter = Exporter(self.directory, program(), self.config, self.port,
                                 [f"--storage.path={self.history}"])
        self.addCleanup(self.exporter.stop)
        wait_until("it answers", lambda: self.exporter.get("/metrics") is not None, 10, 0.01)
        return time.monotonic() - begun

    def kill(self) -> None:
        self.exporter.server.end(signal.SIGKILL)

    def eventually(self, what: str, condition: Callable[[Metrics], object]) -> Metrics:
        def metrics_that_do() -> Metrics | None:
            metrics = self.exporter.metrics()
            return metrics if condition(metrics) else None
        return wait_until(what, metrics_that_do, 10)

    def diverge(self) -> float:
        """web-2 alone moves, by nobody's word; since when."""
        self.eventually("all are compared", lambda metrics: self.status(metrics, "web-3") == 0)
        self.give("web-2", 2)
        return self.since(self.eventually("web-2 is divergent", lambda metrics: self.status(metrics, "web-2") == 3))

    def status(self, metrics: Metrics, node: str) -> float | None:
        return metrics.value("node_status", service="web", dimension="config", node=node)

    def since(self, metrics: Metrics) -> float | None:
        return metrics.value("node_divergent_since_timestamp_seconds", service="web", dimension="config", node="web-2")


class Restarts(HistoryCase):
    def test_a_node_that_cannot_be_read_after_it_makes_no_other_look_canonical(self) -> None:
        self.diverge()
        self.kill()
        self.directory.path.joinpath("web-3.yml").unlink()
        os.mkfifo(self.directory.path / "web-3.yml")
        self.start()
        told = []
        self.eventually("web-2 is told", lambda metrics: told.append(self.status(metrics, "web-2")) or told[-1] is not None)
        self.assertEqual(told[-1], 3, "never canonical in between")
        self.assertEqual(self.status(self.exporter.metrics(), "web-3"), 2)

    def test_a_damaged_file_is_set_aside_and_counted(self) -> None:
        self.diverge()
        self.kill()
        for log in self.directory.path.glob("history.db-*"):  # it would mend the file
            log.unlink()
        with self.history.open("r+b") as file:
            file.write(random.randbytes(4096))
        self.assertLess(self.start(), STARTED_WITHIN)
        self.assertEqual(self.exporter.metrics().value("storage_errors_total", reason="corrupt"), 1)
        self.assertTrue(list(self.directory.path.glob("history.db.*")), "the damaged file is kept")
        self.eventually("it compares again", lambda metrics: self.status(metrics, "web-2") == 3)


class UnderPrometheus(HistoryCase):
    """What a Prometheus with the shipped rules makes of a restart."""

    # All that a lasting split fires. The last two need some history first, and are never seen pending.
    ALERTS = {"MixedStateSplitConfiguration", "MixedStateExposureBurn", "MixedStatePauseRollout"}

    def value(self, expression: str) -> float | None:
        found = self.prometheus.query(expression)
        return float(found[0]["value"][1]) if found else None

    def test_no_alert_ends_or_begins_and_no_counter_leaps(self) -> None:
        self.prometheus = Prometheus(self.directory, [f"{LOOPBACK}:{self.port}"], shortened_rules(self.directory, FACTOR), interval="1s")
        self.addCleanup(self.prometheus.stop)
        self.prometheus.wait_ready()
        self.diverge()
        wait_until("it is alerted on", lambda: self.ALERTS <= self.prometheus.firing(), 240)
        wait_until("nothing new is about to fire", lambda: not self.prometheus.query('ALERTS{alertstate="pending"}'), 90)
        before = self.prometheus.firing()
        begun = time.time()
        self.kill()
        self.start()
        self.eventually("it compares again", lambda metrics: self.status(metrics, "web-2") == 3)
        since_then = f"count_over_time((timestamp(mixed_state_snapshot_timestamp_seconds) > {time.time()})[1m:1s])"
        wait_until("ten scrapes later", lambda: (self.value(since_then) or 0) >= 10, 60)
        lasted = f"{int(time.time() - begun) + 1}s"
        self.assertEqual(self.prometheus.firing(), before)
        ever = {found["metric"]["alertname"] for found in
                self.prometheus.query(f'count by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{lasted}]))')}
        self.assertEqual(ever, before)
        since = "mixed_state_node_divergent_since_timestamp_seconds"
        self.assertEqual(self.value(f"max(max_over_time({since}[{lasted}])) - min(min_over_time({since}[{lasted}]))"), 0)
        seconds = "sum(rate(mixed_state_node_seconds_total[5s]))"
        self.assertLessEqual(self.value(f"max_over_time(({seconds})[{lasted}:1s])"), 1.5 * len(NODES))


if __name__ == "__main__":
    unittest.main(verbosity=2)
