"""Holds answers against deploy/openapi.yml."""
from __future__ import annotations

import json
import pathlib
import re

import jsonschema
import yaml

OPENAPI = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "deploy" / "openapi.yml").read_text())


def assert_described(method: str, path: str, status: int, content_type: str, text: str) -> None:
    """What deploy/openapi.yml says of an answer of the API is true of it; what it has not is answered 404 or 405."""
    if not path.startswith("/api/"):
        return
    operation = operations(path.partition("?")[0]).get(method.lower())
    if operation is None:
        if status not in (404, 405):
            raise AssertionError(f"{method} {path} is not described, and gets {status}")
        return
    answers = operation["responses"]
    answer = answers.get(str(status), answers.get("default"))
    if answer is None:
        raise AssertionError(f"{method} {path}: the status {status} is not described")
    content = resolved(answer)["content"]
    kind = content_type.partition(";")[0]
    if kind not in content:
        raise AssertionError(f"{method} {path}: {status} with {kind}, not one of {', '.join(content)}")
    schema = content[kind]["schema"]
    if kind == "application/json":
        jsonschema.Draft202012Validator({**schema, "components": OPENAPI["components"]}).validate(json.loads(text))
    elif not (text.endswith("\n") and text.count("\n") == 1):
        raise AssertionError(f"{method} {path}: expected one line of text, got {text!r}")


def operations(path: str) -> dict:
    for template, described in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            return described
    return {}


def resolved(described: dict) -> dict:
    if "$ref" not in described:
        return described
    found = OPENAPI
    for name in described["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found
