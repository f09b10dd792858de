"""The shipped Alertmanager configuration in a real Alertmanager: who hears what, how often, and in which words."""
from __future__ import annotations

import contextlib
import datetime
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import unittest
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "demo"))
from monitoring import HttpServer  # noqa: E402
from process import LOOPBACK, Directory, free_port, wait_until  # noqa: E402

SHIPPED = ROOT / "rules" / "alertmanager"
FACTOR = 60         # by which the waits of the routes are divided: an interval of 5 m lasts 5 s
HEARTBEATS = 8      # of the watchdog, 1 s each, after which nothing more is expected: over a group interval
UNITS = {"s": 1, "m": 60, "h": 3600}


class Catcher:
    """A webhook that keeps what it is told, by path; it stands for Slack and PagerDuty too."""

    def __init__(self) -> None:
        told: list[tuple[str, dict]] = []
        self.told = told

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.append((self.path.strip("/"), json.loads(body)))
                self.send_response(202)
                self.end_headers()
                self.wfile.write(b'{"status": "success"}')

            def log_message(self, *_arguments: object) -> None:
                pass
        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path: str) -> list[dict]:
        return [body for name, body in list(self.told) if name == path]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def alert(name: str, severity: str, mode: str, **labels: str) -> dict:
    """An alert as Prometheus sends it, with the annotations that the rules give."""
    rules = [rule for group in yaml.safe_load((ROOT / "rules" / "alerts.yml").read_text())["groups"]
             for rule in group["rules"] if rule["alert"] == f"MixedState{name}" and rule["labels"]["severity"] == severity]
    found = {"alertname": f"MixedState{name}", "severity": severity, "failure_mode": mode, "service": "orders",
             "owner": "sre", "deploy_id": "none", "cause": "aaa", "incident": "aaa", **labels}
    annotations = {key: re.sub(r"{{ \$labels\.(\w+) }}", lambda match: found.get(match[1], ""), text)
                   for key, text in rules[0]["annotations"].items()}
    return {"labels": found, "annotations": annotations, "generatorURL": "http://prometheus.example"}


def divided(node: object) -> object:
    """The routes with their waits divided."""
    if isinstance(node, list):
        return [divided(each) for each in node]
    if not isinstance(node, dict):
        return node
    waits = ("group_wait", "group_interval", "repeat_interval")
    def seconds(text: str) -> float:
        return int(text[:-1]) * UNITS[text[-1]] / FACTOR
    return {key: f"{round(1000 * seconds(value))}ms" if key in waits else divided(value) for key, value in node.items()}


class AlertmanagerCase(unittest.TestCase):
    """An Alertmanager of its own for each test, its receivers turned into the catcher's paths."""

    def start(self, receivers: list[dict] | None = None, **changes: object) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.catcher = Catcher()
        self.addCleanup(self.catcher.close)
        config = yaml.safe_load((SHIPPED / "alertmanager.yml").read_text())
        config["receivers"] = receivers(config["receivers"]) if receivers else [
            {"name": each["name"], "webhook_configs": [{"url": f"{self.catcher.url}/{each['name']}",
                                                        "send_resolved": each["name"] != "dead_man"}]}
            for each in config["receivers"]]
        config["route"] = divided(config["route"])
        config["route"]["routes"][0]["routes"][0]["repeat_interval"] = "1s"  # the watchdog's: it is the clock of `settle`
        config["templates"] = [str(SHIPPED / "templates" / "*.tmpl")]
        config.update(changes)
        config["global"] = {"slack_api_url": f"{self.catcher.url}/slack", "pagerduty_url": f"{self.catcher.url}/pagerduty"}
        path = self.directory.file("alertmanager.yml", json.dumps(config))
        port = free_port()
        self.alertmanager = HttpServer("alertmanager", [
            "prometheus-alertmanager", f"--config.file={path}", "--cluster.listen-address=",
            f"--web.listen-address={LOOPBACK}:{port}", f"--storage.path={self.directory.path / 'data'}"],
            self.directory, port)
        self.addCleanup(self.alertmanager.stop)
        self.alertmanager.wait_ready()

    def post(self, *alerts: dict, ended: bool = False) -> None:
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=-1 if ended else 3600)
        body = json.dumps([{**each, "endsAt": end.isoformat()} for each in alerts]).encode()
        request = urllib.request.Request(self.alertmanager.url + "/api/v2/alerts", body, {"Content-Type": "application/json"})
        with contextlib.closing(urllib.request.urlopen(request, timeout=5)) as answer:
            self.assertEqual(answer.status, 200)

    def hear(self, receiver: str, count: int = 1) -> list[dict]:
        wait_until(f"{receiver} hears {count}", lambda: len(self.catcher.of(receiver)) >= count, 40)
        return self.catcher.of(receiver)

    def settle(self) -> None:
        """Until the watchdog was heard often enough for every group to have told what it has to tell."""
        self.post(alert("Watchdog", "info", "visibility", service="none", incident="exporter"))
        self.hear("dead_man", len(self.catcher.of("dead_man")) + HEARTBEATS)

    def names(self, notification: dict) -> list[str]:
        return sorted(each["labels"]["alertname"].removeprefix("MixedState") + "/" + each["labels"].get("dimension", "")
                      for each in notification["alerts"])


