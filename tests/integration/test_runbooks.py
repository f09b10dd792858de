"""Every command of the runbooks runs as printed, against a real Prometheus and Alertmanager with the shipped rules."""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "demo"), str(ROOT / "tests" / "support")]
from endpoints import Endpoint  # noqa: E402
from monitoring import Alertmanager, Metrics, Prometheus, shortened_rules  # noqa: E402
from process import Directory, wait_until  # noqa: E402

NOT_HERE = ("psql", "journalctl", "systemctl")  # need a server or a unit of their own
ADDRESSES = ("PROMETHEUS=", "SERVICE=")         # begin lines that set what the test sets itself
FIRING = "MixedStateWatchdog"


def commands(path: pathlib.Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        directory = Directory()
        cls.addClassCleanup(directory.remove)
        page = (ROOT / "tests/golden/metrics.txt").read_text()
        exporter = Endpoint(lambda *_: (200, {}, page))
        cls.addClassCleanup(exporter.stop)
        alertmanager = Alertmanager(directory)
        cls.addClassCleanup(alertmanager.stop)
        alertmanager.wait_ready()
        cls.prometheus = Prometheus(directory, [exporter.address], shortened_rules(directory, 10), alertmanager)
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.wait_ready()
        wait_until("the watchdog reaches Alertmanager", lambda: FIRING in alertmanager.alerts(), 120)
        labels = Metrics(page).all("nodes")[0][0]
        cls.environment = {**os.environ, "PROMETHEUS": cls.prometheus.url, "ALERTMANAGER": alertmanager.url,
                           "EXPORTER": f"http://{exporter.address}", "SERVICE": labels["service"],
                           "DIMENSION": labels["dimension"]}
        cls.runbooks = sorted((ROOT / "rules" / "runbooks").glob("*.md"))

    def run_line(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", line], env=self.environment, text=True, capture_output=True, check=False,
                              timeout=30)

    def test_every_command_runs_as_printed(self) -> None:
        lines = {line: path.name for path in self.runbooks for line in commands(path)}
        self.assertGreater(len(lines), 50)
        for line, name in lines.items():
            word = line.split()[0]
            exporter_missing = word == "mixed_state_exporter" and not shutil.which(word)
            if word in NOT_HERE or exporter_missing or (word == "export" and line.split()[1].startswith(ADDRESSES)):
                continue
            with self.subTest(runbook=name, line=line):
                done = self.run_line(line)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_addresses_are_the_same_in_every_runbook(self) -> None:
        wanted = "export PROMETHEUS=http://127.0.0.1:9090 ALERTMANAGER=http://127.0.0.1:9093 EXPORTER=http://127.0.0.1:9889"
        for path in self.runbooks:
            if commands(path):
                self.assertEqual(commands(path)[0], wanted, path.name)

    def test_queries_about_nodes_find_the_nodes_of_the_page(self) -> None:
        split = ROOT / "rules" / "runbooks" / "MixedStateSplitConfiguration.md"
        states = [line for line in commands(split) if "mixed_state_state_nodes" in line]
        self.assertEqual(len(states), 1)
        wait_until("the page is scraped", lambda: self.prometheus.query("mixed_state_nodes"), 30)
        self.assertIn("fingerprint", self.run_line(states[0]).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
