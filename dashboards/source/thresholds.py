"""The numbers at which panels change colour, read out of the alerts, so that a page and a red tile mean the same."""
from __future__ import annotations

import pathlib
import re

import yaml

ALERTS = pathlib.Path(__file__).resolve().parents[2] / "rules" / "alerts.yml"
OBJECTIVE = r"service(?:_slo)?:mixed_state_\w*(?:budget|objective):\w+"
COMPARED = re.compile(rf"[<>]=?\s+(?:on \([^)]*\)\s+)?(?:clamp_max\()?(?:(\d+(?:\.\d+)?) \* )?(?={OBJECTIVE})"
                      r"|(?:age:|max_)ratio > (\d+(?:\.\d+)?)|clamp_min\([^,]+, (\d+)\)")


def factors(alert: str, severity: str | None = None) -> list[float]:
    """By what the alert multiplies an objective, or compares a share with, ascending; 1 where it takes it as it is."""
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
             if rule["alert"] == f"MixedState{alert}" and severity in (None, rule["labels"]["severity"])]
    found = {float(next((number for number in match if number), 1)) for rule in rules for match in COMPARED.findall(rule["expr"])}
    if not found:
        raise LookupError(f"MixedState{alert} compares with no objective")
    return sorted(found)
