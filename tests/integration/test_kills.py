"""A hundred kills of the real program at random moments: it starts soon, loses nothing that it answered with 200, and no
change or divergence that it told of gets shorter."""
from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from changes_api import USERS, Api, SecuredExporter  # noqa: E402
from monitoring import Metrics  # noqa: E402
from process import wait_until  # noqa: E402
from test_history import NODES, STARTED_WITHIN, HistoryCase  # noqa: E402

POLL = 0.3
KILLS = int(os.environ.get("MSE_KILLS", "100"))  # three minutes with sanitizers
LOOKS = 4  # after so many kills it is left alone until all is told, and killed then
CANONICAL, TRANSITION, DIVERGENT = 0, 1, 3
CONFIG = "global: {{poll_interval: {poll}, deep_interval: {poll}, poll_timeout: 200ms}}\nservices:\n{services}"
SERVICE = """
  - name: {name}
    nodes: [{nodes}]
    collect: [{{file: {{dimension: config, path: "{{node}}.yml"}}}}]
"""
SHOP, LEDGER = (tuple(f"{name}-{number}" for number in (1, 2, 3)) for name in ("shop", "ledger"))


class Kills(HistoryCase):
    """web has a divergent node, shop an open declared change, and ledger a divergent node that was acknowledged."""

    def setUp(self) -> None:
        self.seed = random.randrange(1 << 32)
        self.random = random.Random(self.seed)
        super().setUp()

    def text(self) -> str:
        self.web_file = self.directory.file("web.config.yml", USERS)
        for node in (*SHOP, *LEDGER):
            self.give(node, 1)
        services = {"web": NODES, "shop": SHOP, "ledger": LEDGER}
        return CONFIG.format(poll=f"{POLL * 1000:.0f}ms", services="".join(SERVICE.format(
            name=name, nodes=", ".join(f"{{name: {node}}}" for node in nodes)) for name, nodes in services.items()))

    def start(self) -> float:
        begun = time.monotonic()
        self.exporter = SecuredExporter(self.directory, self.config, self.port, None, [
            "--web.enable-changes", f"--web.config.file={self.web_file}", f"--storage.path={self.history}"])
        self.addCleanup(self.exporter.stop)
        self.ci = Api(self.port, None)
        self.exporter.server.wait_ready("it answers", lambda: self.exporter.get("/metrics") is not None, 10)
        return time.monotonic() - begun

    def status_of(self, metrics: Metrics, node: str) -> float | None:
        return metrics.value("node_status", service=node.partition("-")[0], dimension="config", node=node)

    def acknowledge(self, node: str, reason: str) -> str:
        return self.ci.told("/api/v1/acknowledgements", service="ledger", dimension="config", nodes=[node], owner="dba",
                            reason=reason, until="1h")["id"]

    def begin(self) -> None:
        """All that is to last."""
        self.since_web = self.diverge()
        self.give("ledger-2", 2)
        self.eventually("ledger-2 is divergent", lambda metrics: self.status_of(metrics, "ledger-2") == DIVERGENT)
        self.told = {self.acknowledge("ledger-2", "planned")}
        target = next(labels["fingerprint"] for labels, _ in self.exporter.metrics().all(
            "state_nodes", service="web", role="other"))
        self.at = time.time()
        declared = self.ci.told("/api/v1/changes", service="shop", dimension="config", deploy_id="d-1", state=int(target),
                                deadline="30m")
        self.give("shop-1", 2)
        self.eventually("shop-1 is at the target", lambda metrics: self.status_of(metrics, "shop-1") == CANONICAL
                        and self.status_of(metrics, "shop-2") == TRANSITION)
        self.change = self.declared_change()
        self.started = self.start_of(self.exporter.metrics())
        self.assertEqual(self.change["id"], declared["id"])
        self.assertAlmostEqual(self.started, self.at, delta=5)

    def declared_change(self) -> dict:
        change, = (each for each in self.ci.changes() if each["deploy_id"] == "d-1")
        return {key: change[key] for key in ("id", "started", "deadline", "open", "from", "to")}

    def start_of(self, metrics: Metrics) -> float | None:
        return metrics.value("change_start_timestamp_seconds", service="shop", dimension="config")

    def assert_true(self, metrics: Metrics) -> bool:
        """What is told is what was; whether all is."""
        told = {"since": (self.since(metrics), self.since_web), "start": (self.start_of(metrics), self.started),
                "active": (metrics.value("change_active", service="shop", dimension="config", declared="true"), 1),
                **{node: (self.status_of(metrics, node), status) for node, status in (
                    ("web-2", DIVERGENT), ("shop-1", CANONICAL), ("shop-2", TRANSITION), ("ledger-2", TRANSITION))}}
        for what, (found, truth) in told.items():
            self.assertIn(found, (None, truth), f"{what}, seed {self.seed}")
        return all(found is not None for found, _ in told.values())

    def assert_kept(self) -> None:
        """Once there is a snapshot: all that was answered."""
        listed = self.exporter.get("/api/v1/acknowledgements")
        if listed is None:
            return
        ids = {each["id"] for each in json.loads(listed)["acknowledgements"]}
        self.assertLessEqual(self.told, ids, f"seed {self.seed}")
        self.kept += 1

    def killed_meanwhile(self, number: int) -> None:
        """Acknowledges, and is killed before, while or after it answers."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.acknowledge, "ledger-3", f"kill {number}")
            threading.Event().wait(self.random.uniform(0, POLL))  # the moment is the test
            self.kill()
            try:
                self.told.add(answer.result())
                self.answered += 1
            except (OSError, http.client.HTTPException):
                self.cut_off += 1

    def test_what_it_answered_and_told_stays_true(self) -> None:
        self.begin()
        self.kept = self.complete = self.answered = self.cut_off = 0
        slowest = 0.0
        for number in range(1, KILLS + 1):
            self.killed_meanwhile(number) if number % 2 else self.kill()
            slowest = max(slowest, self.start())
            if number % LOOKS == 0:
                self.eventually("all is told again", self.assert_true)
                self.assertEqual(self.declared_change(), self.change, f"seed {self.seed}")
            until = time.monotonic() + self.random.uniform(0, 2 * POLL)
            while time.monotonic() < until:
                self.complete += self.assert_true(self.exporter.metrics())
                self.assert_kept()
        print(f"{KILLS} kills, slowest start {slowest:.2f} s, {self.answered} acknowledged and {self.cut_off} cut off, "
              f"looked at {self.complete} and {self.kept} times", file=sys.stderr)
        self.assertLess(slowest, STARTED_WITHIN)
        self.assertGreater(min(self.complete, self.kept, self.answered), 0, "nothing was tested")
        self.assertEqual(self.exporter.metrics().value("storage_errors_total", reason="corrupt"), 0)
        self.assert_ends_as_long_as_it_was()

    def assert_ends_as_long_as_it_was(self) -> None:
        lasted = time.time() - self.started
        for node in SHOP:
            self.give(node, 2)
        self.eventually("it has converged", lambda metrics: metrics.value(
            "changes_total", service="shop", dimension="config", outcome="converged") == 1)
        self.assertEqual(self.declared_change(), {**self.change, "open": False})
        service, = json.loads(self.exporter.get("/api/v1/status?service=shop") or "")["services"]
        change, = service["dimensions"][0]["changes"]
        self.assertEqual(change["outcome"], "converged")
        seconds = [time.mktime(time.strptime(change[key], "%Y-%m-%dT%H:%M:%SZ")) for key in ("started", "ended")]
        self.assertGreaterEqual(seconds[1] - seconds[0] + 1, lasted)


if __name__ == "__main__":
    unittest.main()
