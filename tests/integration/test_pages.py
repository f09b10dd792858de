"""Real faults, the real program, the shipped rules and routes: the right alert reaches the right receiver as one notification group."""
from __future__ import annotations

import datetime
import json
import pathlib
import sys
import threading
import unittest
import urllib.request
from collections.abc import Callable
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from alertmanager import ROOT, Catcher, ShippedAlertmanager  # noqa: E402
from fleet import program  # noqa: E402
import stage  # noqa: E402
from monitoring import Exporter  # noqa: E402
from process import LOOPBACK, wait_until  # noqa: E402

SECONDS = 90  # for an alert to be heard, with the rules' durations divided by 60
BEATS = 12    # of the watchdog, a second each: longer than any hold of a page that must not come
JOBS = """  - name: orders-jobs
    owner: payments
    nodes: [{{name: pg-1, address: "{host}:{port}"}}]
    collect:
      - query: {{user: mixed_state, password_file: mixed_state.pass, database: orders, sql: "SELECT 'refund' AS kind, \
count(*) FILTER (WHERE done) AS succeeded, count(*) FILTER (WHERE NOT done) AS failed FROM public.jobs"}}
      - query: {{user: mixed_state, password_file: mixed_state.pass, database: orders, sql: "SELECT 'payments' AS stream, \
count(*) AS events, count(*) - count(DISTINCT key) AS duplicates FROM public.inbox"}}
"""
TABLES = """
CREATE TABLE jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, done boolean NOT NULL);
CREATE TABLE inbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bigint NOT NULL);
GRANT SELECT ON jobs, inbox TO mixed_state;
"""
DECLARED = "    changes: {schema_version: {file: deploy.json}}\n"


class OldDrift(stage.Stage):
    """The demo's stage, with a difference in hba that is there before the exporter first looks."""

    def _configure(self) -> pathlib.Path:
        path = super()._configure()
        text = path.read_text()
        jobs = JOBS.format(host=LOOPBACK, port=self.pair.primary.port)
        path.write_text(text.replace("  - name: tenants\n", "  - name: tenants\n" + DECLARED) + jobs)
        self.pair.primary.psql(TABLES, db="orders")
        return path

    def _grant(self, config: pathlib.Path) -> None:
        super()._grant(config)
        with (self.pair.standby.data / "pg_hba.conf").open("a") as file:
            file.write("host all all 203.0.113.7/32 scram-sha-256\n")
        self.pair.standby.psql("SELECT pg_reload_conf()")


