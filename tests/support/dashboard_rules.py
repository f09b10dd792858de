"""What holds for every shipped dashboard: one function a rule, from the dashboards to complaints."""
from __future__ import annotations

import collections
import functools
import json
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards"
OPTIONAL = "mixed-state-evidence"  # needs Loki and Tempo, so it is apart and may use them
Dashboard = dict
Complaints = Iterator[str]

TYPES = {"stat", "timeseries", "table", "state-timeline", "bargauge", "row"}
UNITS = {"none", "percentunit", "s", "bytes", "ops", "dateTimeAsIso"}  # ids of Grafana
EDITION = {"id", "uid", "title", "description", "tags", "schemaVersion", "editable", "timezone", "refresh", "time", "timepicker",
           "graphTooltip", "annotations", "links", "templating", "panels"}
PANEL = {"id", "type", "title", "description", "datasource", "gridPos", "links", "fieldConfig", "options", "targets", "transformations"}
BUILT_IN = {"__all", "__auto", "__data", "__range", "__rate_interval"}
VARIABLE = re.compile(r"\$\{(\w+)(?:[.\[:][^}]*)?\}|\$(\w+)")
FAMILY_SUFFIX = re.compile(r"_(bucket|sum|count)$")
# What the exporter does not say itself: Prometheus does.
OF_PROMETHEUS = {"up", "ALERTS", "scrape_samples_scraped", "scrape_duration_seconds", "prometheus_rule_evaluation_failures_total"}
# What an alert reads to be named, or to be quiet: no cause of it.
GUARDS = {"service:mixed_state_identity:info", "service_dimension:mixed_state_identity:info", "service:mixed_state_min_bad_events:count",
          "service_status:mixed_state_traffic:rate", "service_slo:mixed_state_bad_events:rate", "service_slo:mixed_state_events:rate",
          "service_dimension:mixed_state_declared_change_in_time:bool", "service_dimension:mixed_state_preexisting_canonical_missing:bool",
          "service_dimension:mixed_state_acknowledged_nodes:sum", "mixed_state_node_status"}


def shipped() -> dict[str, Dashboard]:
    return {str(path.relative_to(FOLDER)): json.loads(path.read_text()) for path in sorted(FOLDER.rglob("*.json"))}


