"""A dashboard as Grafana would ask it: variables filled in from a Prometheus, every question run, tiles read."""
from __future__ import annotations

import json
import re
import time
import typing
import urllib.error
import urllib.parse
import urllib.request

from dashboard_rules import drawn, variables

SCRAPE = 1  # seconds; of the data source, for $__rate_interval
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


class Refused(Exception):
    """Prometheus does not take the question."""


def ask(url: str, path: str, **parameters: object) -> typing.Any:
    asked = f"{url}/api/v1/{path}?" + urllib.parse.urlencode({name: value for name, value in parameters.items() if value})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise Refused(f"{parameters}: {error.read().decode()}") from None


class Answer(typing.NamedTuple):
    where: str          # the panel's title, or the variable's or annotation's name
    letter: str         # of the question
    series: list[dict]
    panel: dict | None = None

    @property
    def name(self) -> str:
        return f"{self.where} {self.letter}".strip()


class Look(typing.NamedTuple):
    text: str
    color: str


class Board:
    """One dashboard over one Prometheus; `chosen` are the values of variables, all where none are named."""

    def __init__(self, dashboard: dict, url: str, seconds: float = 300, **chosen: str) -> None:
        self.dashboard, self.url, self.now, self.seconds = dashboard, url, time.time(), seconds
        rate = max(4 * SCRAPE, 5)
        self.values = {"__rate_interval": f"{rate}s", "__range": f"{int(seconds)}s"}
        self.options: dict[str, list[str]] = {}
        for variable in variables(dashboard):
            name = variable["name"]
            if variable["type"] == "query":
                self.options[name] = self._options(variable["query"]["query"])
            self.values[name] = re.escape(chosen[name]).replace("\\", "\\\\") if name in chosen else variable.get("allValue", "")

    def filled(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return match[0] if name.isdigit() else self.values[name]
        return VARIABLE.sub(value, text)

    def _options(self, query: str) -> list[str]:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", self.filled(query)).groups()
        return ask(self.url, f"label/{label}/values", **{"match[]": selector})

    def _series(self, expression: str, instant: bool) -> list[dict]:
        if instant:
            return ask(self.url, "query", query=self.filled(expression), time=self.now)["result"]
        return ask(self.url, "query_range", query=self.filled(expression), start=self.now - self.seconds, end=self.now, step=5)["result"]

    def answers(self) -> list[Answer]:
        """Of all panels, variables and annotations."""
        found = [Answer(panel["title"], each["refId"], self._series(each["expr"], each["instant"]), panel)
                 for panel in drawn(self.dashboard) for each in panel["targets"] if each["datasource"]["type"] == "prometheus"]
        found += [Answer(f"variable {name}", "", options) for name, options in self.options.items()]
        return found + [Answer(f"annotation {each['name']}", "", self._series(each["expr"], False))
                        for each in self.dashboard["annotations"]["list"] if "expr" in each]

    def tiles(self) -> dict[str, Look]:
        """What each number of a tile says, by title, or title and name where there are several."""
        said = {}
        for panel in (each for each in drawn(self.dashboard) if each["type"] == "stat"):
            for target in panel["targets"]:
                series = self._series(target["expr"], True)
                name = f"{panel['title']}: {target['legendFormat']}" if len(panel["targets"]) > 1 else panel["title"]
                said[name] = look(panel, target["legendFormat"], float(series[0]["value"][1]) if series else None)
        return said


def look(panel: dict, name: str, value: float | None) -> Look:
    """The words and the colour in which a tile shows this."""
    field = dict(panel["fieldConfig"]["defaults"])
    for each in panel["fieldConfig"]["overrides"]:
        if each["matcher"]["options"] == name:
            field.update({one["id"]: one["value"] for one in each["properties"]})
    color = field["color"].get("fixedColor", field["thresholds"]["steps"][0]["color"])
    if value is None or value != value:
        return Look(field["noValue"], field["thresholds"]["steps"][0]["color"])
    for mapping in field["mappings"]:
        if found := mapping["options"].get(f"{value:g}") if mapping["type"] == "value" else None:
            return Look(found["text"], found["color"])
    if field["color"]["mode"] == "thresholds":
        color = [step["color"] for step in field["thresholds"]["steps"] if step["value"] is None or value >= step["value"]][-1]
    return Look(f"{value:g}", color)
