"""Traffic that an edge of its own tells of, and the real program: whose nodes it is, and what its failure costs."""
from __future__ import annotations

import json
import pathlib
import re
import sys
import time
import unittest
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Answer, Endpoint, Speak  # noqa: E402
from fleet import CADENCES, KNOWN_WITHIN, ROOT, program  # noqa: E402
from monitoring import Exporter, Metrics  # noqa: E402
from process import Directory, wait_until  # noqa: E402

RATES = {"checkout-1": 4500, "checkout-2": 4500, "checkout-3": 1000}  # requests a second
SHARE = 0.1  # of the last


class EdgeTraffic(unittest.TestCase):
    """The recipe over three nodes behind one edge, of which the last comes to another build."""

    def setUp(self) -> None:
        self.begun = time.monotonic()
        self.edge_answers = True
        self.edge = Endpoint(self.page)
        self.builds = dict.fromkeys(RATES, "7")
        nodes = [Endpoint(self.node(name)) for name in RATES]
        for endpoint in (self.edge, *nodes):
            self.addCleanup(endpoint.stop)
        directory = Directory()
        self.addCleanup(directory.remove)
        text = (ROOT / "deploy" / "examples" / "edge-traffic.yml").read_text()
        places = iter(node.address for node in nodes)
        text = re.sub(r'address: "[^"]*"', lambda _: f'address: "{next(places)}"', text)
        text = text.replace("haproxy.internal:8405", self.edge.address)
        self.exporter = Exporter(directory, program(), directory.file("exporter.yml", CADENCES + text))
        self.addCleanup(self.exporter.stop)

    def page(self, _method: str, path: str, _headers: dict[str, str], _body: str) -> Answer:
        seconds = time.monotonic() - self.begun
        lines = [f'haproxy_server_http_responses_total{{proxy="{proxy}",server="{server}",code="{code}"}} {int(rate * seconds / 2)}'
                 for proxy in ("checkout", "search") for server, rate in RATES.items() for code in ("2xx", "5xx")]
        return (200, {}, "\n".join(lines) + "\n") if path == "/metrics" and self.edge_answers else (503, {}, "")

    def node(self, name: str) -> Speak:
        return lambda _method, path, _headers, _body: (
            (200, {}, json.dumps({"build": self.builds[name]})) if path == "/version" else (404, {}, ""))

    def requests(self, metrics: Metrics, status: str) -> float:
        return metrics.value("requests_total", service="checkout", status=status) or 0

    def wait(self, what: str, condition: Callable[[Metrics], bool]) -> Metrics:
        def metrics_that_do() -> Metrics | None:
            metrics = self.exporter.metrics()
            return metrics if condition(metrics) else None
        return wait_until(what, metrics_that_do, KNOWN_WITHIN + 10)

    def test_its_counters_are_the_traffic_of_the_nodes_it_names(self) -> None:
        self.wait("traffic", lambda metrics: self.requests(metrics, "canonical") > 0)
        self.builds["checkout-3"] = "6"
        before = self.wait("traffic of both builds", lambda metrics: self.requests(metrics, "divergent") > 0)
        first = self.requests(before, "divergent")
        after = self.wait("more of it", lambda metrics: self.requests(metrics, "divergent") > first + 4000)
        divergent, canonical = (self.requests(after, status) - self.requests(before, status)
                                for status in ("divergent", "canonical"))
        self.assertAlmostEqual(divergent / (divergent + canonical), SHARE, delta=SHARE / 3)

    def test_its_failure_costs_traffic_alone(self) -> None:
        self.wait("traffic", lambda metrics: self.requests(metrics, "canonical") > 0)
        self.edge_answers = False
        metrics = self.wait("an edge that is gone", lambda metrics: all(
            metrics.value("collector_up", service="checkout", collector="prometheus", node=node) == 0 for node in RATES))
        for node in RATES:
            self.assertEqual(metrics.value("node_status", service="checkout", dimension="software_version", node=node), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
