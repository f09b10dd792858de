"""Every question of every dashboard to a real Prometheus over the real exporter, in five situations; none says "No data"."""
from __future__ import annotations

import datetime
import json
import pathlib
import sys
import time
import unittest
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from dashboard_rules import OPTIONAL, shipped  # noqa: E402
from endpoints import Endpoint  # noqa: E402
from fleet import grant, program  # noqa: E402
from grafana import Answer, Board, Look  # noqa: E402
from monitoring import Exporter, Prometheus, shortened_rules  # noqa: E402
from process import LOOPBACK, Directory, ServerError, free_port, wait_until  # noqa: E402
from servers import Pair  # noqa: E402

SECONDS = 150  # for a situation to be seen, with the rules' durations divided by 60
NODES = [f"web-{number}" for number in range(1, 6)]
PODS = ["pod-1", "pod-2", "pod-3"]
CONFIG = """
global: {{poll_interval: 2s, deep_interval: 2s, position_interval: 500ms, poll_timeout: 1500ms}}
services:
  - name: web
    min_nodes: 2
    owner: shop
    nodes: [{web}]
    collect:
      - http: {{dimension: software_version, path: /version, json: /version}}
      - file: {{dimension: config, path: "{{node}}.yml"}}
    canonical: {{software_version: majority}}
    changes: {{software_version: {{file: deploy.json}}}}
  - name: orders-db
    owner: payments
    nodes: [{{name: pg-1, address: "{host}:{primary}"}}, {{name: pg-2, address: "{host}:{standby}"}}]
    collect: [{{postgres: {{user: mixed_state, password_file: role.pass, database: orders}}}}]
    compatible: {{schema_version: [[41, 42]]}}
  - name: jobs
    owner: payments
    nodes: [{{name: job-1, address: "{jobs}"}}]
    collect:
      - http:
          path: /jobs
          measures:
            reconciliation: {{ledger: {{succeeded: /ok, failed: /failed, pending_items: /pending, oldest_pending: /oldest,
                                        mismatched_items: /mismatched, last_success: /last}}}}
            duplicates: {{payments: {{events: /ok, duplicates: /twice}}}}
            schema: {{valid: /ok, errors: /twice}}
            authorization: {{allowed: /ok, denied: /failed}}
  - name: found
    nodes: {{discover: {{file: [found.json]}}}}
    collect:
      - http: {{dimension: software_version, path: /version, json: /version}}
      - http: {{probe: true, path: /admin}}
maintenance:
  - {{services: [orders-db], from: "2026-01-01T00:00:00Z", until: "2099-01-01T00:00:00Z", why: move}}
"""
NEW = """
global: {poll_interval: 1s, deep_interval: 1s}
services:
  - name: web
    nodes: [{name: web-1}, {name: web-2}]
    collect: [{file: {dimension: config, path: "{node}.yml"}}]
"""


# Questions, by panel and letter, that may have no answer …
UNSEEN_END = {"annotation Changes end"}  # no change has ended
NO_KEYS = {"Keys that differ A", "Has against should have E", "Keys that differ over time A", "Who is not canonical D"}
UNCHANGED = {*UNSEEN_END, "annotation Changes begin", "variable deploy_id", "Changes A", "Convergence of open changes A", "Converged A",
             "Change age A", "Change age B", "F1 Change age A", "Converged 7d A", "Converged 7d B", "p99 converged 7d A",
             "Convergence, 1h A", "Convergence, 1h B", "Nodes per state A", "F1 Moves, 30m A", "F1 Moves, 30m B"}
NOT_DIVERGENT = {*NO_KEYS, "Divergent for A", "Has against should have D", "Services, worst first E", "Who is not canonical A",
                 "Who is not canonical B", "Who is not canonical C"}
NOT_ALLOWED = {"Allowed A"}
NOT_HELD = {"Why it holds A", "annotation The gate holds"}  # the gate says go
NO_REGION = {"By region B", "By region C", "By region D"}  # none in that status
NOT_CUT = {"F2 Replica lag C", "Replication links B"}
NO_BUDGET_YET = {"Budget left 30d A", "Budget left, 30d A", "Services, worst first H"}  # a minute of 30 days
SEEN = {"Probe errors B"}  # no probe has failed
NOBODY_TOLD = {"annotation Pages", "Alerts that fire A"}
# … in any of these situations: bytes behind a lag that a restart made unmeasurable, settings that wait for a restart
NEVER = {"Replication links C", "F3 Split config B"}


