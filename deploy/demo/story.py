"""The demo's story: three mixed states that really happen, what shows them, and their end."""
from __future__ import annotations

import argparse
import dataclasses
import pathlib
import select
import sys
import time
import urllib.parse
from collections.abc import Callable

import process
from monitoring import Metrics
from stage import FACTOR, MIGRATION_42, Stage

SECONDS = 60       # within which each turn of the story must be seen
PATIENCE = 60      # that a person is given to look
# Rightly fire beside the others: divergent nodes serve traffic, a cut link is one, the watchdog always.
COMPANIONS = {"MixedStateExposureBurn", "MixedStatePauseRollout", "MixedStateLinkDown", "MixedStateWatchdog"}


@dataclasses.dataclass
class Step:
    title: str
    look: str                                  # PromQL
    service: str
    alert: str
    begin: Callable[[], object]
    begun: Callable[[Metrics], bool]   # what /metrics shows then
    remedy: str
    mend: Callable[[], object]
    mended: Callable[[Metrics], bool]


def steps(stage: Stage) -> list[Step]:
    primary, standby = stage.pair.primary, stage.pair.standby

    def divergent(metrics: Metrics, service: str, dimension: str) -> float | None:
        return metrics.value("nodes", service=service, dimension=dimension, status="divergent")

    def lag(metrics: Metrics) -> float | None:
        return metrics.value("replica_lag_seconds", service="orders-db", node="pg-2")

    return [
        Step("A migration reaches one tenant of two.",
             'mixed_state_nodes{service="tenants",dimension=~"schema.*",status="divergent"}',
             "tenants", "MixedStateSchemaMismatch",
             lambda: primary.psql(MIGRATION_42, db="tenant7"),
             lambda seen: divergent(seen, "tenants", "schema") == 1
             and divergent(seen, "tenants", "schema_version") == 1,
             "The other tenant is migrated too.",
             lambda: primary.psql(MIGRATION_42, db="tenant8"),
             lambda seen: divergent(seen, "tenants", "schema") == 0
             and divergent(seen, "tenants", "schema_version") == 0),
        Step("work_mem is changed on the standby only.",
             'mixed_state_node_differing_keys{service="orders-db"}',
             "orders-db", "MixedStateSplitConfiguration",
             lambda: standby.psql("ALTER SYSTEM SET work_mem = '64MB'; SELECT pg_reload_conf()"),
             lambda seen: divergent(seen, "orders-db", "config") == 1
             and seen.value("node_differing_keys", service="orders-db", dimension="config", node="pg-2") == 1,
             "The setting is reset.",
             lambda: standby.psql("ALTER SYSTEM RESET work_mem; SELECT pg_reload_conf()"),
             lambda seen: divergent(seen, "orders-db", "config") == 0),
        Step("The network link between primary and standby is cut.",
             'mixed_state_replica_lag_seconds{service="orders-db"}',
             "orders-db", "MixedStateReplicaLag",
             standby.link.cut,
             lambda seen: (lag(seen) or 0) > 2
             and seen.value("replication_link_up", service="orders-db", node="pg-2") == 0,
             "The link is healed.",
             standby.link.heal,
             lambda seen: lag(seen) is not None and lag(seen) < 2
             and seen.value("replication_link_up", service="orders-db", node="pg-2") == 1),
    ]


