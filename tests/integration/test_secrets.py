"""Secrets that the real program is given, reads and is answered with: PostgreSQL, queries, pages of metrics, declared URLs. None
is on a page, in the log, in the history or on the command line."""
from __future__ import annotations

import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from canaries import Talkative  # noqa: E402
from endpoints import Answer, Endpoint  # noqa: E402
from fleet import KNOWN_WITHIN, LOOPBACK, FleetCase  # noqa: E402
from process import wait_until  # noqa: E402

CANARY = re.compile(r"canary-\w+")
SERVICES = ("pair", "cast", "locked", "page", "declared")


class Secrets(FleetCase):
    databases = ("app",)

    @classmethod
    def start_exporter(cls) -> Talkative:
        cls.pair.primary.psql("ALTER SYSTEM SET archive_command = 'curl -u backup:canary-archive'")
        cls.pair.primary.psql("SELECT pg_reload_conf()")
        return Talkative(cls.directory, cls.config)

    @classmethod
    def services(cls) -> str:
        endpoint = Endpoint(cls.speak)
        cls.addClassCleanup(endpoint.stop)
        cls.directory.file("wrong.pass", "canary-password")
        cls.directory.file("token", "canary-token")
        primary = f"{LOOPBACK}:{cls.pair.primary.port}"
        login = "user: mixed_state, password_file: {}.pass, database: app"
        return cls.pair_service() + f"""
  - name: cast
    nodes: [{{name: rows, address: "{primary}"}}]
    collect: [{{query: {{{login.format('role')}, dimension: flags, sql: "SELECT ('canary-' || 'cast')::int AS value"}}}}]
  - name: locked
    nodes: [{{name: pg, address: "{primary}"}}]
    collect: [{{postgres: {{{login.format('wrong')}}}}}]
  - name: page
    nodes: [{{name: app, address: "{endpoint.address}"}}]
    collect: [{{prometheus: {{scheme: http, path: /page, bearer_token_file: token, version: "build_info{{version}}"}}}}]
  - name: declared
    nodes: [{{name: web, address: "{endpoint.address}"}}]
    collect: [{{http: {{path: /version, json: /version, dimension: software_version}}}}]
    canonical: {{software_version: {{declared: {{url: "http://{endpoint.address}/target?key=canary-key", json: /version,
                                                 bearer_token_file: token}}}}}}
"""

    @staticmethod
    def speak(_method: str, path: str, headers: dict[str, str], _body: str) -> Answer:
        if path == "/version":
            return 200, {}, '{"version": "7"}'
        if headers.get("Authorization") != "Bearer canary-token":
            return 401, {}, ""
        if path == "/page":
            return 200, {}, 'build_info{version="7",token="canary-label} canary-value\n'
        return 500, {}, "canary-answer"

    def has_errors(self, service: str) -> bool:
        return any(value for _, value in self.exporter.metrics().all("collector_errors_total", service=service))

    def test_they_show_nowhere(self) -> None:
        wait_until("each that fails has failed", lambda: all(map(self.has_errors, ("cast", "locked", "page"))), KNOWN_WITHIN)
        wait_until("the command is known to differ", lambda: "archive_command" in json.dumps(json.loads(
            self.exporter.get("/api/v1/status?service=pair") or "")), KNOWN_WITHIN)
        for where, text in self.exporter.texts(*SERVICES).items():
            with self.subTest(where):
                self.assertTrue(text)
                self.assertEqual(CANARY.findall(text), [])
                self.assertNotIn(self.pair.password, text)


if __name__ == "__main__":
    unittest.main()
