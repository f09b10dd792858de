"""Panels of the dashboards as plain dictionaries: what all of them share is said here once.

Tiles and tables ask for one instant, never for the last value of a range: an old value must not pass for today's.
"""
from __future__ import annotations

import typing

GREEN, BLUE, GREY, ORANGE, RED = "green", "blue", "#8e8e8e", "orange", "red"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

Panel = dict[str, typing.Any]


def steps(*pairs: tuple[float, str]) -> list[dict]:
    """Colours from each number on; below the first, and without a value, grey: nothing known is never green."""
    return [{"value": None, "color": GREY}, *({"value": value, "color": color} for value, color in pairs)]


PLAIN = steps((-1000000, "text"))
NONE_IS_GOOD = steps((0, GREEN), (1, ORANGE))
NONE_IS_VITAL = steps((0, GREEN), (1, RED))


def words(*pairs: tuple[str, str], start: int = 0) -> list[dict]:
    """0, 1, 2 … as these words in these colours."""
    return [{"type": "value", "options": {str(start + index): {"text": text, "color": color, "index": index}
                                          for index, (text, color) in enumerate(pairs)}}]


def spans(*spans_: tuple[float, float, str, str]) -> list[dict]:
    return [{"type": "range", "options": {"from": low, "to": high, "result": {"text": text, "color": color, "index": index}}}
            for index, (low, high, text, color) in enumerate(spans_)]


def not_a_number(text: str) -> list[dict]:
    return [{"type": "special", "options": {"match": "null+nan", "result": {"text": text, "color": GREY, "index": 0}}}]


STATUS = words(("canonical", GREEN), ("in transition", BLUE), ("unknown", GREY), ("divergent", ORANGE))
VERDICT = words(("GO", GREEN), ("UNKNOWN", GREY), ("HOLD", ORANGE), ("ROLL BACK", RED))


def target(expr: str, legend: str = "", kind: str = "instant") -> dict:
    """One question; `kind` is instant, range or table."""
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend,
            "format": "table" if kind == "table" else "time_series", "instant": kind != "range", "range": kind == "range"}


def override(name: str, **properties: object) -> dict:
    """How the field of this name differs; `custom_` begins what belongs to one type of panel."""
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key.replace("custom_", "custom."), "value": value} for key, value in properties.items()]}


def panel(type_: str, title: str, question: str, targets: list[dict], size: tuple[int, int], *, unit: str = "none",
          thresholds: list[dict] | None = None, no_value: str, mappings: list[dict] | None = None, custom: dict | None = None,
          overrides: list[dict] | None = None, options: dict | None = None, links: list[dict] | None = None,
          **defaults: object) -> Panel:
    """`question` says what it answers and what to do; `no_value` stands where there is nothing to show."""
    color = {"mode": "thresholds"} if thresholds else {"mode": "palette-classic"}
    field = {"color": color, "custom": custom or {}, "mappings": mappings or [], "noValue": no_value, "unit": unit,
             "thresholds": {"mode": "absolute", "steps": thresholds or PLAIN}, **defaults}
    return {"type": type_, "title": title, "description": question, "datasource": DATASOURCE,
            "gridPos": {"w": size[0], "h": size[1]}, "links": links or [],
            "fieldConfig": {"defaults": field, "overrides": overrides or []}, "options": options or {},
            "targets": [{"refId": chr(ord("A") + index), **each} for index, each in enumerate(targets)]}


REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def tile(title: str, question: str, targets: list[dict], width: int = 4, height: int = 4, *, filled: bool = False,
         thresholds: list[dict] = PLAIN, **more: object) -> Panel:
    """One number, or two of which the second says how it stands to its target."""
    return panel("stat", title, question, targets, (width, height), thresholds=thresholds, options={
        "colorMode": "background_solid" if filled else "value", "graphMode": "none", "justifyMode": "center",
        "orientation": "horizontal" if len(targets) > 1 else "auto", "reduceOptions": REDUCE, "showPercentChange": False,
        "textMode": "value_and_name" if len(targets) > 1 else "value", "wideLayout": False,
        **({"text": {"titleSize": 13, "valueSize": 26}} if len(targets) > 1 else {})}, **more)


def share(name: str, thresholds: list[dict]) -> dict:
    """The second number of a tile: the share of its target that is used up, in colour."""
    return override(name, unit="percentunit", decimals=0, min=0, color={"mode": "thresholds"},
                    thresholds={"mode": "absolute", "steps": thresholds})


SOFT_MAX = {"none": 1, "ops": 0.1}  # by unit: without, an axis over nothing but zeros ends at 100