class Grouping(AlertmanagerCase):
    def test_an_incident_in_two_dimensions_is_one_page(self) -> None:
        self.start()
        self.post(alert("SplitConfiguration", "page", "F3", dimension="config"),
                  alert("SplitConfiguration", "page", "F3", dimension="software_version", cause="bbb"),
                  alert("ConvergenceOverdue", "page", "F1", dimension="config"),
                  alert("ExposureBurn", "page", "exposure"),
                  alert("PauseRollout", "page", "exposure", action="pause_rollout"),
                  alert("ExposureBudgetBurn", "ticket", "exposure"))
        self.settle()
        pages = self.hear("page")
        self.assertEqual(len(pages), 1, pages)
        self.assertEqual(self.names(pages[0]), ["PauseRollout/", "SplitConfiguration/config",
                                                "SplitConfiguration/software_version"])
        self.assertEqual(len(self.catcher.of("gate")), 1)
        self.assertEqual(self.catcher.of("ticket"), [])

    def test_thirty_services_that_one_push_hit_are_one_page_that_lists_them(self) -> None:
        self.start()
        services = [f"service-{number}" for number in range(30)]
        self.post(*(alert("SplitConfiguration", "page", "F3", service=name, dimension="config") for name in services))
        self.settle()
        pages = self.hear("page")
        self.assertEqual(len(pages), 1)
        self.assertEqual({each["labels"]["service"] for each in pages[0]["alerts"]}, set(services))

    def test_two_incidents_are_two_pages_and_a_repair_is_told_once(self) -> None:
        self.start()
        first = alert("SplitConfiguration", "page", "F3", dimension="config")
        second = alert("SplitConfiguration", "page", "F3", dimension="config", service="stock", incident="bbb", cause="bbb")
        self.post(first, second)
        self.hear("page", 2)
        self.post(first, second, ended=True)
        self.hear("page", 4)
        self.settle()
        self.assertEqual(sorted(each["status"] for each in self.catcher.of("page")), ["firing"] * 2 + ["resolved"] * 2)

    def test_tickets_are_told_by_service_and_deploy(self) -> None:
        self.start()
        self.post(alert("LinkDown", "ticket", "F2"), alert("MigrationDirty", "ticket", "F6"),
                  alert("LinkDown", "ticket", "F2", service="stock", deploy_id="d-2"))
        self.settle()
        self.assertEqual(sorted(len(each["alerts"]) for each in self.hear("ticket", 2)), [1, 2])


class Inhibition(AlertmanagerCase):
    def test_blindness_stands_for_the_other_visibility_alerts_of_its_cluster(self) -> None:
        self.start()
        self.post(alert("ExporterBlind", "page", "visibility", service="none", incident="exporter", cluster="eu"))
        self.hear("page")
        self.post(alert("CanonicalMissing", "page", "visibility", dimension="config", cluster="eu"),
                  alert("NodesUnknown", "ticket", "visibility", cluster="eu"),
                  alert("NodesUnknown", "ticket", "visibility", cluster="us"))
        self.settle()
        self.assertEqual(len(self.catcher.of("page")), 1)
        self.assertEqual([each["commonLabels"]["cluster"] for each in self.catcher.of("ticket")], ["us"])

    def test_an_absent_exporter_stands_for_its_shards_and_services(self) -> None:
        self.start()
        self.post(alert("ExporterAbsent", "page", "visibility", service="none", incident="exporter"))
        self.hear("page")
        self.post(alert("ShardMissing", "ticket", "visibility", service="none", incident="exporter"),
                  alert("DataStale", "ticket", "visibility", service="none", incident="exporter"),
                  alert("ServiceDisappeared", "ticket", "visibility", incident="orders"))
        self.settle()
        self.assertEqual(self.catcher.of("ticket"), [])

    def test_a_page_hides_no_authorization_drift_no_old_drift_and_no_other_service(self) -> None:
        self.start()
        self.post(alert("SplitConfiguration", "page", "F3", dimension="config"))
        self.hear("page")
        self.post(alert("AuthorizationDrift", "ticket", "F5", dimension="access_policy"),
                  alert("PreexistingDrift", "ticket", "drift", dimension="config"),
                  alert("LinkDown", "ticket", "F2"), alert("LinkDown", "ticket", "F2", service="stock"))
        self.settle()
        self.assertEqual(len(self.catcher.of("security_ticket")), 1)
        told = sorted(name for each in self.catcher.of("ticket") for name in self.names(each))
        self.assertEqual(told, ["LinkDown/", "PreexistingDrift/config"])


