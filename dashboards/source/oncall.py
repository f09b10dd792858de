"""The on-call dashboard: the page that alerts lead to. Verdict, then who, since when and why, then movement, then cause."""
from __future__ import annotations

from frame import (CLUSTERS, DATA_SOURCE, DEPLOYS, DIMENSION, DIMENSIONS, RUNBOOKS, SERVICE, SERVICES, STATUS_PAGE, dashboard, runbook,
                   status_page, to)
from nodes import PER_NODE, has, live, since, status, worst
from panels import (BLUE, GREEN, GREY, NONE_IS_GOOD, ORANGE, RED, STATUS, VERDICT, Column, counted, graph,
                    not_a_number, objective, override, painted, row, said, share, states, steps, table, target, tile, words)
from thresholds import factors

BY_DIMENSION = "on (cluster, service, dimension)"
OF_DEPLOY = f'and {BY_DIMENSION} mixed_state_change_info{{{DIMENSION}, deploy_id=~"$deploy_id"}}'
TICKET, PAGE = factors("ConvergenceOverdue")
OVERDUE = steps((0, GREEN), (TICKET, ORANGE), (PAGE, RED))
PAUSE, (SLOW, FAST) = factors("PauseRollout")[0], factors("ExposureBurn")
BUDGET = f"on (cluster, service) (service:mixed_state_exposure_budget:ratio{{{SERVICE}}} > 0)"
STARTED = f"max by (cluster, service, dimension) (mixed_state_change_start_timestamp_seconds{{{DIMENSION}}})"


def unplanned(window: str) -> str:
    return f"service:mixed_state_unplanned_exposure:ratio_rate{window}{{{SERVICE}}}"


VERDICT_ROW = [
    tile("Gate", "May the rollout go on? What a pipeline is told now, the worst of the services shown. HOLD or ROLL BACK: the reasons stand in "
         "'Why it holds'.", [target(f"max(service:mixed_state_gate:verdict{{{SERVICE}}} and on (cluster, service) "
                 f"service_dimension_status:mixed_state_nodes:sum{{{SERVICE}}})")], 4, 5, filled=True, mappings=VERDICT,
         thresholds=steps((0, GREEN), (1, GREY)), no_value="no verdict yet"),
    tile("Exposure 5m", "Are users hit, how many? The share of the known traffic that divergent nodes served, in the worst service, and how it "
         "stands to its budget. Colours are those of MixedStatePauseRollout and MixedStateExposureBurn: pause, then roll back or go forward.",
         [target(f"max({unplanned('5m')})", "unplanned"), target(f"max({unplanned('5m')} / {BUDGET})", "of budget")], 4, 5,
         unit="percentunit", decimals=2, no_value="no traffic seen",
         overrides=[share("of budget", steps((0, GREEN), (PAUSE, ORANGE), (FAST, RED)))]),
    tile("Divergent", "How many nodes are in a state that nothing allows, and how many of them were so before the first look? More than the old "
         "ones: see who they are below.",
         [target(f"count(max by (cluster, service, node) (mixed_state_node_status{{{DIMENSION}}}) == 3) or sum(max by (cluster, service) "
                 f'(service_dimension_status:mixed_state_nodes:sum{{{DIMENSION}, status="divergent"}}))', "nodes"),
          target(f"sum(max by (cluster, service) (service_dimension:mixed_state_preexisting_nodes:sum{{{DIMENSION}}}))", "of them old")], 4, 5,
         thresholds=NONE_IS_GOOD, decimals=0, no_value="nothing watched",
         overrides=[override("of them old", color={"mode": "fixed", "fixedColor": BLUE})]),
    tile("Converged", "How far is the open change, the least of those shown? The share of nodes at its target. Flat for long: see "
         "'Convergence of open changes'.",
         [target(f"min(mixed_state_change_converged_ratio{{{DIMENSION}}} {OF_DEPLOY})")], 4, 5, unit="percentunit", decimals=0,
         thresholds=steps((0, BLUE), (1, GREEN)), no_value="no open change"),
    tile("Change age", "How late is the oldest open change? Over 100 % of its planned time it is overdue. Colours are those of "
         "MixedStateConvergenceOverdue: finish it or roll it back.",
         [target(f"max(time() - ({STARTED} {OF_DEPLOY}))", "since"),
          target(f"max(service_dimension:mixed_state_change_age:ratio{{{DIMENSION}}} {OF_DEPLOY})", "of its time")], 4, 5, unit="s",
         decimals=0, no_value="no open change", overrides=[share("of its time", OVERDUE)]),
    tile("Unknown", "Can I trust the rest? Nodes that cannot be read or are fewer than they should be, and the age of what is shown. "
         "Colours are those of MixedStateDataStale. Any: see the debug dashboard for why.",
         [target(f"sum(service:mixed_state_unknown_nodes:max{{{SERVICE}}})", "nodes"),
          target(f"sum(service:mixed_state_missing_nodes:sum{{{SERVICE}}})", "missing"),
          target('time() - max(last_over_time(mixed_state_snapshot_timestamp_seconds{cluster=~"$cluster"}[1h]))', "data age")], 4, 5,
         thresholds=NONE_IS_GOOD, decimals=0, no_value="nothing watched",
         overrides=[override("data age", unit="s", decimals=0, thresholds={"mode": "absolute", "steps": steps(
             (0, GREEN), (factors("DataStale")[0], RED))})]),
]

