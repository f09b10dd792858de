"""What stands around the panels: variables, links, annotations, and the dashboard itself."""
from __future__ import annotations

from panels import BLUE, DATASOURCE, GREEN, ORANGE, RED, Panel, placed

TAG = "mixed-state"
CLUSTER = 'cluster=~"$cluster"'
SERVICE = f'{CLUSTER}, service=~"$service"'
DIMENSION = f'{SERVICE}, dimension=~"$dimension"'
NODE = f'{DIMENSION}, node=~"$node"'

Json = dict[str, object]


def chosen(name: str, label: str, query: str, all_value: str = ".+") -> Json:
    """A drop-down of the values that `query` finds, all of them at first."""
    return {"type": "query", "name": name, "label": label, "datasource": DATASOURCE, "definition": query, "hide": 0,
            "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "regex": "", "multi": True, "includeAll": True,
            "allValue": all_value, "current": {"text": ["All"], "value": ["$__all"]}, "options": [], "skipUrlSync": False}


def typed(name: str, label: str, description: str) -> Json:
    """A text that the user may fill in."""
    return {"type": "textbox", "name": name, "label": label, "description": description, "hide": 0, "query": "",
            "current": {"text": "", "value": ""}, "options": [], "skipUrlSync": False}


def source(name: str, label: str, kind: str) -> Json:
    return {"type": "datasource", "name": name, "label": label, "query": kind, "hide": 0, "refresh": 1, "regex": "",
            "multi": False, "includeAll": False, "current": {}, "options": [], "skipUrlSync": False}


DATA_SOURCE = source("datasource", "Data source", "prometheus")
# A cluster label is there only where the scrape or the server sets one: "all" must match its absence too.
CLUSTERS = chosen("cluster", "Cluster", "label_values(mixed_state_exporter_build_info, cluster)", ".*")
SERVICES = chosen("service", "Service", f"label_values(service:mixed_state_owner:info{{{CLUSTER}}}, service)")
DIMENSIONS = chosen("dimension", "Dimension",
                    f"label_values(service_dimension_status:mixed_state_nodes:sum{{{SERVICE}}}, dimension)")
DEPLOYS = chosen("deploy_id", "Deploy", f"label_values(mixed_state_change_info{{{DIMENSION}}}, deploy_id)")
NODES = chosen("node", "Node", f"label_values(mixed_state_node_status{{{DIMENSION}}}, node)")
STATUS_PAGE = typed("status_page", "Status page at", "The address under which people reach the exporter, such as "
                    "https://mixed-state.example: links to its status page begin with it. Empty: they lead nowhere.")
RUNBOOKS = typed("runbooks", "Runbooks at", "The address of the folder rules/runbooks, such as "
                 "https://git.example/mixed_state_exporter/rules/runbooks: links to runbooks begin with it. Empty: they lead nowhere.")


def link(title: str, url: str, new_tab: bool = False) -> Json:
    """A link of a field or panel."""
    return {"title": title, "url": url, "targetBlank": new_tab}


def to(uid: str, title: str, time: str = "", **values: str) -> Json:
    """A link to another dashboard about the row that was clicked; `values` say which column fills which variable."""
    filled = "".join(f"&var-{name}=${{__data.fields.{column}:percentencode}}" for name, column in values.items())
    return link(title, f"/d/{uid}?${{datasource:queryparam}}&${{cluster:queryparam}}{filled}"
                       f"&var-status_page=${{status_page:percentencode}}&var-runbooks=${{runbooks:percentencode}}{time}")


def status_page(**values: str) -> Json:
    """A link to the same view of the exporter's status page."""
    filled = "&".join(f"{name}=${{__data.fields.{column}:percentencode}}" for name, column in values.items())
    return link("The same on the status page", f"${{status_page:raw}}/?{filled}", new_tab=True)


def runbook(column: str) -> Json:
    return link("Runbook", f"${{runbooks:raw}}/${{__data.fields.{column}}}.md", new_tab=True)


def event(name: str, expr: str, color: str, title: str, text: str, at_value: bool = False) -> Json:
    """Marks on every graph; `at_value` where the value is the time, in milliseconds."""
    return {"name": name, "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expr,
            "step": "30s", "titleFormat": title, "textFormat": text, "tagKeys": "", "useValueForTime": "on" if at_value else False}


BUILT_IN = {"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True, "hide": True,
            "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard"}
EVENTS = [
    BUILT_IN,
    event("Changes begin", f"max by (service, deploy_id) (mixed_state_deploy_start_timestamp_seconds{{{SERVICE}}}) * 1000", BLUE,
          "{{service}}: a change begins", "deploy {{deploy_id}}", at_value=True),
    event("Changes end", "sum by (service, dimension, outcome) (max by (cluster, service, dimension, outcome, shard) "
          f"(increase(mixed_state_changes_total{{{SERVICE}}}[$__rate_interval]))) > 0", GREEN,
          "{{service}}: a change has {{outcome}}", "in {{dimension}}"),
    event("The gate holds", f"max by (service) (service:mixed_state_gate:verdict{{{SERVICE}}}) >= 2", ORANGE,
          "{{service}}: the gate holds", "see why it holds, on-call"),
    event("Pages", 'max by (alertname, service) (ALERTS{alertname=~"MixedState.+", alertstate="firing", severity="page", '
          f'{CLUSTER}, service=~"$service|none"}})', RED, "{{alertname}}", "{{service}}"),
]


def dashboard(uid: str, title: str, question: str, parts: list[Panel | list[Panel]], *, variables: list[Json], last: str = "1h",
              refresh: str = "30s", events: list[Json] | None = None) -> Json:
    """A whole dashboard; `parts` from the top to the bottom."""
    menu = {"type": "dashboards", "title": "Mixed state", "tags": [TAG], "asDropdown": True, "includeVars": True, "keepTime": True,
            "targetBlank": False, "icon": "external link", "tooltip": "Executive, on-call, debug", "url": ""}
    page = {"type": "link", "title": "Status page", "tags": [], "asDropdown": False, "includeVars": False, "keepTime": False,
            "targetBlank": True, "icon": "external link", "url": "${status_page:raw}/",
            "tooltip": "Who allows what, why and until when. Fill in 'Status page at' first."}
    return {"id": None, "uid": uid, "title": title, "description": question, "tags": [TAG], "schemaVersion": 39, "editable": False,
            "timezone": "utc", "refresh": refresh, "time": {"from": f"now-{last}", "to": "now"}, "timepicker": {}, "graphTooltip": 1,
            "annotations": {"list": EVENTS if events is None else events}, "links": [menu, page],
            "templating": {"list": variables}, "panels": placed(parts)}