class TimeIntervals(AlertmanagerCase):
    def test_a_quiet_interval_mutes_all_but_authorization_and_visibility(self) -> None:
        self.start(time_intervals=[{"name": "mixed_state_quiet", "time_intervals": [{"weekdays": ["sunday:saturday"]}]}])
        self.post(alert("SplitConfiguration", "page", "F3", dimension="config"),
                  alert("SplitConfiguration", "page", "F3", dimension="config", owner="payments", service="pay"),
                  alert("LinkDown", "ticket", "F2", service="stock"),
                  alert("AuthorizationDrift", "page", "F5", dimension="access_policy"),
                  alert("ExporterBlind", "page", "visibility", service="none", incident="exporter"))
        self.settle()
        self.assertEqual(len(self.catcher.of("security_page")), 1)
        self.assertEqual([self.names(each) for each in self.catcher.of("page")], [["ExporterBlind/"]])
        self.assertEqual(self.catcher.of("payments_page") + self.catcher.of("ticket"), [])


class Words(AlertmanagerCase):
    def shipped_texts(self, receivers: list[dict]) -> list[dict]:
        """The shipped receivers without e-mail, their secrets files of this test."""
        key = str(self.directory.file("key", "0" * 32))
        texts = json.loads(re.sub(r"secrets/\w+", key, json.dumps(receivers)))
        for receiver in texts:
            receiver.pop("email_configs", None)
            for hook in receiver.get("webhook_configs", []):
                hook["url"] = f"{self.catcher.url}/{receiver['name']}"
        return texts

    def test_slack_and_pagerduty_say_what_where_since_when_and_what_to_do(self) -> None:
        self.start(self.shipped_texts)
        self.post(alert("SplitConfiguration", "page", "F3", dimension="config", deploy_id="d-1"))
        slack, duty = self.hear("slack")[0], self.hear("pagerduty")[0]
        text = slack["attachments"][0]["title"] + slack["attachments"][0]["text"]
        for said in (text, duty["payload"]["summary"] + duty["payload"]["custom_details"]["what"]):
            for words in ("[FIRING 1] orders is split in config", "since", "UTC", "d-1", "Do: See which nodes differ",
                          "https://git.example.internal/mixed_state_exporter/rules/runbooks/MixedStateSplitConfiguration.md",
                          "graph?g0.expr="):
                self.assertIn(words, said)
        self.assertIn("MixedStateSplitConfiguration.md", duty["links"][0]["href"])

    def test_a_long_list_has_a_line_for_each_service(self) -> None:
        self.start(self.shipped_texts)
        self.post(*(alert("SplitConfiguration", "page", "F3", service=f"service-{number}", dimension="config")
                    for number in range(30)))
        message = self.hear("slack")[0]["attachments"][0]
        self.assertIn("and 29 more of incident aaa", message["title"])
        self.assertEqual(len(re.findall(r"service-\d+ / config: ", message["text"])), 30)

    def test_an_e_mail_goes_to_the_owner_and_escapes_what_nodes_are_named(self) -> None:
        def rendered(kind: str, template: str, owner: str) -> str:
            data = {"status": "firing", "receiver": "ticket", "groupLabels": {"owner": owner},
                    "alerts": [{"status": "firing", "startsAt": "2026-01-02T03:04:05Z", "annotations": {
                        "summary": "s", "description": "nodes <b>pg</b>", "runbook_url": "rules/runbooks/X.md"},
                        "labels": {"service": "orders", "owner": owner}}]}
            with data_file(json.dumps(data)) as path:
                return subprocess.run(["amtool", "template", "render", f"--template.glob={SHIPPED}/templates/*.tmpl",
                                       f"--template.type={kind}", f"--template.data={path}",
                                       f'--template.text={{{{ template "{template}" . }}}}'],
                                      check=True, text=True, capture_output=True).stdout
        mail = rendered("html", "mixed_state.email", "payments")
        self.assertIn("&lt;b&gt;pg&lt;/b&gt;", mail)
        self.assertIn("2026-01-02 03:04 UTC", mail)
        self.assertEqual(rendered("text", "mixed_state.owner_address", "payments").strip(), "payments@example.internal")
        self.assertEqual(rendered("text", "mixed_state.owner_address", "none").strip(), "sre@example.internal")


@contextlib.contextmanager
def data_file(text: str):
    directory = Directory()
    try:
        yield directory.file("data.json", text)
    finally:
        directory.remove()


if __name__ == "__main__":
    unittest.main(verbosity=2)