TO_DEBUG = [to("mixed-state-debug", "Look at this node", service="Service", dimension="Dimension", node="Node"),
            status_page(service="Service", dimension="Dimension", node="Node")]
WHO = table(
    "Who is not canonical", "Who, in what, since when? Divergent nodes first, then unknown ones, then those in transition. Click a node to look "
    "at it.",
    [target(f"{status(DIMENSION)} > 0", kind="table"),
     target(f"(time() - {since(DIMENSION)}) and on ({PER_NODE}) {status(DIMENSION)} > 0", kind="table"),
     target(f"{has(DIMENSION)} and on ({PER_NODE}) {status(DIMENSION)} > 0", kind="table"),
     target(f"max by ({PER_NODE}) (mixed_state_node_differing_keys{{{DIMENSION}}})", kind="table")],
    [Column("service", "Service"), Column("dimension", "Dimension"), Column("node", "Node", links=TO_DEBUG),
     Column("A", "Status", said(STATUS, 110)), Column("B", "For", {"unit": "s", "decimals": 0, "custom_width": 110}),
     Column("has", "Is in state"), Column("D", "Keys that differ", {"decimals": 0, "custom_width": 130})],
    (16, 8), worst="Status", no_value="every node that is watched is canonical, or none is watched yet")
REASONS = {
    "stale": "what is shown is too old", "first_round": "a node was not polled yet", "no_nodes": "there are no nodes",
    "nothing_compared": "no state of it is compared",
    "unknown_dimension": "the caller names a dimension that is not there", "no_canonical": "nothing says which state is right",
    "unknown_nodes": "more nodes are unknown than tolerated", "exposure_burn": "over 4 times the budget for 15 minutes",
    "incompatible": "two live states do not go together", "manual_hold": "somebody holds it by hand",
    "access_policy_drift": "nodes differ in who may do what", "change_overdue": "another change is overdue",
    "divergent_nodes": "nodes diverge, unexplained"}
WHY = table(
    "Why it holds", "What must change before the gate says go? Each reason once. The status page says it with nodes and times.",
    [target(f"max by (cluster, service, reason) (mixed_state_gate_reason_info{{{SERVICE}}})", kind="table")],
    [Column("service", "Service", links=[status_page(service="Service")]), Column("reason", "Reason", {"mappings": [
        {"type": "value", "options": {code: {"text": text, "index": index} for index, (code, text) in enumerate(REASONS.items())}}]})], (8, 8),
    no_value="no reason is given: see the gate above")
