"""What applications count, told as JSON and as metrics, through the real program: both ways the same sums of all nodes, and only
of what came since it looks."""
from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Answer, Endpoint, Speak  # noqa: E402
from fleet import CADENCES, KNOWN_WITHIN, program  # noqa: E402
from monitoring import Exporter, Metrics  # noqa: E402
from process import Directory, ServerError, wait_until  # noqa: E402


@dataclasses.dataclass
class Counts:
    """Of one node, since it began; what waits is no count."""

    done: int = 0
    failed: int = 0
    waiting: int = 0
    events: int = 0
    repeated: int = 0
    valid: int = 0
    invalid: int = 0
    allowed: int = 0
    denied: int = 0

    def as_json(self) -> str:
        return json.dumps({"version": "7", "ledger": {"ok": self.done, "failed": self.failed, "pending": self.waiting},
                           "payments": {"events": self.events, "duplicates": self.repeated},
                           "schema": {"ok": self.valid, "errors": self.invalid},
                           "authz": {"allow": self.allowed, "deny": self.denied}})

    def as_metrics(self) -> str:
        return "".join(f"{series} {value}\n" for series, value in {
            'app_build_info{version="7"}': 1,
            'reconciliations_total{kind="ledger",result="success"}': self.done,
            'reconciliations_total{kind="ledger",result="error"}': self.failed,
            'reconciliation_pending_items{kind="ledger"}': self.waiting,
            'app_messages_total{stream="payments",partition="0"}': self.events - self.events // 2,
            'app_messages_total{stream="payments",partition="1"}': self.events // 2,
            'events_duplicate_total{stream="payments"}': self.repeated,
            'schema_validations_total{result="ok"}': self.valid,
            'schema_validations_total{result="error"}': self.invalid,
            'authorization_decisions_total{decision="allow"}': self.allowed,
            'authorization_decisions_total{decision="deny"}': self.denied}.items())


COLLECT = {
    "told": """
      - http: {dimension: software_version, path: /numbers, json: /version}
      - http:
          path: /numbers
          measures:
            reconciliation: {ledger: {succeeded: /ledger/ok, failed: /ledger/failed, pending_items: /ledger/pending}}
            duplicates: {payments: {events: /payments/events, duplicates: /payments/duplicates}}
            schema: {valid: /schema/ok, errors: /schema/errors}
            authorization: {allowed: /authz/allow, denied: /authz/deny}
""",
    "counted": """
      - prometheus:
          version: "app_build_info{version}"
          mapping: {events_processed_total: app_messages_total}
"""}
NODES = ("first", "second")


class Measured(unittest.TestCase):
    def setUp(self) -> None:
        self.counts = {node: Counts(*range(100, 1000, 100)) for node in NODES}  # from before it looks
        self.is_down = False
        directory = Directory()
        self.addCleanup(directory.remove)
        places = {node: self.serve(node) for node in NODES}
        nodes = ", ".join(f'{{name: {node}, address: "{place}"}}' for node, place in places.items())
        services = "".join(f"\n  - name: {name}\n    nodes: [{nodes}]\n    collect:{collect}" for name, collect in COLLECT.items())
        self.exporter = Exporter(directory, program(), directory.file("exporter.yml", CADENCES + "services:" + services))
        self.addCleanup(self.exporter.stop)
        self.exporter.wait_ready()

    def serve(self, node: str) -> str:
        endpoint = Endpoint(self.speak(node))
        self.addCleanup(endpoint.stop)
        return endpoint.address

    def speak(self, node: str) -> Speak:
        def speak(_method: str, path: str, _headers: dict[str, str], _body: str) -> Answer:
            pages = {"/numbers": self.counts[node].as_json, "/metrics": self.counts[node].as_metrics}
            is_down = self.is_down and node == "second"
            return (200, {}, pages[path]()) if path in pages and not is_down else (503, {}, "")
        return speak

    def seen(self, metrics: Metrics, service: str) -> Counts:
        def value(name: str, **labels: str) -> int:
            return int(metrics.value(name, service=service, **labels) or 0)

        def each(name: str, label: str, *of: str, **labels: str) -> list[int]:
            return [value(name, **labels, **{label: one}) for one in of]
        return Counts(
            *each("reconciliations_total", "result", "success", "failure", kind="ledger"),
            value("reconciliation_pending_items", kind="ledger"),
            value("events_total", stream="payments"), value("duplicate_events_total", stream="payments"),
            *each("schema_validations_total", "result", "ok", "error"),
            *each("authorization_decisions_total", "decision", "allow", "deny", status="canonical"))

    def eventually(self, expected: Counts) -> None:
        try:
            wait_until("both services have seen it", lambda: all(
                self.seen(self.exporter.metrics(), service) == expected for service in COLLECT), KNOWN_WITHIN + 10)
        except ServerError as error:
            seen = {service: self.seen(self.exporter.metrics(), service) for service in COLLECT}
            self.fail(f"{error}: {seen}, not {expected}\n{self.exporter.server.tail(20)}")

    def test_both_ways_tell_the_same_sums_of_what_came_since_it_looks(self) -> None:
        self.eventually(Counts(waiting=600))
        self.counts["first"] = Counts(101, 202, 5, 403, 504, 605, 706, 807, 908)
        self.eventually(Counts(1, 2, 305, 3, 4, 5, 6, 7, 8))
        self.counts["second"] = Counts(110, 220, 7, 430, 540, 650, 760, 870, 980)
        self.eventually(Counts(11, 22, 12, 33, 44, 55, 66, 77, 88))

    def test_a_node_that_restarts_counts_from_nothing_and_takes_nothing_away(self) -> None:
        self.eventually(Counts(waiting=600))
        self.counts["first"] = Counts(1, 2, 3, 4, 5, 6, 7, 8, 9)
        self.eventually(Counts(1, 2, 303, 4, 5, 6, 7, 8, 9))

    def test_what_waits_on_a_node_that_cannot_be_read_is_not_known(self) -> None:
        self.eventually(Counts(waiting=600))
        self.is_down = True
        for service in COLLECT:
            wait_until("it is absent", lambda service=service: self.exporter.metrics().value(
                "reconciliation_pending_items", service=service, kind="ledger") is None, KNOWN_WITHIN + 10)
            self.assertEqual(self.exporter.metrics().value("schema_validations_total", service=service, result="ok"), 0)


if __name__ == "__main__":
    unittest.main()
