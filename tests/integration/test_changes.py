"""The changes API of the real program, over TLS and users: what is answered is in force, and stored."""
from __future__ import annotations

import concurrent.futures
import functools
import http.client
import json
import pathlib
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import unittest
import urllib.parse

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from changes_api import PASSWORD, USERS, Api, SecuredExporter  # noqa: E402
from endpoints import Authority, Endpoint  # noqa: E402
from fleet import ROOT, program  # noqa: E402
from monitoring import Exporter, Metrics  # noqa: E402
from process import LOOPBACK, Directory, free_port, wait_until  # noqa: E402

WEB = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n" + USERS
NODES = ("web-1", "web-2", "web-3")
CONFIG = """
global: {{poll_interval: 1s, deep_interval: 1s, poll_timeout: 500ms}}
services:
  - name: web
    owner: shop
    tier: critical
    nodes: [{nodes}]
    collect: [{{http: {{dimension: software_version, path: /version, json: /version}}}}]
"""
CANONICAL, TRANSITION, DIVERGENT = 0, 1, 3
KILLS = 5


class ChangesCase(unittest.TestCase):
    """Three web nodes that say their version, and an exporter that remembers."""

    def setUp(self) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.authority = Authority(self.directory.path)
        self.authority.certificate(f"IP:{LOOPBACK}")
        self.versions = dict.fromkeys(NODES, "41")
        nodes = ", ".join(f"{{name: {name}, address: \"{self.node(name)}\"}}" for name in NODES)
        self.config = self.directory.file("exporter.yml", CONFIG.format(nodes=nodes))
        self.web = self.directory.file("web.yml", WEB)
        self.port = free_port()
        self.ci = Api(self.port, self.authority.file)
        self.start()

    def node(self, name: str) -> str:
        endpoint = Endpoint(lambda *_: (200, {}, json.dumps({"version": self.versions[name]})))
        self.addCleanup(endpoint.stop)
        return endpoint.address

    def flags(self) -> list[str]:
        return ["--web.enable-changes", f"--web.config.file={self.web}",
                f"--storage.path={self.directory.path / 'history.db'}"]

    def start(self) -> None:
        self.exporter = SecuredExporter(self.directory, self.config, self.port, self.authority.file, self.flags())
        self.addCleanup(self.exporter.stop)
        wait_until("it answers", lambda: self.exporter.get("/-/healthy"), 20, 0.01)

    def ready(self) -> None:
        wait_until("the first round is complete", lambda: self.exporter.get("/-/ready"), 20)

    def give(self, version: str, *nodes: str) -> None:
        self.versions.update(dict.fromkeys(nodes, version))

    def declare(self, deploy: str = "d-1", state: str = "42", **more: object) -> dict:
        return self.ci.told("/api/v1/changes", service="web", dimension="software_version", deploy_id=deploy,
                            state=state, **{"deadline": "30m", **more})

    def close(self, how: str, deploy: str = "d-1") -> dict:
        return self.ci.told("/api/v1/changes", service="web", dimension="software_version", deploy_id=deploy, closed=how)

    def change(self, deploy: str = "d-1") -> dict:
        return next(change for change in self.ci.changes() if change["deploy_id"] == deploy)

    def status(self, node: str) -> float | None:
        return self.exporter.metrics().value("node_status", service="web", node=node)

    def canonical(self) -> str | None:
        """The short text of the canonical state, once a node holds it."""
        found = self.exporter.metrics().all("state_nodes", service="web", role="target")
        return found[0][0]["state"] if found else None

    def eventually(self, node: str, status: int) -> Metrics:
        def metrics_that_say() -> Metrics | None:
            metrics = self.exporter.metrics()
            return metrics if metrics.value("node_status", service="web", node=node) == status else None
        return wait_until(f"{node} has status {status}", metrics_that_say, 20)

    def log(self) -> str:
        return self.exporter.server.log.read_text()