def graph(title: str, question: str, targets: list[dict], size: tuple[int, int] = (12, 8), *, stacked: bool = False,
          stepped: bool = False, lines: list[dict] | None = None, overrides: list[dict] | None = None, **more: object) -> Panel:
    """Lines over time; `lines` are drawn as dashes at the numbers where alerts begin."""
    custom = {"drawStyle": "line", "fillOpacity": 40 if stacked else 0, "lineWidth": 2, "showPoints": "auto", "spanNulls": False,
              "lineInterpolation": "stepAfter" if stepped else "linear", "axisSoftMin": 0,
              **({"axisSoftMax": SOFT_MAX[unit]} if (unit := str(more.get("unit", "none"))) in SOFT_MAX else {}),
              "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
              "thresholdsStyle": {"mode": "dashed" if lines else "off"}}
    made = panel("timeseries", title, question, targets, size, custom=custom, overrides=overrides, options={
        "legend": {"calcs": ["lastNotNull"], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"}}, **more)
    if lines:
        made["fieldConfig"]["defaults"]["thresholds"]["steps"] = [{"value": None, "color": "transparent"}, *lines[1:]]
    return made


def objective(name: str) -> dict:
    """The line of a target that is a metric itself: dashed, so that it is told from what is measured."""
    return override(name, color={"mode": "fixed", "fixedColor": RED}, custom_lineStyle={"fill": "dash", "dash": [10, 10]},
                    custom_lineWidth=1)


def painted(pattern: str, color: str) -> dict:
    return {"matcher": {"id": "byRegexp", "options": pattern},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}]}


def states(title: str, question: str, targets: list[dict], size: tuple[int, int] = (24, 8), **more: object) -> Panel:
    return panel("state-timeline", title, question, targets, size, thresholds=steps((0, GREEN)), mappings=STATUS,
                 custom={"fillOpacity": 80, "lineWidth": 0}, options={
                     "alignValue": "left", "mergeValues": True, "rowHeight": 0.8, "showValue": "auto",
                     "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                     "tooltip": {"mode": "single", "sort": "none"}}, **more)


def bars(title: str, question: str, targets: list[dict], size: tuple[int, int] = (12, 8), *,
         thresholds: list[dict] = PLAIN, **more: object) -> Panel:
    return panel("bargauge", title, question, targets, size, thresholds=thresholds, options={
        "displayMode": "basic", "orientation": "horizontal", "reduceOptions": REDUCE, "showUnfilled": True, "minVizWidth": 8,
        "minVizHeight": 16, "namePlacement": "auto", "sizing": "auto", "valueMode": "color"}, **more)


class Column(typing.NamedTuple):
    field: str                  # a label, or the number of a question by its letter
    name: str                   # its header
    look: dict[str, object] = {}
    links: list[dict] = []


def table(title: str, question: str, targets: list[dict], columns: list[Column], size: tuple[int, int] = (24, 8), *,
          worst: str = "", unseen: tuple[str, ...] = (), **more: object) -> Panel:
    """One row for each set of labels; the first question decides which rows there are; labels that are `unseen` are hidden."""
    def source(field: str) -> str:
        if len(field) > 1 or not field.isupper():
            return field
        return f"Value #{field}" if len(targets) > 1 else "Value"
    names = {source(column.field): column.name for column in columns} | {"cluster": "Cluster"}
    numbers = [source(chr(ord("A") + index)) for index in range(len(targets))]
    if "Value #A" in names:  # so it is called when no other question has an answer
        names["Value"] = names["Value #A"]
    hidden = ["Time", "__name__", *unseen, *(number for number in numbers if number not in names)]
    order = ["cluster", *(source(column.field) for column in columns)]
    changes = [{"id": "merge", "options": {}}] if len(targets) > 1 else []
    changes.append({"id": "organize", "options": {"excludeByName": dict.fromkeys(hidden, True), "renameByName": names,
                                                  "indexByName": {name: index for index, name in enumerate(order)}}})
    if worst:
        changes.append({"id": "sortBy", "options": {"fields": {}, "sort": [{"field": worst, "desc": True}]}})
    looks = [override(column.name, **{"noValue": "–"} | column.look | ({"links": column.links} if column.links else {}))
             for column in columns] + [override("Cluster", custom_width=90)]
    made = panel("table", title, question, targets, size, overrides=looks, thresholds=PLAIN,
                 custom={"align": "left", "minWidth": 80, "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False},
                 options={"cellHeight": "sm", "showHeader": True}, **more)
    return made | {"transformations": changes}


COLORED = {"custom_cellOptions": {"type": "color-text"}, "color": {"mode": "thresholds"}}


def counted(thresholds: list[dict] = NONE_IS_GOOD) -> dict[str, object]:
    """The look of a column of counts: coloured, and no decimals."""
    return {"decimals": 0, "thresholds": {"mode": "absolute", "steps": thresholds}, **COLORED}


def said(mappings: list[dict], width: int = 0) -> dict[str, object]:
    """The look of a column whose numbers are words."""
    return {"mappings": mappings, **COLORED, **({"custom_width": width} if width else {})}


def row(title: str, lines: list[list[Panel]], collapsed: bool = False) -> Panel:
    return {"type": "row", "title": title, "collapsed": collapsed, "panels": [], "lines": lines}


def placed(parts: list[Panel | list[Panel]]) -> list[Panel]:
    """Panels with ids and places: each list is one line from the left, each row a heading over its lines."""
    made: list[Panel] = []
    count, y = 0, 0

    def put(line: list[Panel], into: list[Panel]) -> None:
        nonlocal count, y
        x = 0
        for each in line:
            count += 1
            into.append({"id": count, **each, "gridPos": {"x": x, "y": y, **each["gridPos"]}})
            x += each["gridPos"]["w"]
        y += max(each["gridPos"]["h"] for each in line)

    for part in parts:
        if isinstance(part, list):
            put(part, made)
            continue
        lines = part.pop("lines")
        count += 1
        heading = {"id": count, **part, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}}
        made.append(heading)
        y += 1
        for line in lines:
            put(line, heading["panels"] if part["collapsed"] else made)
    return made
