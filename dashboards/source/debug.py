"""The debug dashboard: is the node wrong, or is our eye wrong?"""
from __future__ import annotations

from frame import (CLUSTER, CLUSTERS, DATA_SOURCE, DIMENSION, DIMENSIONS, NODE, NODES, RUNBOOKS, SERVICE, SERVICES, STATUS_PAGE, dashboard,
                   status_page, to)
from nodes import PER_NODE, has, live, should_have, since, status, worst
from panels import (BLUE, GREEN, NONE_IS_GOOD, ORANGE, RED, STATUS, Column, bars, graph, objective, override, painted, row, said, states,
                    steps, table, target, tile)
from thresholds import factors

NODE_ONLY = f'{SERVICE}, node=~"$node"'
DIVERGENT_FOR = f"(time() - {since(NODE)}) and on ({PER_NODE}) {status(NODE)} == 3"
LAST_SUCCESS = f"min by (service, collector, node) (time() - mixed_state_collector_last_success_timestamp_seconds{{{NODE_ONLY}}})"
THREE_POLLS = f"3 * max(mixed_state_collector_interval_seconds{{{SERVICE}}})"
OURS = f"and on (job, instance) mixed_state_exporter_build_info{{{CLUSTER}}}"

NOW = [
    tile("Status", "The worst status of the nodes shown, in any dimension. DIVERGENT: see what it has and what it should have. UNKNOWN: see the "
         "probes below.", [target(f"max({status(NODE)})")], 4, 4, filled=True, mappings=STATUS, thresholds=steps((0, GREEN)),
         no_value="no node shown"),
    tile("Divergent for", "For how long has the first of these nodes been divergent? Compare it with the changes marked on the graphs.",
         [target(f"max({DIVERGENT_FOR})")], 4, 4, unit="s", decimals=0, no_value="not divergent"),
    tile("Keys that differ", "In how many settings or objects does the worst of these nodes differ? Which ones stands on the status page.",
         [target(f"max(mixed_state_node_differing_keys{{{NODE}}})")], 4, 4, thresholds=NONE_IS_GOOD, decimals=0, no_value="none is known"),
    tile("Replica lag", "How far behind is the slowest of these nodes? Absent where it cannot be measured: see whether its link is up.",
         [target(f"max(mixed_state_replica_lag_seconds{{{NODE_ONLY}}})")], 4, 4, unit="s", decimals=1, no_value="not measured"),
    tile("Probes that fail", "How many probes of these nodes failed when last tried? Any: read why in 'Probe errors'.",
         [target(f"count(max by (cluster, service, collector, node) (mixed_state_collector_up{{{NODE_ONLY}}}) == 0) or 0 * "
                 f"count(mixed_state_collector_up{{{NODE_ONLY}}})")], 4, 4, thresholds=NONE_IS_GOOD, decimals=0, no_value="nothing probed"),
    tile("Oldest probe", "How old is the oldest thing we know of these nodes? Over three polls it is stale: believe nothing above.",
         [target(f"max({LAST_SUCCESS})")], 4, 4, unit="s", decimals=0, no_value="never probed"),
]

HAS = table(
    "Has against should have", "What is it running, what should it run? 'Should be' is left out where groups of nodes have a canonical state each. "
    "Click a node for the keys that differ.",
    [target(status(NODE), kind="table"), target(has(NODE), kind="table"), target(should_have(NODE), kind="table"),
     target(f"time() - {since(NODE)}", kind="table"),
     target(f"max by ({PER_NODE}) (mixed_state_node_differing_keys{{{NODE}}})", kind="table")],
    [Column("service", "Service", links=[to("mixed-state-oncall", "See the service on-call", service="Service", dimension="Dimension")]),
     Column("dimension", "Dimension"), Column("node", "Node", links=[status_page(service="Service", dimension="Dimension", node="Node")]),
     Column("A", "Status", said(STATUS, 120)), Column("has", "Is"), Column("should", "Should be"),
     Column("D", "For", {"unit": "s", "decimals": 0, "custom_width": 110}), Column("E", "Keys that differ", {"decimals": 0, "custom_width": 130})],
    (24, 8), worst="Status", no_value="no node is watched yet")