class Pages(unittest.TestCase):
    """One story, its parts in order of their names: each ends repaired."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.catcher = Catcher()
        cls.addClassCleanup(cls.catcher.close)
        cls.stage = OldDrift(program(), lambda _text: None)
        cls.addClassCleanup(cls.stage.stop)
        with mock.patch.object(stage, "Alertmanager", lambda directory, port: ShippedAlertmanager(directory, cls.catcher)):
            cls.stage.start()

    def heard(self, receiver: str, alert: str, status: str = "firing", **labels: str) -> list[tuple[str, dict]]:
        """(group, alert) of each time that the receiver heard it."""
        wanted = {"alertname": f"MixedState{alert}", **labels}
        return [(told["groupKey"], each) for told in self.catcher.of(receiver) for each in told["alerts"]
                if each["status"] == status and wanted.items() <= each["labels"].items()]

    def hear(self, receiver: str, alert: str, status: str = "firing", **labels: str) -> dict:
        """Waits for it, and holds that one group tells it and that its links work."""
        found = wait_until(f"{receiver} hears that {alert} is {status}; it heard {self.summary()}",
                           lambda: self.heard(receiver, alert, status, **labels), SECONDS)
        self.assertEqual(len({group for group, _ in found}), 1, found)
        annotations = found[0][1]["annotations"]
        self.assertTrue((ROOT / annotations["runbook_url"]).is_file(), annotations)
        with urllib.request.urlopen(self.local(annotations["dashboard_url"]), timeout=5) as answer:
            self.assertEqual(answer.status, 200)
        return found[0][1]

    def local(self, url: str) -> str:
        """A link to Prometheus, by the address it listens on: its own is this machine's name."""
        return self.stage.prometheus.url + url[url.index("/graph"):].replace(" ", "%20")

    def summary(self) -> list[str]:
        return sorted({f"{receiver}: {each['labels']['alertname']} {each['status']}" for receiver, told in self.catcher.told
                       for each in told["alerts"]})

    def beats(self) -> None:
        count = len(self.catcher.of("dead_man"))
        wait_until("the watchdog goes on", lambda: len(self.catcher.of("dead_man")) >= count + BEATS, SECONDS)

    def pages(self) -> int:
        return sum(len(self.catcher.of(receiver)) for receiver in ("page", "payments_page", "security_page"))

    def test_1_old_drift_is_one_ticket_and_no_page(self) -> None:
        alert = self.hear("ticket", "PreexistingDrift", service="orders-db", dimension="hba")
        self.assertEqual((alert["labels"]["owner"], alert["labels"]["severity"]), ("payments", "ticket"))
        self.beats()
        self.assertEqual(self.pages(), 0, self.summary())

    def test_2_a_healthy_change_declared_by_file_pages_nobody(self) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        (self.stage.directory.path / "deploy.json").write_text(json.dumps(
            {"state": "42", "deploy_id": "d-42", "started": now, "deadline": "10m"}))
        wait_until("the declared change is open", lambda: self.stage.exporter.metrics().value(
            "change_active", service="tenants", dimension="schema_version", declared="true"), SECONDS)
        for database in ("tenant7", "tenant8"):
            self.stage.pair.primary.psql(stage.MIGRATION_42, db=database)
            self.beats()
        self.assertEqual(self.pages(), 0, self.summary())

    def test_3_a_migration_of_one_tenant_pages_its_owner(self) -> None:
        more = "BEGIN; ALTER TABLE invoices ADD COLUMN note text; UPDATE schema_migrations SET version = 43; COMMIT;"
        self.stage.pair.primary.psql(more, db="tenant7")
        alert = self.hear("payments_page", "SchemaMismatch", service="tenants", dimension="schema_version")
        self.assertEqual(alert["labels"]["failure_mode"], "F6")
        self.assertIn("tenant-7", alert["annotations"]["description"])
        self.hear("payments_page", "SchemaMismatch", service="tenants", dimension="schema")
        groups = {group for group, _ in self.heard("payments_page", "SchemaMismatch", service="tenants")}
        self.assertEqual(len(groups), 1, "two dimensions of one incident are one page")
        self.stage.pair.primary.psql(more, db="tenant8")
        self.hear("payments_page", "SchemaMismatch", "resolved", service="tenants", dimension="schema")

    def test_4_a_setting_of_one_node_pages_its_owner(self) -> None:
        standby = self.stage.pair.standby
        standby.psql("ALTER SYSTEM SET work_mem = '64MB'; SELECT pg_reload_conf()")
        alert = self.hear("payments_page", "SplitConfiguration", service="orders-db", dimension="config")
        self.assertEqual(alert["labels"]["failure_mode"], "F3")
        self.assertIn("pg-2", alert["annotations"]["description"])
        standby.psql("ALTER SYSTEM RESET work_mem; SELECT pg_reload_conf()")
        self.hear("payments_page", "SplitConfiguration", "resolved", service="orders-db", dimension="config")

    def test_5_a_cut_link_pages_as_lag(self) -> None:
        self.stage.pair.standby.link.cut()
        self.hear("payments_page", "ReplicaLag", service="orders-db", severity="page")
        self.stage.pair.standby.link.heal()
        self.hear("payments_page", "ReplicaLag", "resolved", service="orders-db", severity="page")

    def test_6_a_grant_on_one_node_pages_security(self) -> None:
        self.stage.pair.primary.psql("GRANT SELECT ON invoices TO PUBLIC", db="tenant7")
        alert = self.hear("security_page", "AuthorizationDrift", service="tenants", dimension="access_policy")
        self.assertEqual(alert["labels"]["failure_mode"], "F5")
        self.stage.pair.primary.psql("REVOKE SELECT ON invoices FROM PUBLIC", db="tenant7")
        self.hear("security_page", "AuthorizationDrift", "resolved", service="tenants", dimension="access_policy")

    def while_repeating(self, sql: str) -> Callable[[], None]:
        """Runs `sql` on the orders database again and again; what it returns ends that."""
        session, ended = self.stage.pair.primary.session("orders"), threading.Event()

        def work() -> None:
            while not ended.wait(0.2):
                session.run(sql)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()

        def end() -> None:
            ended.set()
            thread.join(10)
            session.close()
        return end

    def test_7_failed_reconciliations_and_duplicates_of_a_job_table_page(self) -> None:
        end = self.while_repeating("INSERT INTO jobs (done) VALUES (true), (false); INSERT INTO inbox (key) VALUES (1), (1)")
        self.addCleanup(end)
        failed = self.hear("payments_page", "ReconciliationFailureBurn", service="orders-jobs", severity="page")
        twice = self.hear("payments_page", "DuplicateEvents", service="orders-jobs")
        self.assertEqual((failed["labels"]["failure_mode"], twice["labels"]["failure_mode"]), ("F2", "F4"))
        end()
        self.hear("payments_page", "ReconciliationFailureBurn", "resolved", service="orders-jobs", severity="page")
        self.hear("payments_page", "DuplicateEvents", "resolved", service="orders-jobs")

    def test_8_an_exporter_that_is_gone_pages_once_and_comes_back(self) -> None:
        exporter = self.stage.exporter
        exporter.stop()
        self.hear("page", "ExporterAbsent", service="none")
        self.stage.exporter = Exporter(self.stage.directory, program(), self.stage.directory.path / "mixed_state.yml",
                                       port=exporter.port)
        self.addClassCleanup(self.stage.exporter.stop)
        self.hear("page", "ExporterAbsent", "resolved", service="none")


if __name__ == "__main__":
    unittest.main(verbosity=2)
