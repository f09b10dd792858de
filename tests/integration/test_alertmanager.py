"""The shipped Alertmanager configuration in a real Alertmanager: who hears what, how often, and in which words."""
from __future__ import annotations

import contextlib
import datetime
import json
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.request

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from alertmanager import ROOT, SHIPPED, Catcher, Receivers, ShippedAlertmanager  # noqa: E402
from process import Directory, wait_until  # noqa: E402

HEARTBEATS = 8      # of the watchdog, 1 s each, after which nothing more is expected: over a group interval


def alert(name: str, severity: str, mode: str, **labels: str) -> dict:
    """An alert as Prometheus sends it, with the annotations that the rules give."""
    rules = [rule for group in yaml.safe_load((ROOT / "rules" / "alerts.yml").read_text())["groups"]
             for rule in group["rules"] if rule["alert"] == f"MixedState{name}" and rule["labels"]["severity"] == severity]
    found = {"alertname": f"MixedState{name}", "severity": severity, "failure_mode": mode, "service": "orders",
             "owner": "sre", "deploy_id": "none", "cause": "aaa", "incident": "aaa", **labels}
    annotations = {key: re.sub(r"{{ \$labels\.(\w+) }}", lambda match: found.get(match[1], ""), text)
                   for key, text in rules[0]["annotations"].items()}
    return {"labels": found, "annotations": annotations, "generatorURL": "http://prometheus.example"}


class AlertmanagerCase(unittest.TestCase):
    """An Alertmanager of its own for each test, its receivers turned into the catcher's paths."""

    def start(self, receivers: Receivers | None = None, **changes: object) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.catcher = Catcher()
        self.addCleanup(self.catcher.close)
        self.alertmanager = ShippedAlertmanager(self.directory, self.catcher, receivers=receivers, **changes)
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