class Deploys(ChangesCase):
    def test_a_declared_deploy_is_canonical_at_once_and_its_outcome_is_told(self) -> None:
        self.ready()
        self.assertEqual(self.status("web-1"), CANONICAL)
        told = self.declare(link="https://ci.example/7")
        self.assertEqual([self.status(node) for node in NODES], [TRANSITION] * 3, "before the next poll")
        self.assertTrue(told["durable"])
        self.assertEqual((told["by"], told["services"], told["state"]), ("ci", ["web"], "42"))
        open_change = self.change()
        self.assertEqual((open_change["id"], open_change["open"], open_change["outcome"], open_change["from"]),
                         (told["id"], True, None, "41"))
        self.assertEqual(open_change["link"], "https://ci.example/7")
        self.give("42", "web-1")
        self.eventually("web-1", CANONICAL)
        self.assertEqual((self.canonical(), self.status("web-2")), ("42", TRANSITION))
        self.give("42", *NODES)
        self.eventually("web-3", CANONICAL)
        wait_until("it has converged", lambda: self.change()["outcome"] == "converged")
        self.assertFalse(self.change()["open"])
        self.assertEqual(self.exporter.metrics().value("changes_total", service="web", outcome="converged"), 1)

    def test_a_retry_gets_the_same_answer_and_another_content_409(self) -> None:
        self.ready()
        body = dict(service="web", dimension="software_version", deploy_id="d-1", state="42", deadline="30m")
        first = self.ci.post("/api/v1/changes", **body)
        self.assertEqual(first[0], 200)
        self.assertEqual(self.ci.post("/api/v1/changes", **dict(reversed(body.items()))), first)
        status, text = self.ci.post("/api/v1/changes", **{**body, "state": "43"})
        self.assertEqual(status, 409)
        self.assertIn("a new deploy needs an id of its own", text)
        self.assertEqual(self.change()["to"], "42")

    def test_two_that_race_are_both_answered_and_one_deploy_is_open(self) -> None:
        self.ready()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            same = list(pool.map(lambda _: json.dumps(self.declare()), range(8)))
            self.assertEqual(len(set(same)), 1)
            list(pool.map(lambda number: self.declare(f"r-{number}", str(100 + number)), range(8)))
        raced = [change for change in self.ci.changes() if change["deploy_id"].startswith("r-")]
        self.assertEqual(len(raced), 8)
        self.assertEqual(sum(change["open"] for change in raced), 1)
        self.assertEqual({change["outcome"] for change in raced if not change["open"]}, {"superseded"})

    def test_one_that_is_finished_makes_who_is_late_divergent(self) -> None:
        self.ready()
        self.declare()
        self.give("42", "web-1", "web-2")
        self.eventually("web-2", CANONICAL)
        self.close("finished")
        wait_until("web-3 is late", lambda: self.status("web-3") == DIVERGENT)
        self.assertEqual(self.status("web-1"), CANONICAL)

    def test_one_that_is_abandoned_goes_back(self) -> None:
        self.ready()
        self.declare()
        self.give("42", "web-1")
        self.eventually("web-1", CANONICAL)
        self.close("abandoned")
        self.assertEqual([self.status(node) for node in NODES], [TRANSITION, CANONICAL, CANONICAL])
        self.assertEqual(self.close("abandoned")["id"], self.close("abandoned")["id"])
        self.give("41", "web-1")
        self.eventually("web-1", CANONICAL)

    def test_one_that_another_replaced_takes_nothing_back_when_it_is_abandoned(self) -> None:
        self.ready()
        self.declare()
        self.declare("d-2", "43")
        self.close("abandoned")
        self.assertTrue(self.change("d-2")["open"])
        self.assertEqual(self.change()["outcome"], "superseded")
        self.give("43", "web-1")
        self.eventually("web-1", CANONICAL)


class Durable(ChangesCase):
    def test_what_was_answered_survives_a_kill_at_once(self) -> None:
        self.ready()
        for number in range(KILLS):
            told = self.declare(f"d-{number}", str(100 + number))
            self.exporter.server.end(signal.SIGKILL)
            self.start()
            self.assertEqual(self.change(f"d-{number}")["id"], told["id"])
            self.ready()
            self.eventually("web-1", TRANSITION)
            found = self.change(f"d-{number}")
            self.assertEqual((found["open"], found["to"], found["from"]), (True, str(100 + number), "41"))

    def test_what_was_answered_before_the_first_round_survives_too(self) -> None:
        self.declare()
        self.exporter.server.end(signal.SIGKILL)
        self.start()
        self.ready()
        self.eventually("web-1", TRANSITION)

    def test_a_hold_and_an_acknowledgement_survive_and_end(self) -> None:
        self.ready()
        self.ci.told("/api/v1/holds", service="web", owner="sre", reason="incident 7", until="1h")
        self.exporter.server.end(signal.SIGKILL)
        self.start()
        wait_until("there is a snapshot", lambda: self.exporter.get("/api/v1/holds"))
        holds = json.loads(self.exporter.get("/api/v1/holds") or "")["holds"]
        self.assertEqual([(hold["reason"], hold["services"]) for hold in holds], [("incident 7", ["web"])])
        status, _ = self.ci.ask("DELETE", f"/api/v1/holds/{holds[0]['id']}")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(self.exporter.get("/api/v1/holds") or ""), {"holds": []})

    def test_a_reload_keeps_what_was_announced(self) -> None:
        self.ready()
        self.declare()
        self.exporter.server.process.send_signal(signal.SIGHUP)
        wait_until("it was reloaded", lambda: "configuration reloaded" in self.log())
        self.assertEqual(self.status("web-1"), TRANSITION)
        self.assertTrue(self.change()["open"])