FIRING = table(
    "Alerts that fire", "What has told somebody, and what should I do about it? Click an alert for its runbook, an incident is one page.",
    [target('max by (severity, alertname, service, dimension, incident) (ALERTS{alertname=~"MixedState.+", '
            'alertname!="MixedStateWatchdog", alertstate="firing", cluster=~"$cluster", service=~"$service|none"})', kind="table")],
    [Column("severity", "Severity", {"custom_width": 80}), Column("alertname", "Alert", {"custom_width": 250}, [runbook("Alert")]), Column("service", "Service"),
     Column("dimension", "Dimension"), Column("incident", "Incident")], (12, 7), no_value="no alert fires, or the alerts are not loaded")
INFO = "max by (cluster, service, dimension, deploy_id, from, to, open) (mixed_state_change_info"
OF_DEPLOYS = f'{DIMENSION}, deploy_id=~"$deploy_id"'
BEGUN = "&from=${__data.fields.Began.numeric}&to=now"
CHANGES = table(
    "Changes", "What was changed, by which deploy? The open and the last closed change of each dimension. Click a deploy to see all that it "
    "touches and nothing else, since it began.",
    [target(f'{INFO}{{{OF_DEPLOYS}, open="true"}}) * {BY_DIMENSION} group_left () ({STARTED} * 1000) or {INFO}{{{OF_DEPLOYS}}}) * NaN',
            kind="table")],
    [Column("service", "Service"), Column("dimension", "Dimension", {"custom_width": 140}),
     Column("deploy_id", "Deploy", links=[
         to("mixed-state-oncall", "All that this deploy touches", BEGUN, deploy_id="Deploy"),
         to("mixed-state-oncall", "This dimension of this service", BEGUN, service="Service", dimension="Dimension", deploy_id="Deploy")]),
     Column("from", "From"), Column("to", "To"),
     Column("A", "Began", {"unit": "dateTimeAsIso", "mappings": not_a_number("closed"), "custom_width": 160})], (12, 7),
    unseen=("open",), no_value="no change was seen yet")


def in_region(which: str) -> str:
    """Nodes by region, of the worst status in any dimension that `which` asks for."""
    return (f"count by (cluster, service, region) (({which} {status(DIMENSION, 'cluster, service, node')}) + on (cluster, service, node) "
            f"group_left (region) max by (cluster, service, node, region) (mixed_state_node_info{{{SERVICE}}}))")


MOVEMENT = [
    [states("State by node", f"Did it move, or does it flap? The worst dimension of each node; the 30 worst nodes. A node that keeps changing "
            "back has two writers.", [target(worst(DIMENSION, "cluster, service, node"), "{{service}} {{node}}", "range")],
            no_value="no node is watched yet")],
    [graph("Nodes per state", "Do old and new cross, is there a third? Dimensions in which states lived side by side in the time shown: target is "
           "canonical, previous is where the open change comes from. A third state: somebody else changes things too.",
           [target(f"sum by (service, dimension, state, role) ({live('cluster, service, dimension, shard, fingerprint, state, role')} and "
                   f"{BY_DIMENSION} max_over_time(service_dimension:mixed_state_distinct_states:count{{{DIMENSION}}}[$__range] @ end()) > 1)",
                   "{{service}} {{dimension}} {{state}} ({{role}})", "range")], (12, 8), stepped=True, decimals=0,
           no_value="one state everywhere, or nothing is watched yet",
           overrides=[painted("/\\(target\\)$/", GREEN), painted("/\\(previous\\)$/", BLUE), painted("/\\(other\\)$/", ORANGE)]),
     graph("Convergence of open changes", "Is there progress, or does it stand still? A flat line under 100 % is a rollout that hangs: see who is "
           "not canonical.",
           [target(f"max by (service, dimension) (mixed_state_change_converged_ratio{{{DIMENSION}}} {OF_DEPLOY})",
                   "{{service}} {{dimension}}", "range")], (12, 8), stepped=True, unit="percentunit", min=0, max=1, no_value="no open change")],
    [graph("Budget burn", "Will it page again? How many times too fast the worst service burns its exposure budget. The dashes are those of "
           "MixedStatePauseRollout and MixedStateExposureBurn: above them it pages.",
           [target(f"max({unplanned(window)} / {BUDGET})", f"over {window}", "range") for window in ("5m", "30m", "1h", "6h")],
           lines=steps((PAUSE, ORANGE), (SLOW, ORANGE), (FAST, RED)), decimals=1, no_value="no traffic seen"),
     table("By region", "Is it one place? Nodes that are not canonical, by region. One region alone: look at what is special there.",
           [target(in_region("0 *"), kind="table"), *(target(in_region(f"{value} =="), kind="table") for value in (3, 2, 1))],
           [Column("service", "Service"), Column("region", "Region"), Column("A", "Nodes", {"decimals": 0}), Column("B", "Divergent", counted()),
            Column("C", "Unknown", counted()), Column("D", "In transition", {"decimals": 0})], (12, 8),
           no_value="no node is watched yet")],
]

