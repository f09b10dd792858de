"""The executive dashboard: are our rollouts safe, and getting safer?"""
from __future__ import annotations

from frame import CLUSTERS, DATA_SOURCE, RUNBOOKS, SERVICE, SERVICES, STATUS_PAGE, dashboard, status_page, to
from panels import (BLUE, GREEN, GREY, NONE_IS_GOOD, NONE_IS_VITAL, ORANGE, RED, VERDICT, Column, bars, counted, graph,
                    objective, override, row, said, share, spans, steps, table, target, tile)
from thresholds import factors

ON = "on (cluster, service)"
OWNERS = f"service:mixed_state_owner:info{{{SERVICE}}}"
STATE = f"""
max by (cluster, service) (
  3 * (label_replace(service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}}}, "status", "divergent", "", "") > bool 0)
  or 2 * (service_dimension_status:mixed_state_nodes:sum{{{SERVICE}, status="unknown"}} > bool 0)
  or 1 * (service_dimension_status:mixed_state_nodes:sum{{{SERVICE}, status="transition"}} > bool 0)
)""".strip()
CONFIG_DIMENSIONS = 'dimension!~"schema|schema_version|access_policy|replication_history"'  # as the alert of F3 has them


def of_target(name: str) -> list[dict]:
    ticket, page = factors(name)
    return steps((0, GREEN), (ticket, ORANGE), (page, RED))


def error(slo: str) -> str:
    return f'service_slo:mixed_state_error:ratio_rate1d{{{SERVICE}, slo="{slo}"}}'


def of_budget(slo: str) -> str:
    return (f"max({error(slo)} / on (cluster, service, slo) "
            f'(service_slo:mixed_state_error_budget:ratio{{{SERVICE}, slo="{slo}"}} > 0))')


ARRIVED = f"service_le:mixed_state_node_convergence:delta5m{{{SERVICE}}}"


def convergence(quantile: float, window: str = "7d") -> str:
    return f"histogram_quantile({quantile}, sum by (cluster, service, le) (sum_over_time({ARRIVED}[{window}])))"


LAG = f"quantile by (cluster, service) (0.95, max by (cluster, service, node) (mixed_state_replica_lag_seconds{{{SERVICE}}}))"
PER_MILLION = {"unit": "none", "decimals": 1}

MEASURES = [
    tile("Exposure 1d", "M1: the largest share of a service's traffic that nodes outside the canonical state served in a day, planned "
         "changes included. Target: the service's exposure budget, 1 % by default. Colours are those of MixedStateExposureBudgetBurn. "
         "Over target: see which service in the table below.",
         [target(f"max(service:mixed_state_exposure:ratio_rate1d{{{SERVICE}}})", "now"),
          target(f"max(service:mixed_state_exposure:ratio_rate1d{{{SERVICE}}} / {ON} "
                 f"(service:mixed_state_exposure_budget:ratio{{{SERVICE}}} > 0))", "of target")],
         3, 5, unit="percentunit", decimals=2, no_value="no traffic seen", overrides=[share("of target", of_target("ExposureBudgetBurn"))]),
    tile("Converged 7d", "M2: in seven days, how long after a change began the 95th of a hundred nodes was at the target, in the slowest "
         "service. Target: the service's convergence objective, 5 min by default. Colours are those of MixedStateConvergenceOverdue. "
         "Over target: ask what holds up the last nodes.",
         [target(f"max({convergence(0.95)} >= 0)", "p95"),
          target(f"max({convergence(0.95)} / {ON} service:mixed_state_convergence_objective:seconds{{{SERVICE}}} >= 0)", "of target")],
         3, 5, unit="s", decimals=0, no_value="no change in 7d", overrides=[share("of target", of_target("ConvergenceOverdue"))]),
    tile("Reconciled 1d", "M3: the share of reconciliations that succeeded in a day, in the worst service. Target: 99 % by default. Colours "
         "are those of MixedStateReconciliationFailureBurn. Under target: read the reconciler's log.",
         [target(f'1 - max({error("reconciliation")})', "now"), target(of_budget("reconciliation"), "of budget")], 3, 5,
         unit="percentunit", decimals=2, no_value="not measured",
         overrides=[share("of budget", of_target("ReconciliationFailureBurn"))]),
    tile("Duplicates 1d", "M4: events that were processed twice, of a million, in the worst service. Target: 10 of a million by default. "
         "Colours are those of MixedStateDuplicateEvents. Over target: look for two writers.",
         [target(f'1e6 * max({error("duplicates")})', "per million"), target(of_budget("duplicates"), "of target")], 3, 5, **PER_MILLION,
         no_value="not measured", overrides=[share("of target", steps((0, GREEN), (factors("DuplicateEvents")[0], RED)))]),
    tile("Schema errors", "M5: the share of messages in a day that did not fit their schema, in the worst service. Target: 0.1 % by "
         "default. Colours are those of MixedStateSchemaErrorBurn. Over target: find the newest producer.",
         [target(f'max({error("schema")})', "1d"), target(of_budget("schema"), "of target")], 3, 5,
         unit="percentunit", decimals=3, no_value="not measured", overrides=[share("of target", of_target("SchemaErrorBurn"))]),
    tile("Replica lag", "M6: the lag now that 95 of a hundred replicas stay under, in the worst service. Target: the service's objective, "
         "2 s by default. Colours are those of MixedStateReplicaLag. Over target: see the replica in the debug dashboard.",
         [target(f"max({LAG})", "p95"),
          target(f"max({LAG} / {ON} service:mixed_state_replica_lag_objective:seconds{{{SERVICE}}})", "of target")], 3, 5, unit="s",
         decimals=1, no_value="no replica", overrides=[share("of target", of_target("ReplicaLag"))]),
    tile("Config drift", "M7: nodes that left their service in configuration, software or another dimension of the kind since it is "
         "watched; old drift is apart. Target: 0. More: open the service on-call.",
         [target(f"sum(service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}, {CONFIG_DIMENSIONS}}})", "new"),
          target(f"sum(service_dimension:mixed_state_preexisting_nodes:sum{{{SERVICE}, {CONFIG_DIMENSIONS}}})", "old drift")], 3, 5,
         thresholds=NONE_IS_GOOD, no_value="not watched", overrides=[override("old drift", color={"mode": "fixed", "fixedColor": BLUE})]),
    tile("Authz drift", "M8: nodes that decide differently who may do what, new and old. Target: 0. More: treat it as a security incident "
         "until it is explained.",
         [target(f'sum(service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}, dimension="access_policy"}})', "new"),
          target(f'sum(service_dimension:mixed_state_preexisting_nodes:sum{{{SERVICE}, dimension="access_policy"}})', "old drift")], 3, 5,
         thresholds=NONE_IS_VITAL, no_value="not watched", overrides=[override("old drift", color={"mode": "fixed", "fixedColor": BLUE})]),
]