class World:
    """Servers, the exporter over them, and a Prometheus with the shipped rules; each method is something that happens to them."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.stops: list[Callable[[], None]] = [self.directory.remove]
        self.versions = dict.fromkeys(NODES + PODS, 41)
        self.blind = self.failing = False
        self.pair = Pair(self.directory, databases=("orders",))

    def start(self) -> None:
        self.stops.append(self.pair.stop)
        self.pair.start()
        self.pair.primary.psql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); "
                               "INSERT INTO schema_migrations VALUES (41, false)", db="orders")
        web = [self.endpoint(node) for node in NODES]
        for node in NODES:
            self.configure(node, 1)
        self.directory.file("role.pass", self.pair.password)
        self.directory.file("found.json", json.dumps([{"targets": [self.endpoint(pod)], "labels": {"node": pod}} for pod in PODS]))
        nodes = ", ".join(f'{{name: {node}, address: "{address}", labels: {{region: {"eu" if index < 3 else "us"}}}}}'
                          for index, (node, address) in enumerate(zip(NODES, web, strict=True)))
        config = self.directory.file("exporter.yml", CONFIG.format(
            host=LOOPBACK, web=nodes, primary=self.pair.primary.port, standby=self.pair.standby.port, jobs=self.endpoint("")))
        grant(self.pair.primary, config)
        wait_until("the standby has the grants", lambda: self.pair.standby.caught_up_with(self.pair.primary))
        self.exporter = Exporter(self.directory, program(), config, flags=[f"--storage.path={self.directory.path}/history.db"])
        self.stops.append(self.exporter.stop)
        self.prometheus = watched(self.directory, self.exporter, cluster="eu-1")
        self.stops.append(self.prometheus.stop)
        self.exporter.wait_ready()
        self.prometheus.wait_ready()

    def stop(self) -> None:
        for stop in reversed(self.stops):
            stop()
        self.stops.clear()

    def endpoint(self, node: str) -> str:
        """Where this node tells its version; with no name, where jobs tell their numbers."""
        wrong = 0

        def speak(_method: str, path: str, _headers: dict[str, str], _body: str) -> tuple[int, dict[str, str], str]:
            nonlocal wrong
            if self.blind:
                return 503, {}, ""
            wrong += 40 * self.failing
            if path == "/admin":
                return 403, {}, ""
            said = {"version": str(self.versions[node])} if node else {
                "ok": int(1e6 * time.time()), "failed": 1000 * wrong, "twice": wrong, "pending": 3, "oldest": 12, "mismatched": 0, "last": time.time()}
            return 200, {"Content-Type": "application/json"}, json.dumps(said)
        server = Endpoint(speak)
        self.stops.append(server.stop)
        return server.address

    def configure(self, node: str, limit: int) -> None:
        self.directory.file(f"{node}.new", f"limit: {limit}\n").rename(self.directory.path / f"{node}.yml")

    def declare(self, version: int, deadline: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = json.dumps({"state": str(version), "deploy_id": f"d-{version}", "started": now, "deadline": deadline})
        self.directory.file("deploy.new", text).rename(self.directory.path / "deploy.json")

    def status(self, dimension: str, status: str) -> float:
        return self.exporter.metrics().value("nodes", service="web", dimension=dimension, status=status) or 0

    def until(self, what: str, dimension: str, status: str, nodes: int) -> None:
        wait_until(what, lambda: self.status(dimension, status) == nodes, SECONDS)


def watched(directory: Directory, exporter: Exporter, **labels: str) -> Prometheus:
    """A Prometheus over the exporter and itself, as it is when rules are loaded."""
    port = free_port()
    scrapes = [{"job_name": name, "honor_labels": True, "static_configs": [{"targets": [f"{LOOPBACK}:{target}"], "labels": labels}]}
               for name, target in (("mixed_state", exporter.port), ("prometheus", port))]
    return Prometheus(directory, [], shortened_rules(directory, 60), port=port, scrapes=scrapes)


def boards(prometheus: Prometheus, **chosen: str) -> dict[str, Board]:
    return {file: Board(dashboard, prometheus.url, **{name: value for name, value in chosen.items() if any(
                each["name"] == name for each in dashboard["templating"]["list"])})
            for file, dashboard in shipped().items() if dashboard["uid"] != OPTIONAL}


class Situations(unittest.TestCase):
    """One story, its parts in order of their names."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.world = World()
        cls.addClassCleanup(cls.world.stop)
        cls.world.start()
        cls.filled: set[str] = set()

    def boards(self, **chosen: str) -> dict[str, Board]:
        return boards(self.world.prometheus, **chosen)

    def asked(self, allowed: set[str]) -> dict[str, Look]:
        """Waits until each question has an answer but those that may have none; what the tiles say then."""
        def enough() -> bool:
            self.empty = {each.name for board in self.boards().values() for each in self.told(board)}
            return not self.empty - allowed - NEVER
        try:
            wait_until("every question has an answer", enough, SECONDS, 1)
        except ServerError:
            self.fail(f"no answer to {sorted(self.empty - allowed - NEVER)}")
        return self.tiles()

    def tiles(self) -> dict[str, Look]:
        return {name: look for board in self.boards().values() for name, look in board.tiles().items()}

    def settled(self, colors: dict[str, str]) -> dict[str, Look]:
        """What the tiles say as soon as these have these colours: rules are an evaluation behind."""
        def reached() -> dict[str, Look] | None:
            tiles = self.tiles()
            return tiles if all(tiles[name].color == color for name, color in colors.items()) else None
        return wait_until(f"tiles turn {colors}; they are {self.tiles()}", reached, SECONDS, 1)

    def told(self, board: Board) -> list[Answer]:
        answers = board.answers()
        self.filled |= {each.name for each in answers if each.series}
        return [each for each in answers if not each.series]

    def test_1_all_good(self) -> None:
        self.world.until("all are canonical", "software_version", "canonical", len(NODES))
        self.asked(UNCHANGED | NOT_DIVERGENT | NOT_ALLOWED | NO_REGION | NOT_CUT | NO_BUDGET_YET | NOBODY_TOLD | SEEN | NOT_HELD)
        tiles = self.settled({"Unknown: nodes": "green", "Coverage 1h": "green"})
        self.assertEqual({name: look for name, look in tiles.items() if look.color in {"red", "orange"}}, {})
        self.assertEqual(tiles["Status"].text, "canonical")
        self.assertEqual((tiles["Gate"], tiles["Converged"].text), (Look("GO", "green"), "no open change"))
        self.assertEqual((tiles["Unknown: nodes"], tiles["Divergent: nodes"]), (Look("0", "green"), Look("0", "green")))

    def test_2_mid_change(self) -> None:
        self.world.declare(42, "10m")
        wait_until("it is declared", lambda: self.world.exporter.metrics().all("change_info", service="web", deploy_id="d-42"), SECONDS)
        self.world.versions.update({"web-1": 42, "web-2": 42})
        self.world.until("three wait for the change", "software_version", "transition", 3)
        tiles = self.asked({*UNSEEN_END, *NO_KEYS, "Divergent for A", "Services, worst first E", "By region B", "By region C", "F1 Moves, 30m A"} | NOT_CUT
                           | NO_BUDGET_YET | NOBODY_TOLD | SEEN | NOT_HELD)
        self.assertEqual((tiles["Status"], tiles["Divergent: nodes"]), (Look("in transition", "blue"), Look("0", "green")))
        self.assertEqual((tiles["Gate"], tiles["Converged"]), (Look("GO", "green"), Look("0.4", "blue")))
        self.assertEqual(tiles["Exposure 5m: unplanned"].text, "0")

    def test_3_stuck(self) -> None:
        self.world.declare(43, "8s")  # given up after ten times that
        self.world.versions.update(dict.fromkeys(NODES[:4], 43))
        self.world.configure("web-5", 2)
        self.world.failing = True
        self.world.pair.standby.link.cut()
        self.world.until("one is left behind", "software_version", "divergent", 1)
        self.world.versions["web-4"] = 42  # and one goes back
        self.world.pair.primary.psql("CREATE TABLE more (id bigint)", db="orders")
        tiles = self.settled(dict.fromkeys(
            ("Change age: of its time", "Exposure 5m: of budget", "Paging now", "Duplicates 1d: of target"), "red") | {"Converged": "blue", "Gate": "orange"})
        self.assertEqual((tiles["Status"], tiles["Gate"]), (Look("divergent", "orange"), Look("HOLD", "orange")))
        self.asked(NOT_ALLOWED | SEEN | {"By region C", "By region D"})

    def test_4_one_node_and_one_deploy_are_shown_by_themselves(self) -> None:
        one_node = {"service": "web", "dimension": "software_version", "node": "web-5"}
        for series in (each.series for each in self.boards(**one_node)["debug.json"].answers() if each.where == "Has against should have"):
            self.assertEqual({each["metric"]["node"] for each in series}, {"web-5"})
        for deploy, shown in (("d-43", {"d-43"}), ("d-0", set())):
            changes = next(each for each in self.boards(deploy_id=deploy)["oncall.json"].answers() if each.name == "Changes A")
            self.assertEqual({each["metric"]["deploy_id"] for each in changes.series}, shown)

    def test_5_blind(self) -> None:
        self.world.blind = True
        self.world.pair.stop()
        self.world.until("no version is known", "software_version", "unknown", len(NODES))
        self.asked(NOT_ALLOWED | NOT_CUT | {"By region D", "Replica lag A", "Replica lag B"})
        tiles = self.settled({"Unknown: nodes": "orange", "Probes that fail": "orange", "Coverage 1h": "red"})
        self.assertNotIn("green", {tiles[name].color for name in ("Status", "Gate", "Coverage 1h", "Unknown: nodes", "Replica lag: of target")})

    def test_6_every_question_had_an_answer_at_some_time(self) -> None:
        names = {each.name for board in self.boards().values() for each in board.answers()}
        self.assertEqual(names - self.filled - NEVER, set())