SPLIT = 'dimension!~"schema|schema_version|access_policy|replication_history"'


def against_budget(slo: str) -> list[dict]:
    error = f'service_slo:mixed_state_error:ratio_rate{{window}}{{{{{SERVICE}, slo="{slo}"}}}}'
    budget = f'(service_slo:mixed_state_error_budget:ratio{{{SERVICE}, slo="{slo}"}} > 0)'
    return [target(f"max by (service) ({error.format(window=window)} / on (cluster, service, slo) {budget})", f"{{{{service}}}} over {window}",
                   "range") for window in ("5m", "1h")]


def moves(direction: str) -> dict:
    increase = f'increase(mixed_state_node_transitions_total{{{DIMENSION}, direction="{direction}"}}[30m])'
    return target(f"sum by (service, dimension) (max by (cluster, service, dimension, shard) ({increase})) > 0",
                  f"{{{{service}}}} {{{{dimension}}}} {direction}", "range")


def worst_of(metric: str, more: str = "") -> str:
    return f"max by (service) ({metric}{{{SERVICE}{more}}})"


MODES = [
    [graph("F1 Moves, 30m", "Is a rollback half done? Nodes that moved back and forward within 30 minutes. Both at once: decide on one direction.",
           [moves("backward"), moves("forward")], (8, 7), decimals=0, stepped=True, no_value="no node has moved, or none is watched"),
     graph("F1 Change age", "Which change is late? The age of open changes in units of their planned time. The dashes are those of "
           "MixedStateConvergenceOverdue: above them finish it or roll it back.",
           [target(f"max by (service, dimension) (service_dimension:mixed_state_change_age:ratio{{{DIMENSION}}} {OF_DEPLOY})",
                   "{{service}} {{dimension}}", "range")], (8, 7), unit="percentunit", min=0, lines=OVERDUE, no_value="no open change"),
     graph("F2 Replica lag", "Which replica is behind? Seconds behind the primary; the dashed line is the strictest objective. Over it: take reads "
           "off that replica.",
           [target(f"max by (service, node) (mixed_state_replica_lag_seconds{{{SERVICE}}})", "{{service}} {{node}}", "range"),
            target(f"min(service:mixed_state_replica_lag_objective:seconds{{{SERVICE}}})", "objective", "range"),
            target(worst_of("service:mixed_state_replica_lag:max_seconds"), "{{service}} slowest with bytes to apply", "range")], (8, 7),
           unit="s", min=0, no_value="no replica", overrides=[objective("objective")])],
    [graph("F2 Reconciliation", "Is what should be brought together waiting? The oldest pending item and the time since the last success; the "
           "dashed line is the strictest objective. Over it: see whether the reconciler runs.",
           [target(worst_of("service:mixed_state_reconciliation_oldest_pending:max_seconds"), "{{service}} oldest waits", "range"),
            target(worst_of("service:mixed_state_reconciliation_silence:max_seconds"), "{{service}} silent for", "range"),
            target(f"min(service:mixed_state_reconciliation_lag_objective:seconds{{{SERVICE}}})", "objective", "range")], (8, 7), unit="s",
           min=0, no_value="no reconciliation is measured", overrides=[objective("objective")]),
     graph("F2 Failed reconciling", "Do reconciliations fail, do stores part? Failures by their budget: the dashes are those of "
           "MixedStateReconciliationFailureBurn. And items that differ. Rising: read the reconciler's log.",
           [*against_budget("reconciliation"),
            target(worst_of("service:mixed_state_reconciliation_mismatched_items:sum"), "{{service}} items that differ", "range")], (8, 7),
           lines=steps((factors("ReconciliationFailureBurn")[0], ORANGE), (factors("ReconciliationFailureBurn")[1], RED)), decimals=1,
           no_value="no reconciliation is measured"),
     graph("F3 Split config", "Which nodes run another configuration, version or flag than their service, with nothing that allows it, and which wait "
           "for a restart? Not 0: see who above, then finish that change or undo it.",
           [target(f"max by (service, dimension) (service_dimension:mixed_state_new_divergent_nodes:sum{{{DIMENSION}, {SPLIT}}})",
                   "{{service}} {{dimension}}", "range"),
            target(worst_of("service:mixed_state_pending_restart_nodes:sum"), "{{service}} wait for a restart", "range")], (8, 7), decimals=0,
           stepped=True, no_value="no such dimension is watched")],
    [graph("F4 Duplicates", "Are events processed twice? Their share by its budget; the dash is that of MixedStateDuplicateEvents. Over it: look "
           "for two writers.", against_budget("duplicates"), (8, 7), lines=steps((factors("DuplicateEvents")[0], RED)), decimals=1,
           no_value="no events are counted"),
     graph("F5 Authorization, 15m", "Who may do what, and where is it different? Nodes with another policy, new and old, and probes that were answered "
           "differently in 15 minutes. Not 0: a security incident until it is explained.",
           [target(f'max by (service) (service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}, dimension="access_policy"}})',
                   "{{service}} nodes", "range"),
            target(f'max by (service) (service_dimension:mixed_state_preexisting_nodes:sum{{{SERVICE}, dimension="access_policy"}})',
                   "{{service}} old", "range"),
            target("sum by (service) (max by (cluster, service, shard) (increase(mixed_state_authorization_probes_total"
                   f'{{{SERVICE}, result="drift"}}[15m])))', "{{service}} probes that differ, 15m", "range"),
            target(f'max by (service) (service_slo:mixed_state_error:ratio_rate5m{{{SERVICE}, slo="authorization"}})',
                   "{{service}} share of decisions", "range")], (8, 7), decimals=1, no_value="no access policy is watched"),
     graph("F6 Schema", "Do schemas fit together? Nodes with another schema, incompatible ones live (1), failed migrations, seconds that a lock is "
           "held. Not 0: pause deploys of the service.",
           [target(f'max by (service, dimension) (service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}, '
                   'dimension=~"schema|schema_version"})', "{{service}} {{dimension}} nodes", "range"),
            target(f"1 - min by (service) (service_dimension:mixed_state_schema_compatible:min{{{SERVICE}}})", "{{service}} incompatible", "range"),
            target(worst_of("service:mixed_state_migration_dirty:sum"), "{{service}} failed migrations", "range"),
            target(worst_of("service:mixed_state_migration_locked:max_seconds"), "{{service}} locked for s", "range")], (8, 7), decimals=0,
           no_value="no schema is watched")],
    [graph("F6 Schema errors", "Do messages fit their schema? Errors by their budget; the dashes are those of MixedStateSchemaErrorBurn. Over them: "
           "roll back the newest producer.", against_budget("schema"), (8, 7),
           lines=steps((factors("SchemaErrorBurn")[0], ORANGE), (factors("SchemaErrorBurn")[1], RED)), decimals=1,
           no_value="no messages are validated"),
     graph("Replication links", "Is a replica cut off, or behind by an unknown time? Cut links, and bytes that wait where the lag is not measurable. "
           "Not 0: look at the network between them.",
           [target(f"count by (service) (max by (cluster, service, node) (mixed_state_replication_link_up{{{SERVICE}}}) == 0) or 0 * count by "
                   f"(service) (mixed_state_replication_link_up{{{SERVICE}}})", "{{service}} links down", "range"),
            target(worst_of("service:mixed_state_replication_links_down:count"), "{{service}} links down, as alerts see it", "range"),
            target(worst_of("service:mixed_state_replica_lag_unmeasured:max_bytes"), "{{service}} bytes unmeasured", "range"),
            target(f'max by (service) (service_dimension:mixed_state_new_divergent_nodes:sum{{{SERVICE}, dimension="replication_history"}})',
                   "{{service}} histories parted", "range")], (8, 7), decimals=0, no_value="no replication is watched"),
     graph("Canonical missing", "Does nothing say which state is right? 1 while a dimension has no canonical state. Not 0: see the primary, the "
           "majority, or the source that declares it.",
           [target("max by (service, dimension) (service_dimension:mixed_state_canonical_missing:bool"
                   f"{{{DIMENSION}}}) or 0 * max by (service, dimension) (service_dimension:mixed_state_enforcement:max{{{DIMENSION}}})",
                   "{{service}} {{dimension}}", "range")], (8, 7), decimals=0, max=1, no_value="no dimension is watched yet")],
]