PAGED = f'ALERTS{{alertname=~"MixedState.+", alertstate="firing", severity="page", cluster=~"$cluster", service=~"$service|none"}}'
TILES = [
    tile("Budget left 30d", "The share of the 30-day exposure budget that the worst service has left; below 0 it is overspent. Overspent: "
         "stop risky rollouts of it.",
         [target(f'min(service_slo:mixed_state_error_budget_remaining:ratio{{{SERVICE}, slo="exposure"}})')], unit="percentunit",
         decimals=0, no_value="no traffic seen", thresholds=steps((-1000000, RED), (0, GREEN))),
    tile("p99 converged 7d", "In seven days, how long after a change began the 99th of a hundred nodes was at the target, in the slowest "
         "service: the tail that p95 hides. Long: find the node that always comes last.",
         [target(f"max({convergence(0.99)} >= 0)")], unit="s", decimals=0, no_value="no change in 7d"),
    tile("Coverage 1h", "The smallest share of a service's traffic in an hour whose status was known. Everything else on this page is "
         "only as true as this is high. Low: have the collectors mended.",
         [target(f"min(service:mixed_state_coverage:ratio_rate1h{{{SERVICE}}})")], unit="percentunit", decimals=1,
         no_value="nothing watched", thresholds=steps((0, RED), (0.99, ORANGE), (1, GREEN))),
    tile("Incidents 90d", "Incidents that paged somebody, as far back as this Prometheus remembers, at most 90 days: one change that breaks "
         "thirty services is one. Many: see which outcome of changes grows.",
         [target(f'count(group by (cluster, incident) (last_over_time({PAGED}[90d]))) or 0 * group(ALERTS{{alertname="MixedStateWatchdog"}})')],
         decimals=0, no_value="alerts not loaded"),
    tile("Paging now", "Alerts that page somebody now. Any: follow the service in the table below to the on-call dashboard.",
         [target(f'count({PAGED}) or 0 * group(ALERTS{{alertname="MixedStateWatchdog"}})')], decimals=0, no_value="alerts not loaded",
         thresholds=NONE_IS_VITAL),
    tile("Services", "How many services are watched, and for how many of them all nodes are known. Fewer than you run: add them to the "
         "exporter's configuration.",
         [target(f"count({OWNERS})", "watched"), target(
             f"count({OWNERS} unless {ON} (service:mixed_state_unknown_nodes:max{{{SERVICE}}} > 0)) or 0 * count({OWNERS})", "all known")], decimals=0, no_value="nothing watched"),
]

SERVICE_STATE = spans((-1.1, -0.001, "only measured", GREY), (0, 0.9999, "in order", GREEN), (1, 1.9999, "changing", BLUE),
                      (2, 2.9999, "not all known", GREY), (3, 4, "DIVERGING", ORANGE))
