"""The optional dashboard of evidence: logs and traces beside the states. It needs Loki and Tempo, so it stands apart."""
from __future__ import annotations

from frame import (BUILT_IN, CLUSTERS, DATA_SOURCE, DIMENSION, DIMENSIONS, NODES, SERVICES, STATUS_PAGE, Json, dashboard, source, typed)
from nodes import status
from panels import states, target

LOGS, TRACES = {"type": "loki", "uid": "${loki}"}, {"type": "tempo", "uid": "${tempo}"}


def named(name: str, label: str, default: str, description: str) -> Json:
    made = typed(name, label, description)
    return made | {"query": default, "current": {"text": default, "value": default}}


def foreign(type_: str, title: str, question: str, datasource: dict, query: dict, width: int, options: dict) -> dict:
    return {"type": type_, "title": title, "description": question, "datasource": datasource, "gridPos": {"w": width, "h": 11}, "links": [],
            "fieldConfig": {"defaults": {"noValue": "nothing found, or the labels above are named otherwise"}, "overrides": []},
            "options": options, "targets": [{"refId": "A", "datasource": datasource, **query}]}


SELECTOR = '{${service_label}=~"$service", ${node_label}=~"$node"}'
LOG_OPTIONS = {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending", "dedupStrategy": "none", "enableLogDetails": True,
               "prettifyLogMessage": False, "showCommonLabels": False, "showLabels": False}
DASHBOARD = dashboard(
    "mixed-state-evidence", "Mixed state: evidence", "What did the nodes that diverge log and answer? Needs Loki and Tempo.",
    [[states("State by node", "Which nodes, and when? Narrow the node above to read only its logs and traces.",
             [target(status(f'{DIMENSION}, node=~"$node"', "cluster, service, node"), "{{service}} {{node}}", "range")], (24, 7),
             no_value="no node is watched yet")],
     [foreign("timeseries", "Log lines by node", "Which node says more than before? A node that starts to shout is where to read first.", LOGS,
              {"expr": "sum by (${node_label}) (count_over_time(" + SELECTOR + "[$__auto]))", "queryType": "range"}, 12, {}),
      foreign("logs", "Errors and warnings", "What do they complain of? Lines of the nodes chosen that speak of an error, newest first; read the "
              "first after the change.", LOGS, {"expr": SELECTOR + ' |~ "(?i)error|warn|fatal|denied"', "queryType": "range"}, 12, LOG_OPTIONS)],
     [foreign("table", "Failed traces", "Which requests failed there? Open one to see where; compare with a node that is canonical.", TRACES,
              {"query": '{resource.service.name=~"${service:regex}" && status=error}', "queryType": "traceql", "limit": 20,
               "tableType": "traces"}, 12, {}),
      foreign("table", "Slow traces", "Which requests were slow? Open one to see where; compare with a node that is canonical.", TRACES,
              {"query": '{resource.service.name=~"${service:regex}" && duration>1s}', "queryType": "traceql", "limit": 20,
               "tableType": "traces"}, 12, {})]],
    variables=[DATA_SOURCE, source("loki", "Loki", "loki"), source("tempo", "Tempo", "tempo"), CLUSTERS, SERVICES, DIMENSIONS, NODES,
               named("service_label", "Service label", "service_name", "The label of Loki's streams that holds the service."),
               named("node_label", "Node label", "instance", "The label of Loki's streams that holds the node."), STATUS_PAGE],
    events=[BUILT_IN])