MUTED = [
    [table("Allowed", "What is in transition, and which kind of permission covers it? Who gave it, why and until when stands on the status page.",
           [target(f"max by (cluster, service, dimension, source) (mixed_state_allowances{{{DIMENSION}}}) > 0 or label_replace(max by (cluster, "
                   f"service, dimension) (service_dimension:mixed_state_preexisting_nodes:sum{{{DIMENSION}}}) > 0, \"source\", \"old drift\", "
                   '"", "")', kind="table")],
           [Column("service", "Service", links=[status_page(service="Service", dimension="Dimension")]), Column("dimension", "Dimension"),
            Column("source", "Allowed by"), Column("A", "Nodes", {"decimals": 0})], (8, 7), no_value="nothing is allowed to differ"),
     table("Maintenance", "Which services are in maintenance, and until when? Their differences page nobody, but for access policies.",
           [target(f"max by (cluster, service) (service:mixed_state_maintenance:bool{{{SERVICE}}}) > 0", kind="table"),
            target(f"1000 * max by (cluster, service) (mixed_state_maintenance_end_timestamp_seconds{{{SERVICE}}}) > 0", kind="table")],
           [Column("service", "Service"), Column("B", "Until", {"unit": "dateTimeAsIso", "custom_width": 170})], (7, 7), no_value="no service is in maintenance"),
     table("What divergence does", "What happens when a node diverges here: a page, a ticket or nothing? Change it in the exporter's "
           "configuration, with the owner.",
           [target(f"max by (cluster, service, dimension) (service_dimension:mixed_state_enforcement:max{{{DIMENSION}}})", kind="table"),
            target(f"max by (cluster, service, dimension) (service_dimension:mixed_state_distinct_states:count{{{DIMENSION}}})", kind="table"),
            target(f"max by (cluster, service, dimension) (service_dimension:mixed_state_converged:ratio{{{DIMENSION}}})", kind="table")],
           [Column("service", "Service"), Column("dimension", "Dimension"),
            Column("A", "Leads to", said(words(("nothing", GREY), ("a ticket", BLUE), ("a page", "text")))),
            Column("B", "Live states", counted(steps((0, GREEN), (2, ORANGE)))),
            Column("C", "Canonical", {"unit": "percentunit", "decimals": 0})], (9, 7), no_value="no dimension is watched yet")],
]

DASHBOARD = dashboard(
    "mixed-state-oncall", "Mixed state: on-call", "What is wrong now, who is it, since when and why? Narrow it by service, dimension and deploy.",
    [VERDICT_ROW, [WHO, WHY], [FIRING, CHANGES], row("Movement", MOVEMENT), row("The six ways to fail", MODES),
     row("Muted or allowed", MUTED)],
    variables=[DATA_SOURCE, CLUSTERS, SERVICES, DIMENSIONS, DEPLOYS, STATUS_PAGE, RUNBOOKS])