LONGEST = (f"time() - min by (cluster, service) (mixed_state_node_divergent_since_timestamp_seconds{{{SERVICE}}} and on (cluster, service, "
           f"dimension, node) mixed_state_node_status{{{SERVICE}}} == 3)")
BUDGET_LEFT = f'max by (cluster, service) (service_slo:mixed_state_error_budget_remaining:ratio{{{SERVICE}, slo="exposure"}})'
SERVICES_TABLE = table(
    "Services, worst first", "Which service needs somebody, and whose is it? Those that diverge come first, then by exposure. Click a "
    "service to see it on-call.",
    [target(f"(({STATE}) + {ON} (clamp_max(service:mixed_state_exposure:ratio_rate5m{{{SERVICE}}}, 0.99) or {ON} 0 * group by (cluster, "
            f"service) ({OWNERS})) or {ON} -1 * group by (cluster, service) ({OWNERS})) * {ON} group_left (owner) {OWNERS}", kind="table"),
     target(f"max by (cluster, service) (service:mixed_state_gate:verdict{{{SERVICE}}})", kind="table"),
     target(f"max by (cluster, service) (service:mixed_state_exposure:ratio_rate5m{{{SERVICE}}})", kind="table"),
     target(f"max by (cluster, service) (service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}}})", kind="table"),
     target(LONGEST, kind="table"),
     target(f"max by (cluster, service) (service:mixed_state_unknown_nodes:max{{{SERVICE}}})", kind="table"),
     target(f"sum by (cluster, service) (max by (cluster, service, dimension) (mixed_state_change_active{{{SERVICE}}}))", kind="table"),
     target(BUDGET_LEFT, kind="table")],
    [Column("service", "Service", links=[to("mixed-state-oncall", "See it on-call", service="Service"), status_page(service="Service")]),
     Column("owner", "Owner"), Column("A", "State", said(SERVICE_STATE, 140)), Column("B", "Gate", said(VERDICT, 110)),
     Column("C", "Exposure 5m", {"unit": "percentunit", "decimals": 2}), Column("D", "Divergent nodes", counted()),
     Column("E", "Longest", {"unit": "s", "decimals": 0}), Column("F", "Unknown nodes", counted()),
     Column("G", "Open changes", {"decimals": 0}),
     Column("H", "Budget left 30d", {"unit": "percentunit", "decimals": 0, "custom_cellOptions": {"type": "color-text"},
                                     "color": {"mode": "thresholds"},
                                     "thresholds": {"mode": "absolute", "steps": steps((-1000000, RED), (0, GREEN))}})],
    worst="State", no_value="no service is watched yet")

DASHBOARD = dashboard(
    "mixed-state-executive", "Mixed state: executive", "Are our rollouts safe, and getting safer? Eight measures against their targets, "
    "then the services, worst first.",
    [MEASURES, TILES, [SERVICES_TABLE], row("Getting better?", [
        [graph("Exposure by service, 1h", "Is less of the traffic exposed than it was? The dashed line is the strictest budget of the services "
               "shown. Over it for long: ask the owner which change it was.",
               [target(f"max by (service) (service:mixed_state_exposure:ratio_rate1h{{{SERVICE}}})", "{{service}}", "range"),
                target(f"min(service:mixed_state_exposure_budget:ratio{{{SERVICE}}})", "strictest budget", "range")],
               unit="percentunit", min=0, no_value="no traffic seen", overrides=[objective("strictest budget")]),
         graph("Budget left, 30d", "Who runs out of budget? Falling lines are services whose changes cost too much. Below 0: stop risky "
               "rollouts of that service.",
               [target(f'max by (service) (service_slo:mixed_state_error_budget_remaining:ratio{{{SERVICE}, slo="exposure"}})', "{{service}}",
                       "range")], unit="percentunit", max=1, no_value="no traffic seen")],
        [bars("Changes by outcome, 7d", "How do changes end? Expired and rolled back ones are work for the platform team.",
              [target(f"sum by (outcome) (sum_over_time(service_outcome:mixed_state_changes:delta5m{{{SERVICE}}}[7d]))", "{{outcome}}")], decimals=0, no_value="no change in 7d",
              thresholds=steps((0, BLUE))),
         graph("Convergence, 1h", "Do changes arrive faster than they did? By the hour, the slowest service. The dashed line is the strictest "
               "objective. Rising: look at that service's last nodes.",
               [target(f"max({convergence(quantile / 100, '1h')} >= 0)", f"p{quantile}", "range") for quantile in (95, 99)]
               + [target(f"min(service:mixed_state_convergence_objective:seconds{{{SERVICE}}})", "strictest objective", "range")],
               unit="s", no_value="no change yet", overrides=[objective("strictest objective")])],
    ])],
    variables=[DATA_SOURCE, CLUSTERS, SERVICES, STATUS_PAGE, RUNBOOKS], last="7d", refresh="5m", events=None)