def panels(dashboard: Dashboard) -> Iterator[dict]:
    """All of them, in collapsed rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def drawn(dashboard: Dashboard) -> Iterator[dict]:
    return (panel for panel in panels(dashboard) if panel["type"] != "row")


def questions(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """(where, PromQL) of panels, variables and annotations."""
    for panel in drawn(dashboard):
        for target in panel["targets"]:
            if target["datasource"]["type"] == "prometheus":
                yield panel["title"], target["expr"]
    for variable in variables(dashboard):
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["query"]
    for event in dashboard["annotations"]["list"]:
        if "expr" in event:
            yield f"annotation {event['name']}", event["expr"]


def variables(dashboard: Dashboard) -> list[dict]:
    return dashboard["templating"]["list"]


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def urls(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            yield value["url"]
        for each in value.values():
            yield from urls(each)
    elif isinstance(value, list):
        for each in value:
            yield from urls(each)


def named(expression: str) -> set[str]:
    """The metrics and records that PromQL reads; windows of records are left out."""
    found = re.findall(r"[a-zA-Z_][\w:]*", re.sub(r'"(?:[^"\\]|\\.)*"|\$\w+', "", expression))
    series = {name for name in found if re.match(r"(\w+:)?mixed_state_|process_", name) or name in OF_PROMETHEUS}
    return {re.sub(r"rate(\d+[mhd])$", "rate", name) for name in series}


@functools.cache
def rules(kind: str) -> list[dict]:
    """All rules that have this key."""
    files = (ROOT / "rules" / name for name in ("recording.yml", "alerts.yml"))
    return [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"] if kind in rule]


def d1_known_keys(dashboard: Dashboard) -> Complaints:
    for key in sorted(set(dashboard) ^ EDITION):
        yield f"{key} is missing, or no key of a dashboard"
    for panel in drawn(dashboard):
        for key in sorted(set(panel) - PANEL):
            yield f"{panel['title']}: {key} is no key of a panel that we use"


def d2_nothing_personal(dashboard: Dashboard) -> Complaints:
    for key in {"__inputs", "__requires", "gnetId"} & set(dashboard):
        yield f"has {key}: it would not import as it is"
    if dashboard.get("id") is not None or dashboard["editable"]:
        yield "has an id of its own, or is editable"


def d3_uid(dashboard: Dashboard) -> Complaints:
    if not re.fullmatch(r"mixed-state-[a-z-]{1,28}", dashboard["uid"]):
        yield f"uid {dashboard['uid']} is not mixed-state-…"


def d4_datasource(dashboard: Dashboard) -> Complaints:
    wanted = {"${datasource}", "-- Grafana --"} | ({"${loki}", "${tempo}"} if dashboard["uid"] == OPTIONAL else set())
    asked = [*drawn(dashboard), *(target for panel in drawn(dashboard) for target in panel["targets"]),
             *(each for each in variables(dashboard) if each["type"] == "query"), *dashboard["annotations"]["list"]]
    for each in asked:
        if each["datasource"]["uid"] not in wanted:
            yield f"{each.get('title', each.get('name', 'a question'))}: does not follow the data source that is chosen"
    chosen = [(each["name"], each["label"]) for each in variables(dashboard) if each["type"] == "datasource" and each["query"] == "prometheus"]
    if chosen != [("datasource", "Data source")]:
        yield "does not have the one data source variable for Prometheus"


def d5_types(dashboard: Dashboard) -> Complaints:
    allowed = TYPES | ({"logs"} if dashboard["uid"] == OPTIONAL else set())
    for panel in panels(dashboard):
        if panel["type"] not in allowed:
            yield f"{panel['title']}: type {panel['type']} is not on the list"


def d6_places(dashboard: Dashboard) -> Complaints:
    ids = [panel["id"] for panel in panels(dashboard)]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    taken: dict[tuple[int, int], str] = {}
    for panel in panels(dashboard):
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']}: wider than the 24 columns"
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if taken.setdefault(cell, panel["title"]) != panel["title"]:
                yield f"{panel['title']}: lies over {taken[cell]}"
                break
    if not any(panel["gridPos"]["y"] == 0 and panel["type"] in {"stat", "state-timeline"} for panel in dashboard["panels"]):
        yield "does not begin with a verdict"


def d7_descriptions(dashboard: Dashboard) -> Complaints:
    for panel in drawn(dashboard):
        if not panel["title"] or len(panel["description"]) < 20:
            yield f"{panel['title'] or panel['id']}: no title, or no description"
        elif not re.search(r"\?|: (?!$)", panel["description"]):
            yield f"{panel['title']}: the description asks no question and says no action"
        if panel["type"] == "stat" and len(panel["title"]) > 4 * panel["gridPos"]["w"] + 1:
            yield f"{panel['title']}: the title is cut off at this width"


def thresholds(panel: dict) -> Iterator[list[dict]]:
    yield panel["fieldConfig"]["defaults"].get("thresholds", {"steps": []})["steps"]
    for each in panel["fieldConfig"]["overrides"]:
        for found in each["properties"]:
            if found["id"] == "thresholds":
                yield found["value"]["steps"]


def d8_units(dashboard: Dashboard) -> Complaints:
    for panel in drawn(dashboard):
        looks = [panel["fieldConfig"]["defaults"], *({one["id"]: one["value"] for one in each["properties"]}
                                                     for each in panel["fieldConfig"]["overrides"])]
        for look in looks:
            if look.get("unit", "none") not in UNITS:
                yield f"{panel['title']}: unit {look['unit']} is not on the list"
        for steps in thresholds(panel):
            numbers = [step["value"] for step in steps]
            if steps and (numbers[0] is not None or None in numbers[1:] or numbers[1:] != sorted(set(numbers[1:]))):
                yield f"{panel['title']}: thresholds do not begin with null and rise"
            if steps and steps[0]["color"] == "green":
                yield f"{panel['title']}: green would stand for no data"
        if not panel["fieldConfig"]["defaults"].get("noValue"):
            yield f"{panel['title']}: says 'No data' and not in words what that means"


def d9_windows(dashboard: Dashboard) -> Complaints:
    for panel in drawn(dashboard):
        if "interval" in panel:
            yield f"{panel['title']}: has an interval of its own"
    for where, expression in questions(dashboard):
        for window in re.findall(r"\b(?:i?rate|increase|sum_over_time)\([^\[]*\[([^\]]+)\]", expression):
            if window != "$__rate_interval" and window not in where:
                yield f"{where}: a window of {window} that the title does not name"


def d10_counters(dashboard: Dashboard) -> Complaints:
    for where, expression in questions(dashboard):
        for name in re.findall(r"(?<![\w:])(?:mixed_state|process|prometheus)_\w+_total\b", expression):
            if not re.search(rf"(?:rate|increase)\({name}\b", expression):
                yield f"{where}: {name} outside rate and increase"
        for both in re.findall(r"sum by \(([^)]*)\) \([^/]*\) / sum by \(([^)]*)\)", expression):
            if both[0] != both[1]:
                yield f"{where}: a ratio of sums by different labels"


def d11_metrics(dashboard: Dashboard) -> Complaints:
    page = (ROOT / "tests" / "golden" / "metrics.txt").read_text(errors="replace")
    exported = set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))
    recorded = {re.sub(r"rate(\d+[mhd])$", "rate", rule["record"]) for rule in rules("record")}
    for where, expression in questions(dashboard):
        for name in sorted(named(expression) - exported - recorded - OF_PROMETHEUS):
            if FAMILY_SUFFIX.sub("", name) not in exported:
                yield f"{where}: nothing exports or records {name}"


def d13_variables(dashboard: Dashboard) -> Complaints:
    names = [each["name"] for each in variables(dashboard)]
    order = [name for name in ("datasource", "cluster", "service", "dimension", "deploy_id", "node") if name in names]
    if [name for name in names if name in order] != order:
        yield "the variables do not follow each other from data source to node"
    for each in variables(dashboard):
        if each["type"] != "query":
            continue
        wide = ".*" if each["name"] == "cluster" else ".+"  # a cluster label may be absent
        if (each["refresh"], each["sort"], each["allValue"], each["multi"]) != (2, 1, wide, True):
            yield f"variable {each['name']}: refresh 2, sort 1, many values, {wide} for all"
        earlier = names[1:names.index(each["name"])]
        for name in set(earlier) & {"cluster", "service", "dimension"}:
            if f'{name}=~"${name}"' not in each["query"]["query"]:
                yield f"variable {each['name']}: is not narrowed by {name}"
    used = {one or two for text in texts(dashboard) for one, two in VARIABLE.findall(text)}
    for name in sorted(used - set(names) - BUILT_IN):
        if not name.isdigit():  # $1 belongs to label_replace
            yield f"${name} is no variable"
    for name in sorted(set(names) - used):
        yield f"variable {name} is used nowhere"
    for where, expression in questions(dashboard):
        for name in re.findall(r'(?<!~)="\$(\w+)', expression):
            yield f"{where}: ${name} may hold many values and is compared with ="


def d14_links(dashboard: Dashboard) -> Complaints:
    known = {each["uid"]: {variable["name"] for variable in variables(each)} for each in shipped().values()} | {
        dashboard["uid"]: {variable["name"] for variable in variables(dashboard)}}
    for url in urls(dashboard):
        if match := re.match(r"/d/([^?]+)\?(.*)", url):
            target = known.get(match[1])
            filled = set(re.findall(r"var-(\w+)=", match[2])) | set(re.findall(r"\$\{(\w+):queryparam\}", match[2]))
            if target is None:
                yield f"links to {match[1]}, which is not shipped"
            elif filled - target:
                yield f"links to {match[1]} with {sorted(filled - target)}, which it does not have"
        elif url and not url.startswith(("${status_page:raw}/", "${runbooks:raw}/")):
            yield f"links to {url}"
    for each in dashboard["links"]:
        if each["type"] == "dashboards" and not (each["keepTime"] and each["includeVars"]):
            yield "the menu loses the time or the variables"
    if not any(each["type"] == "dashboards" and each["tags"] == dashboard["tags"] for each in dashboard["links"]):
        yield "has no menu of its companions"


def d15_time(dashboard: Dashboard) -> Complaints:
    last = "now-7d" if dashboard["uid"] == "mixed-state-executive" else "now-1h"
    if (dashboard["timezone"], dashboard["time"]["from"], dashboard["graphTooltip"]) != ("utc", last, 1):
        yield f"is not in UTC over {last} with a shared cross hair"
    number, unit = re.fullmatch(r"(\d+)([smh])", dashboard["refresh"]).groups()
    if int(number) * {"s": 1, "m": 60, "h": 3600}[unit] < 30:
        yield f"refreshes every {dashboard['refresh']}"


def d17_thresholds(dashboard: Dashboard) -> Complaints:
    """A number at which something turns orange or red stands in an alert that the description names; counts of 0, 1, 2 need none."""
    free = {None, 0, 1, 2, 0.99, -1000000}
    for panel in drawn(dashboard):
        said = [rule["expr"] for rule in rules("alert") if rule["alert"] in re.findall(r"MixedState\w+", panel["description"])]
        unknown = set(re.findall(r"MixedState\w+", panel["description"])) - {rule["alert"] for rule in rules("alert")}
        for name in sorted(unknown):
            yield f"{panel['title']}: there is no alert {name}"
        for number in {step["value"] for steps in thresholds(panel) for step in steps} - free:
            if not any(re.search(rf"(?<![\w.]){re.escape(f'{number:g}')}(?![\w.])", expression) for expression in said):
                yield f"{panel['title']}: {number:g} is not in the alert that the description names"


def of_all_uids(dashboards: dict[str, Dashboard]) -> Complaints:
    for key in ("uid", "title"):
        for value, times in collections.Counter(each[key] for each in dashboards.values()).items():
            if times > 1:
                yield f"D3 {key} {value} is used twice"


def of_all_alerts(dashboards: dict[str, Dashboard]) -> Complaints:
    """What an alert compares is on a dashboard that needs Prometheus only."""
    shown = {name for each in dashboards.values() for _, expression in questions(each) for name in named(expression)}
    for rule in rules("alert"):
        for name in sorted(named(rule["expr"]) - GUARDS - shown):
            yield f"design 9: {rule['alert']} reads {name}, which is on no dashboard"


def d18_generated(folder: pathlib.Path = FOLDER) -> Complaints:
    run = subprocess.run([folder / "generate", "--check"], text=True, capture_output=True, check=False)
    if run.returncode:
        yield f"D18 {run.stdout}{run.stderr}"


OF_ONE: dict[str, Callable[[Dashboard], Complaints]] = {
    "D1": d1_known_keys, "D2": d2_nothing_personal, "D3": d3_uid, "D4": d4_datasource, "D5": d5_types, "D6": d6_places,
    "D7": d7_descriptions, "D8": d8_units, "D9": d9_windows, "D10": d10_counters, "D11": d11_metrics, "D13": d13_variables,
    "D14": d14_links, "D15": d15_time, "D17": d17_thresholds}


def complaints(dashboards: dict[str, Dashboard]) -> list[str]:
    """What is wrong; each begins with the rule's number. D12 and D16 are held by tests/integration/test_dashboards.py."""
    said = [f"{rule} {file}: {text}" for file, dashboard in dashboards.items() for rule, check in OF_ONE.items() for text in check(dashboard)]
    return said + list(of_all_uids(dashboards)) + list(of_all_alerts(dashboards))
