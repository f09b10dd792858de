"""The gate as pipelines ask it: Flagger, Argo Rollouts, CI jobs and people, against the real program and real files."""
from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Authority, Endpoint  # noqa: E402
from fleet import CADENCES, program  # noqa: E402
from monitoring import Exporter  # noqa: E402
from openapi import OPENAPI, assert_described  # noqa: E402
from process import LOOPBACK, Directory, free_port, wait_until  # noqa: E402

GO, HOLD, UNKNOWN, USAGE = 0, 1, 2, 3  # exit codes
NODES = [f"web-{number}" for number in range(10)]
CONFIG = CADENCES + f"""services:
  - name: web
    nodes: [{", ".join(f"{{name: {node}}}" for node in NODES)}]
    collect: [{{file: {{path: "nodes/{{node}}/app.yml"}}}}]
    changes: {{config: {{file: deploy.json}}}}
"""


class Flagger:
    """Calls webhooks as its go-retryablehttp client does: 5xx and 429 again, then without their body; over 202 is a failure."""

    def __init__(self, url: str, retries: int = 2) -> None:
        self.url, self.retries, self.attempts = url, retries, 0

    def call(self, path: str, checksum: str = "", **metadata: str) -> tuple[bool, str]:
        body = json.dumps({"name": "web", "namespace": "prod", "phase": "Progressing", "checksum": checksum,
                           "metadata": metadata}).encode()
        self.attempts = 0
        while True:
            self.attempts += 1
            request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"}, method="POST")
            status, text = open_any(request)
            if status < 500 and status != 429:
                return status <= 202, text
            if self.attempts > self.retries:
                return False, f"giving up after {self.attempts} attempts"


def open_any(request: urllib.request.Request | str) -> tuple[int, str]:
    """Of any status, also of those that urllib raises, and as deploy/openapi.yml says."""
    if isinstance(request, str):
        request = urllib.request.Request(request)
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read().decode()
        assert_described(request.get_method(), request.selector, answer.status, answer.headers["Content-Type"], text)
        return answer.status, text


def argo(url: str) -> str:
    """A measurement of Argo Rollouts' web metric: jsonPath {$.verdict}, success "go", failure "rollback"."""
    status, text = open_any(url)
    if not 200 <= status < 300:
        return "Error"
    result = json.loads(text)["verdict"]
    return {"go": "Successful", "rollback": "Failed"}.get(result, "Inconclusive")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(), *arguments], text=True, capture_output=True, check=False, timeout=60)


class Files(unittest.TestCase):
    """Ten nodes whose configuration is a file each, all alike."""

    def setUp(self) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        for node in NODES:
            self.push(node, "old")
        self.exporter = self.start()
        self.url = f"http://{LOOPBACK}:{self.exporter.port}"

    def start(self) -> Exporter:
        exporter = Exporter(self.directory, program(), self.directory.file("exporter.yml", CONFIG))
        self.addCleanup(exporter.stop)
        exporter.wait_ready()
        return exporter

    def push(self, node: str, level: str) -> None:
        folder = self.directory.path / "nodes" / node
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / "app.yml.new"
        fresh.write_text(f"level: {level}\nport: 80\n")
        fresh.rename(folder / "app.yml")

    def address(self, **query: str) -> str:
        return f"{self.url}/api/v1/gate?" + urllib.parse.urlencode({"service": "web", **query})

    def ask(self, **query: str) -> dict:
        status, text = open_any(self.address(**query))
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def status(self, **query: str) -> dict:
        status, text = open_any(f"{self.url}/api/v1/status?" + urllib.parse.urlencode(query))
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def node(self, name: str) -> dict:
        return self.status(service="web", node=name)["services"][0]["nodes"][0]

    def until(self, verdict: str, **query: str) -> dict:
        """The answer once it is `verdict`."""
        def asked() -> dict | None:
            answer = self.ask(**query)
            return answer if answer["verdict"] == verdict else None
        return wait_until(f"{verdict} of {query}", asked, 30)

    def state_after(self, node: str, level: str) -> str:
        """Pushes `level` to `node`; the fingerprint that it then has, as a pipeline would look it up."""
        before = self.node(node)["fingerprint"]
        self.push(node, level)
        wait_until("the new state is seen", lambda: self.node(node)["fingerprint"] not in (before, None), 30)
        return str(self.node(node)["fingerprint"])