class Acknowledged(ChangesCase):
    def test_a_divergent_node_is_in_transition_until_the_end_of_its_acknowledgement(self) -> None:
        self.ready()
        self.give("7", "web-3")
        self.eventually("web-3", DIVERGENT)
        told = self.ci.told("/api/v1/acknowledgements", selector={"owner": "shop"}, dimension="software_version",
                            nodes=["web-3"], owner="dba", reason="a test", until="4s")
        self.assertEqual(self.status("web-3"), TRANSITION)
        listed = json.loads(self.exporter.get("/api/v1/acknowledgements") or "")["acknowledgements"]
        self.assertEqual([(each["id"], each["owner"]) for each in listed], [(told["id"], "dba")])
        self.eventually("web-3", DIVERGENT)

    def test_one_that_is_taken_back_allows_no_more(self) -> None:
        self.ready()
        self.give("7", "web-3")
        self.eventually("web-3", DIVERGENT)
        told = self.ci.told("/api/v1/acknowledgements", service="web", dimension="software_version",
                            owner="dba", reason="a test", until="1h")
        self.assertEqual(self.status("web-3"), TRANSITION)
        self.assertEqual(self.ci.ask("DELETE", f"/api/v1/acknowledgements/{told['id']}")[0], 200)
        self.assertEqual(self.status("web-3"), DIVERGENT)
        self.assertEqual(self.ci.ask("DELETE", "/api/v1/acknowledgements/0123456789abcdef")[0], 404)