WRONG_NODE = [
    [states("Each dimension of each node", "When did it leave, does it flap? The 30 worst. A node that comes and goes has two writers.",
            [target(worst(NODE, PER_NODE), "{{node}} {{dimension}}", "range")], (24, 12), no_value="no node is watched yet")],
    [graph("Keys that differ over time", "Does it get better or worse? Which keys stands on the status page, values of secrets nowhere.",
           [target(f"max by (service, dimension, node) (mixed_state_node_differing_keys{{{NODE}}})", "{{node}} {{dimension}}", "range")],
           (12, 8), stepped=True, decimals=0, no_value="no differing key is known",
           links=[{"title": "Status page", "url": "${status_page:raw}/", "targetBlank": True}]),
     bars("Live states", "Which versions and settings live side by side, on how many nodes? Target is canonical. More than one is a mixed state: "
          "see who holds the others.",
          [target(f"sum by (service, dimension, state, role) ({live('cluster, service, dimension, shard, fingerprint, state, role', DIMENSION)})",
                  "{{dimension}} {{state}} ({{role}})")], decimals=0, no_value="no node is watched yet",
          overrides=[painted("/\\(target\\)$/", GREEN), painted("/\\(previous\\)$/", BLUE), painted("/\\(other\\)$/", ORANGE)])],
    [graph("Lag", "Is it behind, or stopped? A straight rise is a replica that stands still. The dashed line is the strictest objective.",
           [target(f"max by (service, node) (mixed_state_replica_lag_seconds{{{NODE_ONLY}}})", "{{node}}", "range"),
            target(f"min(service:mixed_state_replica_lag_objective:seconds{{{SERVICE}}})", "objective", "range")], (8, 7), unit="s", min=0,
           no_value="no replica", overrides=[objective("objective")]),
     graph("Lag in bytes", "How much has it still to apply, and what does its primary keep for it? Retained bytes that rise fill the primary's "
           "disk: mend or drop the slot.",
           [target(f"max by (service, node) (mixed_state_replica_lag_bytes{{{NODE_ONLY}}})", "{{node}} behind", "range"),
            target(f"max by (service, node, slot) (mixed_state_replication_slot_retained_bytes{{{NODE_ONLY}}})", "{{node}} keeps for {{slot}}",
                   "range")], (8, 7), unit="bytes", min=0, no_value="no replica"),
     graph("Lag as told", "What do the servers themselves say? By stage: write, flush, replay. The stage that grows is where it is stuck.",
           [target(f"max by (service, node, replica, stage) (mixed_state_replica_reported_lag_seconds{{{NODE_ONLY}}})",
                   "{{node}} {{replica}} {{stage}}", "range")], (8, 7), unit="s", min=0, no_value="no server tells it")],
]