class Rollout(Files):
    def test_a_wrong_config_on_one_node_holds_the_rollout_until_it_is_repaired(self) -> None:
        self.until("go")
        target = self.state_after("web-0", "new")
        mine = {"deploy_id": "d-1", "target": target, "dimension": "config"}
        self.until("go", **mine)
        self.until("hold")
        self.push("web-1", "new")
        self.push("web-2", "wrong")
        held = self.until("hold", **mine)
        self.assertEqual(held["reasons"][0]["code"], "divergent_nodes")
        self.assertEqual(held["reasons"][0]["nodes"], ["web-2"])
        self.assertFalse(held["allow"])

        self.assertEqual(argo(self.address(**mine)), "Inconclusive")
        self.assertEqual(open_any(self.address(**mine, fail="true"))[0], 409)
        waiting = subprocess.Popen([program(), "gate", "--url", self.url, "--service", "web", "--target", target,
                                    "--dimension", "config", "--wait", "2m"], text=True, stdout=subprocess.PIPE)
        self.addCleanup(waiting.kill)
        first = waiting.stdout.readline()
        self.assertRegex(first, r"^hold web: 1 node diverged in config.* \(web-2\).* Cleared when: ")
        self.push("web-2", "new")
        self.until("go", **mine)
        self.assertEqual(waiting.wait(timeout=60), GO)
        self.assertRegex(waiting.stdout.read(), r"^go web\b.*\n$")
        waiting.stdout.close()

        for node in NODES[3:]:
            self.push(node, "new")
        self.until("go", **mine)
        self.until("go")
        self.assertEqual(argo(self.address(**mine)), "Successful")

    def test_a_canary_of_one_node_in_ten_is_not_held_by_itself(self) -> None:
        target = self.state_after("web-3", "canary")
        self.until("go", target=target, dimension="config")
        self.until("hold")
        self.directory.file("deploy.json", json.dumps({
            "state": target, "deploy_id": "canary-1", "deadline": "1h",
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "nodes": ["web-3"]}))
        self.until("go")
        self.assertEqual(self.ask(deploy_id="canary-1")["verdict"], "go")
        row = self.node("web-3")
        self.assertEqual((row["status"], row["allowance"]["source"], row["allowance"]["who"]),
                         ("transition", "change", "canary-1"))

    def test_flagger_is_answered_as_it_calls(self) -> None:
        flagger = Flagger(self.url)
        hook, rollback = "/api/v1/gate/flagger", "/api/v1/gate/flagger/rollback"
        self.until("go")
        self.assertEqual(flagger.call(hook, "d-1")[0], True)
        self.assertEqual(flagger.call(rollback, "d-1")[0], False, "200 would roll back")
        target = self.state_after("web-3", "new")
        self.until("hold")
        passed, text = flagger.call(hook, "d-1")
        self.assertFalse(passed)
        self.assertEqual(flagger.attempts, 1, "a denial is final and keeps its text")
        self.assertRegex(text, r"^hold: 1 node diverged in config.*\(web-3\)")
        self.assertEqual(flagger.call(hook, "d-1", target=target, dimension="config")[0], True)
        self.assertEqual(flagger.call(hook, "d-1", service="nowhere")[0], False)
        self.assertEqual(flagger.attempts, 1)
        self.assertEqual(open_any(self.url + "/api/v1/gate/flagger/other")[0], 404)
        self.assertEqual(open_any(self.url + hook)[0], 405)

    def test_nobody_reads_go_out_of_an_unreadable_node(self) -> None:
        self.until("go")
        (self.directory.path / "nodes" / "web-4" / "app.yml").unlink()
        (self.directory.path / "nodes" / "web-4").rmdir()
        (self.directory.path / "nodes" / "web-4").write_text("in the way")
        unknown = wait_until("it is seen", lambda: next((a for a in [self.ask()] if a["verdict"] != "go"), None), 30)
        self.assertNotEqual(unknown["verdict"], "go")
        self.assertNotEqual(argo(self.address()), "Successful")
        self.assertEqual(self.status()["services"][0]["gate"]["verdict"], self.ask()["verdict"])

    def test_answers_are_as_the_openapi_file_says(self) -> None:
        self.state_after("web-3", "new")
        self.until("hold")
        self.status()
        self.status(service="web", dimension="config")
        for path, code in (("/api/v1/gate?service=nowhere", 404), ("/api/v1/gate", 400), ("/api/v1/status?node=none", 404),
                           ("/api/v1/status?nodes=web-1", 400)):
            self.assertEqual(open_any(self.url + path)[0], code)
        served = {path for path in OPENAPI["paths"] if path.startswith(("/api/v1/gate", "/api/v1/status"))}
        self.assertEqual(served, {"/api/v1/gate", "/api/v1/gate/flagger", "/api/v1/gate/flagger/rollback",
                                  "/api/v1/status"})