class Adapters(ChangesCase):
    """What others send, as they send it."""

    APP = {"app": {"metadata": {"name": "web"}, "status": {"operationState": {
        "startedAt": "2026-03-01T12:00:00Z", "operation": {"sync": {"revision": "42"}}}}},
        "context": {"argocdUrl": "https://argo.example"}}

    def rendered(self, template: str) -> tuple[str, str, str]:
        """The method, path and body of an Argo CD template for APP."""
        config = yaml.safe_load((ROOT / "deploy/kubernetes/argo-cd-notifications.yml").read_text())
        webhook = yaml.safe_load(config["data"][f"template.{template}"])["webhook"]["mixed-state"]

        def value(path: re.Match[str]) -> str:
            return functools.reduce(lambda found, key: found[key], path[1].split("."), self.APP)
        return webhook["method"], webhook["path"], re.sub(r"{{\.([\w.]+)}}", value, webhook["body"])

    def flagger(self, phase: str, message: str = "", checksum: str = "85d557f47b") -> tuple[int, str]:
        """An event of the canary in the examples, to the path of its URL."""
        canary = yaml.safe_load((ROOT / "deploy/kubernetes/flagger-canary.yml").read_text())
        hook = canary["spec"]["analysis"]["webhooks"][0]
        self.assertEqual(hook["type"], "event")
        self.assertRegex(hook["url"], r"^https://\w+:\w+@")
        metadata = {**hook["metadata"], "service": "web", "eventType": "Normal", "timestamp": "1772366400000",
                    "eventMessage": message or f"{phase} web.shop"}
        return self.ci.post(urllib.parse.urlparse(hook["url"]).path, name="web", namespace="shop", phase=phase,
                            checksum=checksum, metadata=metadata)

    def test_a_canary_of_flagger_is_a_change_from_its_first_step_to_its_last(self) -> None:
        self.ready()
        for phase, message in (("Initialized", ""), ("Waiting", ""),
                               ("Progressing", "Halt web.shop advancement waiting for approval gate")):
            self.assertEqual(self.flagger(phase, message), (200, "Nothing to declare.\n"))
        self.assertEqual([self.flagger(phase)[0] for phase in ("Progressing", "Progressing", "Promoting")], [200] * 3)
        self.assertEqual(self.change("85d557f47b")["to"], "2.1")
        self.give("2.1", *NODES)
        wait_until("it has converged", lambda: self.change("85d557f47b")["outcome"] == "converged")
        self.assertEqual(self.flagger("Succeeded")[0], 200)
        self.assertEqual([change["deploy_id"] for change in self.ci.changes()], ["85d557f47b"])

    def test_a_canary_that_failed_goes_back(self) -> None:
        self.ready()
        self.assertEqual(self.flagger("Progressing")[0], 200)
        self.assertEqual(self.status("web-1"), TRANSITION)
        self.assertEqual(self.flagger("Failed")[0], 200)
        self.assertEqual(self.status("web-1"), CANONICAL)
        self.assertEqual(self.flagger("Progressing", "Post-rollout check notify passed"), (200, "Nothing to declare.\n"))
        self.assertEqual(self.flagger("Progressing"), (200, "Nothing to declare.\n"), "one that was late")
        self.assertEqual(self.status("web-1"), CANONICAL)
        self.assertEqual(self.flagger("Progressing", checksum="7f4785d55b")[0], 200, "another specification")
        self.assertEqual(self.status("web-1"), TRANSITION)

    def test_the_templates_for_argo_cd_declare_finish_and_abandon(self) -> None:
        self.ready()
        self.assertEqual(self.ci.ask(*self.rendered("mixed-state-declare"))[0], 200)
        found = self.change("web-2026-03-01T12:00:00Z")
        self.assertEqual((found["to"], found["open"], found["link"]), ("42", True, "https://argo.example/applications/web"))
        self.assertEqual(self.ci.ask(*self.rendered("mixed-state-abandon"))[0], 200)
        self.assertEqual(self.ci.ask(*self.rendered("mixed-state-declare"))[0], 200)
        self.assertEqual(self.ci.ask(*self.rendered("mixed-state-finish"))[0], 200)

    def test_the_line_in_the_readme_declares(self) -> None:
        self.ready()
        text = (ROOT / "README.md").read_text()
        deploy = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
        self.directory.file("deploy.json", json.dumps({**deploy, "service": "web", "dimension": "software_version"}))
        line = shlex.split(re.search(r"^curl .*", text, re.MULTILINE)[0])
        self.assertIn("--json", line)
        line[line.index("ci")] += f":{PASSWORD}"
        line[-1] = f"https://{LOOPBACK}:{self.port}" + urllib.parse.urlparse(line[-1]).path
        ran = subprocess.run([*line, "--silent", "--cacert", self.authority.file], cwd=self.directory.path, text=True,
                             capture_output=True, check=False, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(json.loads(ran.stdout)["deploy_id"], deploy["deploy_id"])


class Webhook(ChangesCase):
    """A webhook that is busy at first."""

    def setUp(self) -> None:
        self.heard: list[dict] = []
        self.tries = 0
        hook = Endpoint(self.hear)
        self.addCleanup(hook.stop)
        self.hook = hook.address
        super().setUp()

    def hear(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, dict[str, str], str]:
        self.tries += 1
        if self.tries == 1:
            return 503, {}, ""
        self.heard.append({"method": method, "path": path, "auth": headers.get("Authorization"),
                           "type": headers.get("Content-Type"), **json.loads(body)})
        return 200, {}, ""

    def start(self) -> None:
        self.directory.file("hook.token", "t-7")
        text = self.config.read_text()
        if "change_webhook" not in text:
            self.config.write_text(text.replace("global: {", "global: {change_webhook: {url: 'http://" + self.hook +
                                                "/hook?a=1', bearer_token_file: hook.token}, ", 1))
        super().start()

    def test_it_is_told_of_the_beginning_and_the_end_of_a_change(self) -> None:
        self.ready()
        self.declare()
        wait_until("it heard of the beginning", lambda: self.heard)
        first = self.heard[0]
        self.assertEqual((first["event"], first["deploy_id"], first["to"], first["service"]), ("opened", "d-1", "42", "web"))
        self.assertEqual((first["method"], first["path"], first["auth"]), ("POST", "/hook?a=1", "Bearer t-7"))
        self.assertIn("application/json", first["type"])
        self.give("42", *NODES)
        wait_until("it heard of the end", lambda: len(self.heard) == 2)
        self.assertEqual((self.heard[1]["event"], self.heard[1]["outcome"]), ("closed", "converged"))
        wait_until("both are counted", lambda: self.exporter.metrics().value("change_notices_total", result="success") == 2)
        self.assertEqual(self.exporter.metrics().value("change_notices_total", result="failure"), 0)
        self.assertEqual(self.tries, 3)
        self.assertNotIn("t-7", self.log())


class Held(ChangesCase):
    def verdict(self) -> str:
        return json.loads(self.ci.ask("GET", "/api/v1/gate?service=web")[1])["verdict"]

    def test_a_hold_holds_the_gate_until_it_is_taken_back(self) -> None:
        self.ready()
        self.assertEqual(self.verdict(), "go")
        told = self.ci.told("/api/v1/holds", selector={"tier": "critical"}, owner="sre", reason="incident 7", until="1h")
        self.assertEqual(self.verdict(), "hold")
        self.assertEqual(self.ci.ask("DELETE", f"/api/v1/holds/{told['id']}")[0], 200)
        self.assertEqual(self.verdict(), "go")


class Refused(ChangesCase):
    BODY = '{"service": "web", "owner": "o", "reason": "r", "until": "1h"}'

    def test_who_is_not_known_is_refused_before_anything_is_read(self) -> None:
        self.ready()
        for api in (Api(self.port, self.authority.file, None), Api(self.port, self.authority.file, "mallory"),
                    Api(self.port, self.authority.file, "ci", "guessed")):
            self.assertEqual(api.ask("POST", "/api/v1/holds", self.BODY)[0], 401)
        self.assertEqual(json.loads(self.exporter.get("/api/v1/holds") or ""), {"holds": []})

    def test_who_still_sends_a_body_that_is_too_long_gets_to_read_why_it_is_refused(self) -> None:
        self.ready()
        with socket.create_connection((LOOPBACK, self.port), timeout=30) as plain, \
                self.ci.context.wrap_socket(plain, server_hostname=LOOPBACK) as client:
            head = "POST /api/v1/holds HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n"
            client.sendall(head.encode())
            self.assertTrue(select.select([client], [], [], 30)[0], "refused before the body came")
            for _ in range(70):
                client.sendall(b"x" * 1000)
            answer = http.client.HTTPResponse(client)
            answer.begin()
            self.assertEqual(answer.status, 413)

    def test_what_is_too_long_or_wrong_is_said_and_logged(self) -> None:
        self.ready()
        self.assertEqual(self.ci.ask("POST", "/api/v1/holds", "x" * 70000)[0], 413)
        self.assertEqual(self.ci.ask("POST", "/api/v1/holds", self.BODY, "text/plain")[0], 415)
        self.assertEqual(self.ci.ask("POST", "/api/v1/holds", '{"service": "web"}'), (400, "owner: is missing\n"))
        self.assertEqual(self.ci.post("/api/v1/holds", service="wep", owner="o", reason="r", until="1h"),
                         (404, 'service: there is no "wep"; did you mean `web`?\n'))
        self.assertEqual(self.ci.ask("PUT", "/api/v1/holds", self.BODY)[0], 405)
        self.declare()
        lines = [line for line in self.log().splitlines() if "msg=announcement" in line]
        self.assertEqual(len(lines), 4, lines)
        self.assertIn("identity=ci", lines[0])
        self.assertIn(f"address={LOOPBACK}", lines[0])
        self.assertIn("status=415", lines[0])
        self.assertIn('outcome="owner: is missing"', lines[1])
        self.assertIn("status=404", lines[2])
        self.assertIn("status=200", lines[3])
        self.assertIn("kind=change", lines[3])
        self.assertNotIn(PASSWORD, self.log())


class Off(ChangesCase):
    def flags(self) -> list[str]:
        return [f"--web.config.file={self.web}"]

    def test_it_is_off_by_default(self) -> None:
        self.assertEqual(self.ci.ask("POST", "/api/v1/holds", Refused.BODY),
                         (403, "The changes API is off; start with --web.enable-changes.\n"))
        self.assertEqual(self.ci.ask("GET", "/api/v1/changes")[0], 200)


class Open(ChangesCase):
    def setUp(self) -> None:
        super().setUp()
        self.ci = Api(self.port, None, None)

    def flags(self) -> list[str]:
        return ["--web.enable-changes"]

    def start(self) -> None:
        self.exporter = Exporter(self.directory, program(), self.config, self.port, self.flags())
        self.addCleanup(self.exporter.stop)
        self.exporter.wait_ready()

    def test_it_is_never_open_without_authentication(self) -> None:
        self.assertEqual(self.ci.ask("POST", "/api/v1/holds", Refused.BODY), (
            403, "The changes API needs a user or client certificate of --web.config.file.\n"))


class Forgetful(ChangesCase):
    def flags(self) -> list[str]:
        return ["--web.enable-changes", f"--web.config.file={self.web}"]

    def test_without_storage_it_says_that_nothing_is_durable(self) -> None:
        self.ready()
        self.assertIs(self.declare()["durable"], False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