ERRORS = f"rate(mixed_state_collector_errors_total{{{SERVICE}}}[$__rate_interval])"
WRONG_EYE = [
    [graph("Probe age", "Is our eye shut? The age of what we last read of each node; the dashed line is three polls. Above it: see why it fails.",
           [target(LAST_SUCCESS, "{{node}} {{collector}}", "range"), target(THREE_POLLS, "three polls", "range")], (8, 7), unit="s", min=0,
           no_value="nothing was probed yet", overrides=[objective("three polls")]),
     graph("Probe duration", "Is it slow, near its timeout? The time that 99 of a hundred probes stay under. Rising: the node or the way to it is "
           "overloaded.",
           [target("histogram_quantile(0.99, sum by (service, collector, le) (max by (cluster, service, collector, shard, le) (rate("
                   f"mixed_state_collector_duration_seconds_bucket{{{SERVICE}}}[$__rate_interval])))) >= 0", "{{service}} {{collector}} p99",
                   "range")], (8, 7), unit="s", min=0, no_value="nothing was probed yet"),
     graph("Probe errors", "Why are we blind? Failed probes a second, all and by reason. Permission: run `grants`; refused and deadline: the network.",
           [target(f"sum by (collector) (max by (cluster, service, collector, shard) (sum by (cluster, service, collector, shard) ({ERRORS})))",
                   "{{collector}} all", "range"),
            target(f"sum by (collector, reason) (max by (cluster, service, collector, reason, shard) ({ERRORS})) > 0", "{{collector}} {{reason}}",
                   "range")], (8, 7), unit="ops", min=0, no_value="nothing was probed yet")],
]
EXPORTER = [
    [graph("Exporter up", "Is it scraped, and does it find its nodes? 0 is gone: see whether it runs and whether Prometheus reaches it.",
           [target(f"up {OURS}", "{{instance}} scraped", "range"),
            target(f"min by (service) (mixed_state_discovery_up{{{SERVICE}}})", "{{service}} found", "range"),
            target(f"max by (cluster) (mixed_state_config_last_reload_successful{{{CLUSTER}}})", "configuration accepted", "range")], (8, 7),
           stepped=True, decimals=0, min=0, max=1, no_value="no exporter is scraped yet"),
     graph("Age of the snapshot", "Does it still evaluate? The dash is that of MixedStateDataStale. Over it: look at its CPU and its log.",
           [target(f"time() - max by (cluster, shard) (mixed_state_snapshot_timestamp_seconds{{{CLUSTER}}})", "shard {{shard}}", "range")], (8, 7),
           unit="s", min=0, lines=steps((factors("DataStale")[0], RED)), no_value="no exporter is scraped yet"),
     graph("Unknown share", "Is it blind as a whole? The share of nodes that cannot be read, of the worst shard. The dash is that of "
           "MixedStateExporterBlind. Over it: network, password, log.",
           [target(f"max by (cluster) (cluster:mixed_state_unknown_nodes:max_ratio{{{CLUSTER}}})", "unknown", "range")], (8, 7),
           unit="percentunit", min=0, max=1, lines=steps((factors("ExporterBlind")[0], RED)), no_value="no exporter is scraped yet")],
    [graph("Memory", "Does it leak, or watch too much? Steps come with more nodes, a straight rise is a leak: report it.",
           [target(f"process_resident_memory_bytes {OURS}", "{{instance}}", "range")], (6, 7), unit="bytes", min=0,
           no_value="no exporter is scraped yet"),
     graph("CPU", "How busy is it? Of one core. Near 100 %: longer intervals, or shards.",
           [target(f"rate(process_cpu_seconds_total[$__rate_interval]) {OURS}", "{{instance}}", "range")], (6, 7), unit="percentunit", min=0,
           no_value="no exporter is scraped yet"),
     graph("Open files", "Does it run out of descriptors? The dashed line is its limit. Near it: raise the limit of the unit.",
           [target(f"process_open_fds {OURS}", "{{instance}}", "range"), target(f"min(process_max_fds {OURS})", "limit", "range")], (6, 7),
           min=0, no_value="no exporter is scraped yet", overrides=[objective("limit")]),
     graph("Scrapes", "Is the page large, or slow? Samples of each scrape. Steps come with more nodes: see --metrics.per-node.",
           [target(f"scrape_samples_scraped {OURS}", "{{instance}} samples", "range"),
            target(f"1000 * scrape_duration_seconds {OURS}", "{{instance}} ms", "range")], (6, 7), min=0, decimals=0,
           no_value="no exporter is scraped yet")],
    [graph("What went wrong, 1h", "Is something lost? Series that were dropped, and errors of the history, in an hour. Not 0: see the log.",
           [target(f"sum by (reason) (increase(mixed_state_series_dropped_total[1h]) {OURS})", "series dropped: {{reason}}", "range"),
            target(f"sum by (reason) (increase(mixed_state_storage_errors_total[1h]) {OURS})", "history: {{reason}}", "range"),
            target('sum(increase(prometheus_rule_evaluation_failures_total{rule_group=~".*mixed_state.*"}[1h]))', "rules that failed", "range")],
           (8, 7), decimals=0, min=0, no_value="no exporter is scraped yet"),
     graph("Requests by code", "Who asks, and is anybody refused? Answers a second. 401 and 429: somebody's credentials, or a client that is too "
           "eager.", [target(f"sum by (code) (rate(mixed_state_exporter_http_requests_total[$__rate_interval]) {OURS})", "{{code}}", "range")],
           (8, 7), unit="ops", min=0, no_value="no exporter is scraped yet"),
     table("Agreement", "Do twins and clusters agree on what is right, are all shards there? More than one canonical: their configurations differ, "
           "or one is cut off.",
           [target(f"count by (service, dimension, group) (count_values by (service, dimension, group) (\"fingerprint\", "
                   f"mixed_state_canonical_fingerprint{{{DIMENSION}}}))", kind="table")],
           [Column("service", "Service"), Column("dimension", "Dimension"), Column("group", "Group"),
            Column("A", "Canonical states", {"decimals": 0, "custom_cellOptions": {"type": "color-text"}, "color": {"mode": "thresholds"},
                                             "thresholds": {"mode": "absolute", "steps": steps((1, GREEN), (2, ORANGE))}})], (8, 7),
           no_value="no canonical state is known yet")],
    [tile("Version", "Which versions of the exporter run? Two at once: an upgrade is under way, or was forgotten.",
          [target(f"count by (version) (mixed_state_exporter_build_info{{{CLUSTER}}})", "{{version}}")], 8, 4, decimals=0,
          no_value="no exporter", overrides=[override("Value", decimals=0)]),
     tile("Shards", "Are all shards scraped? Fewer seen than there should be: part of the nodes is invisible.",
          [target(f"max(mixed_state_exporter_shards{{{CLUSTER}}})", "wanted"),
           target(f"count(group by (cluster, shard) (mixed_state_exporter_shards{{{CLUSTER}}}))", "seen")], 8, 4, decimals=0,
          no_value="no exporter"),
     tile("Label collisions", "Does a label of the scrape hide ours? Not 0: set honor_labels in the scrape configuration.",
          [target(f'count(mixed_state_nodes{{{CLUSTER}, exported_service!=""}}) or 0 * count(mixed_state_exporter_build_info{{{CLUSTER}}})')], 8, 4,
          thresholds=NONE_IS_GOOD, decimals=0, no_value="no exporter")],
]

DASHBOARD = dashboard(
    "mixed-state-debug", "Mixed state: debug", "Is the node wrong, or is our eye wrong? One node, or the few that you choose.",
    [NOW, [HAS], row("Is the node wrong?", WRONG_NODE), row("Is our eye wrong?", WRONG_EYE), row("The exporter itself", EXPORTER, collapsed=True)],
    variables=[DATA_SOURCE, CLUSTERS, SERVICES, DIMENSIONS, NODES, STATUS_PAGE, RUNBOOKS])