class Starting(unittest.TestCase):
    CONFIG = """
global: {{poll_interval: 15s, deep_interval: 15s, poll_timeout: 10s}}
services:
  - name: web
    nodes: [{{name: web-1, address: "{address}"}}]
    collect: [{{http: {{dimension: software_version, path: /version, json: /version}}}}]
"""

    def test_flagger_asks_again_while_the_first_round_is_incomplete(self) -> None:
        released = threading.Event()

        def version(*_: object) -> tuple[int, dict[str, str], str]:
            released.wait(30)
            return 200, {}, '{"version": "1"}'

        node = Endpoint(version)
        self.addCleanup(node.stop)
        self.addCleanup(released.set)
        directory = Directory()
        self.addCleanup(directory.remove)
        exporter = Exporter(directory, program(), directory.file("exporter.yml", self.CONFIG.format(address=node.address)))
        self.addCleanup(exporter.stop)
        wait_until("it listens", lambda: exporter.get("/-/healthy"))
        flagger = Flagger(f"http://{LOOPBACK}:{exporter.port}", retries=1)
        self.assertEqual(flagger.call("/api/v1/gate/flagger"), (False, "giving up after 2 attempts"))
        released.set()
        wait_until("it may go on", lambda: flagger.call("/api/v1/gate/flagger")[0])


class Commands(Files):
    def test_they_exit_and_print_as_documented(self) -> None:
        self.until("go")
        gate = run("gate", "--url", self.url, "--service", "web")
        self.assertEqual((gate.returncode, gate.stdout), (GO, "go web\n"), gate.stderr)
        equal = run("diff", "--url", self.url, "web", "config")
        self.assertEqual((equal.returncode, equal.stdout), (GO, "All nodes hold the canonical state.\n"))
        self.state_after("web-3", "new")
        self.until("hold")
        self.assertEqual(run("gate", "--url", self.url, "--service", "web").returncode, HOLD)
        differ = run("diff", "--url", self.url, "web", "config")
        self.assertEqual(differ.returncode, HOLD)
        self.assertRegex(differ.stdout, r"web-3 +divergent .*differs in level\n")
        table = run("status", "--url", self.url)
        self.assertEqual(table.returncode, GO)
        self.assertRegex(table.stdout, r"web +hold +10 +1 +0 +0 ")
        self.assertRegex(table.stdout, r"web +web-3 +config +divergent ")

    def test_asked_wrongly_or_of_nobody_they_never_say_go(self) -> None:
        self.assertEqual(run("gate", "--url", self.url, "--service", "nowhere").returncode, USAGE)
        self.assertEqual(run("gate", "--url", self.url).returncode, USAGE)
        self.assertEqual(run("gate", "--url", "ftp://x", "--service", "web").returncode, UNKNOWN)
        dead = f"http://{LOOPBACK}:{free_port()}"
        alone = run("gate", "--url", dead, "--service", "web")
        self.assertEqual(alone.returncode, UNKNOWN)
        self.assertIn("refused", alone.stdout)
        self.assertEqual(run("status", "--url", dead).returncode, UNKNOWN)
        self.until("go")
        twins = run("gate", "--url", dead, "--url", self.url, "--service", "web")
        self.assertEqual(twins.returncode, GO, twins.stderr)
        self.assertIn(dead, twins.stderr)


class Secured(Files):
    """Over TLS, as a user of --web.config.file."""

    USERS = "basic_auth_users: {prometheus: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW}\n"

    def start(self) -> Exporter:
        self.authority = Authority(self.directory.path)
        certificate = self.authority.certificate(f"IP:{LOOPBACK}")
        web = self.directory.file("web.yml", f"tls_server_config: {{cert_file: {certificate.certificate}, "
                                             f"key_file: {certificate.key}}}\n" + self.USERS)
        exporter = Exporter(self.directory, program(), self.directory.file("exporter.yml", CONFIG),
                            flags=[f"--web.config.file={web}"])
        self.addCleanup(exporter.stop)
        return exporter

    def test_commands_speak_tls_with_a_user(self) -> None:
        url = f"https://{LOOPBACK}:{self.exporter.port}"
        password = self.directory.file("password", "U*U\n")
        ask = ["gate", "--url", url, "--service", "web", "--ca-file", str(self.authority.file)]
        user = ["--user", "prometheus", "--password-file", str(password)]
        waited = run(*ask, *user, "--wait", "30s")
        self.assertEqual(waited.returncode, GO, waited.stdout + waited.stderr)
        self.assertEqual(run(*ask).returncode, USAGE, "no user")
        stranger = run("gate", "--url", url, "--service", "web", *user)
        self.assertEqual(stranger.returncode, UNKNOWN, "no authority that vouches for it")
        self.assertIn("tls", stranger.stdout)
        self.assertNotIn("U*U", waited.stdout + waited.stderr + stranger.stdout + stranger.stderr)


if __name__ == "__main__":
    unittest.main()