class Teller:
    """Plays steps on a stage, and says what it sees."""

    def __init__(self, stage: Stage, smoke: bool) -> None:
        self.stage, self.smoke = stage, smoke

    def firing(self) -> set[tuple[str, str]]:
        found = self.stage.prometheus.query('ALERTS{alertstate="firing"}')
        return {(alert["metric"]["alertname"], alert["metric"].get("service", "")) for alert in found}

    def see(self, what: str, condition: Callable[[], bool]) -> None:
        started = time.monotonic()
        process.wait_until(what, condition, SECONDS, every=0.25)
        print(f"  {what} ({time.monotonic() - started:.0f} s)")

    def quiet_but_for(self, step: Step) -> None:
        others = {(alert, service) for alert, service in self.firing()
                  if alert not in COMPANIONS and (alert, service) != (step.alert, step.service)}
        if others:
            raise process.ServerError(f"in step '{step.title}' these fire too: {sorted(others)}")

    def play(self, number: int, step: Step) -> None:
        exporter, alertmanager = self.stage.exporter, self.stage.alertmanager
        expected = (step.alert, step.service)
        print(f"\n{number}. {step.title}\n  look at {step.look}\n    {self.graph(step.look)}")
        step.begin()
        self.see(f"{exporter.url}/metrics shows it", lambda: step.begun(exporter.metrics()))
        self.see(f"{step.alert} fires", lambda: expected in self.firing())
        self.see("and reaches Alertmanager", lambda: step.alert in alertmanager.alerts())
        self.quiet_but_for(step)
        self.pause()
        print(f"  {step.remedy}")
        step.mend()
        self.see("/metrics shows that", lambda: step.mended(exporter.metrics()))
        self.see(f"{step.alert} has resolved", lambda: expected not in self.firing())
        self.quiet_but_for(step)

    def graph(self, expression: str) -> str:
        query = urllib.parse.urlencode({"g0.expr": expression, "g0.tab": 0, "g0.range_input": "5m"})
        return f"{self.stage.prometheus.url}/graph?{query}"

    def pause(self) -> None:
        """Until Enter, where a person can press it, or PATIENCE is over."""
        if self.smoke:
            return
        hint = "Enter goes on, or " if sys.stdin.isatty() else ""
        print(f"  ({hint}it goes on by itself in {PATIENCE} s)")
        if select.select([sys.stdin] if hint else [], [], [], PATIENCE)[0]:
            sys.stdin.readline()

    def introduce(self) -> None:
        stage = self.stage
        print(f"""
  exporter      {stage.exporter.url}/metrics
  Prometheus    {stage.prometheus.url}/alerts   (durations of the shipped rules are divided by {FACTOR})
  Alertmanager  {stage.alertmanager.url}
  PostgreSQL    primary {process.LOOPBACK}:{stage.pair.primary.port}, standby \
{process.LOOPBACK}:{stage.pair.standby.port}, user mixed_state, password in
                {stage.directory.path}/mixed_state.pass; configuration in mixed_state.yml there""")

    def all_agree(self) -> None:
        """Every node canonical in every dimension: a difference now would be preexisting, and page nobody."""
        def settled() -> bool:
            metrics = self.stage.exporter.metrics()
            return {labels["service"] for labels, _ in metrics.all("nodes")} == {"orders-db", "tenants"} \
                and not any(value for status in ("divergent", "transition", "unknown")
                            for _, value in metrics.all("nodes", status=status))
        try:
            self.see("all nodes agree", settled)
        except process.ServerError:
            different = [f"{labels['service']}/{labels['node']} {labels['dimension']}: {value:.0f}"
                         for labels, value in self.stage.exporter.metrics().all("node_status") if value]
            raise process.ServerError(f"nodes that should agree do not: {different}") from None

    def tell(self) -> None:
        self.introduce()
        self.all_agree()
        for number, step in enumerate(steps(self.stage), 1):
            self.play(number, step)
        print("\nEach state was seen, alerted on and resolved.")
        if not self.smoke:
            print("The servers keep running; Ctrl-C ends them.")
            while True:
                time.sleep(60)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exporter", type=pathlib.Path, required=True)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    process.end_on_signals()
    stage = Stage(arguments.exporter, print)
    try:
        stage.start()
        Teller(stage, arguments.smoke).tell()
        return 0
    except process.Ended as ended:
        print("\nending what was started")
        return 128 + ended.args[0]
    except process.ServerError as error:
        print(f"deploy/demo/run: {error}\n{stage.logs()}", file=sys.stderr)
        return 1
    finally:
        stage.stop()


if __name__ == "__main__":
    sys.exit(main())