class NewInstall(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)

    def said(self, prometheus: Prometheus) -> dict[str, Look]:
        return {name: look for board in boards(prometheus).values() for name, look in (board.answers(), board.tiles())[1].items()}

    def test_before_anything_is_scraped_no_tile_claims_good_or_bad(self) -> None:
        prometheus = Prometheus(self.directory, [], [])
        self.addCleanup(prometheus.stop)
        prometheus.wait_ready()
        tiles = self.said(prometheus)
        self.assertEqual({name: look for name, look in tiles.items() if look.color not in {"text", "#8e8e8e"}}, {})
        self.assertEqual((tiles["Gate"].text, tiles["Divergent: nodes"].text), ("no verdict yet", "nothing watched"))

    def test_the_first_minutes_are_said_in_words(self) -> None:
        for node in ("web-1", "web-2"):
            self.directory.file(f"{node}.yml", "limit: 1\n")
        exporter = Exporter(self.directory, program(), self.directory.file("exporter.yml", NEW))
        self.addCleanup(exporter.stop)
        prometheus = watched(self.directory, exporter)
        self.addCleanup(prometheus.stop)
        exporter.wait_ready()
        prometheus.wait_ready()
        wait_until("the rules have seen it", lambda: self.said(prometheus)["Divergent: nodes"].text == "0", SECONDS, 1)
        wait_until("and its alerts are loaded", lambda: self.said(prometheus)["Paging now"].text == "0", SECONDS, 1)
        tiles = self.said(prometheus)
        self.assertEqual({name: look for name, look in tiles.items() if look.color in {"red", "orange"}}, {})
        for name, words in {"Converged": "no open change", "Converged 7d: p95": "no change in 7d", "Reconciled 1d: now": "not measured",
                            "Replica lag: p95": "no replica", "Divergent for": "not divergent", "Authz drift: new": "not watched"}.items():
            self.assertEqual(tiles[name].text, words, name)
        services = next(each for each in boards(prometheus)["executive.json"].answers() if each.name == "Services, worst first A")
        self.assertEqual([each["metric"]["service"] for each in services.series], ["web"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
