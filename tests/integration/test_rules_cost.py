"""The shipped rules cost a tenth, at most, of the same questions asked of per-node series: side by side in one Prometheus."""
from __future__ import annotations

import itertools
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "demo"), str(ROOT / "tests" / "support")]
from endpoints import Endpoint  # noqa: E402
from monitoring import Prometheus, shortened_rules  # noqa: E402
from process import Directory, wait_until  # noqa: E402

SERVICES, NODES, DIMENSIONS = 100, 100, ("config", "schema", "schema_version", "software_version", "access_policy")
STATUSES = ("canonical", "transition", "unknown", "divergent")
EVALUATIONS = 6  # of which the least disturbed counts
# What mixed_state_nodes answers, asked of the nodes: shares by status, states that live, moves, unknown ones.
NAIVE = """
groups:
  - name: naive
    interval: 10s
    rules:
      - {record: naive:nodes, expr: 'count_values by (service, dimension) ("status", mixed_state_node_status)'}
      - {record: naive:converged, expr: 'avg by (service, dimension) (mixed_state_node_status == bool 0)'}
      - {record: naive:divergent, expr: 'count by (service, dimension) (mixed_state_node_status == 3)'}
      - {record: naive:unknown, expr: 'count by (service, dimension) (mixed_state_node_status == 2)'}
      - {record: naive:states, expr: 'count by (service, dimension) (count by (service, dimension, fingerprint) (count_values by (service, dimension) ("fingerprint", mixed_state_node_state_fingerprint)))'}
      - {record: naive:moves, expr: 'sum by (service, dimension) (changes(mixed_state_node_state_fingerprint[30m]))'}
"""


def page() -> str:
    """What an exporter over 10,000 nodes says, one node in a hundred divergent."""
    lines = []
    for service in (f"service-{number}" for number in range(SERVICES)):
        base = f'service="{service}",shard="0"'
        lines += [f'mixed_state_requests_total{{{base},status="{status}"}} 1000' for status in STATUSES]
        lines += [f'mixed_state_service_info{{{base},owner="sre",tier="critical"}} 1', f'mixed_state_slo_min_bad_events{{{base}}} 10']
        for dimension in DIMENSIONS:
            of = f'{base},dimension="{dimension}"'
            lines += [f'mixed_state_nodes{{{of},status="{status}"}} {count}' for status, count in zip(STATUSES, (99, 0, 0, 1))]
            lines += [f'mixed_state_state_nodes{{{of},fingerprint="{state}",state="s",role="other"}} 50' for state in (1, 2)]
            lines += [f"mixed_state_enforcement{{{of}}} 1", f"mixed_state_preexisting_nodes{{{of}}} 1",
                      f'mixed_state_change_active{{{of},declared="true"}} 0', f'mixed_state_change_active{{{of},declared="false"}} 0']
            lines += [f'mixed_state_node_transitions_total{{{of},direction="{way}"}} 3' for way in ("forward", "backward", "lateral")]
    for number, dimension in itertools.product(range(SERVICES * NODES), DIMENSIONS):
        of = f'service="service-{number % SERVICES}",shard="0",dimension="{dimension}",node="node-{number}"'
        lines += [f"mixed_state_node_status{{{of}}} {3 if number < SERVICES else 0}",
                  f"mixed_state_node_state_fingerprint{{{of}}} {281474976710655 if number < SERVICES else 1}"]
    return "\n".join(lines) + "\n"


class Cost(unittest.TestCase):
    def test_ours_cost_a_tenth_at_most(self) -> None:
        body = page()
        exporter = Endpoint(lambda *_: (200, {}, body))
        self.addCleanup(exporter.stop)
        directory = Directory()
        self.addCleanup(directory.remove)
        prometheus = Prometheus(directory, [exporter.address],
                                [*shortened_rules(directory, 3), directory.file("naive.yml", NAIVE)], interval="10s")
        self.addCleanup(prometheus.stop)
        prometheus.wait_ready()
        wait_until("nodes are known to both", lambda: prometheus.query("service_dimension:mixed_state_converged:ratio")
                   and prometheus.query("naive:states"), 120)
        costs = [self.seconds(prometheus) for _ in range(EVALUATIONS)]
        ours, all_ours, naive = (min(each[i] for each in costs) for i in range(3))
        print(f"\n  the same questions: {ours:.3f} s of ours, {naive:.3f} s per node, {ours / naive:.3f} times; "
              f"all of ours {all_ours:.2f} s")
        self.assertLessEqual(ours / naive, 0.1)

    def seconds(self, prometheus: Prometheus) -> tuple[float, float, float]:
        """The last durations of our group on nodes, of all our groups, and of the naive one, after one more evaluation."""
        seen = self.last(prometheus, "evaluation_timestamp", "naive")
        wait_until("one more evaluation", lambda: self.last(prometheus, "evaluation_timestamp", "naive") > seen, 60)
        return (self.last(prometheus, "duration", "mixed_state_nodes"), self.last(prometheus, "duration", "mixed_state_.+"),
                self.last(prometheus, "duration", "naive"))

    @staticmethod
    def last(prometheus: Prometheus, what: str, group: str) -> float:
        """Of Prometheus's own metrics, by its page: it does not scrape itself here."""
        pattern = re.compile(rf'^prometheus_rule_group_last_{what}_seconds{{rule_group="[^"]*;{group}"}} (\S+)$', re.M)
        return sum(float(value) for value in pattern.findall(prometheus.get("/metrics") or ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
