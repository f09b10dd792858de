"""Ctrl-C in the demo ends everything it started, and nothing else."""
from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import ROOT, program  # noqa: E402
from process import alive, children, wait_until  # noqa: E402


def descendants(pid: int) -> set[int]:
    return {pid}.union(*(descendants(child) for child in children(pid)))


class CtrlC(unittest.TestCase):
    def setUp(self) -> None:
        self.bystander = subprocess.Popen(["sleep", "600"])
        self.addCleanup(self.bystander.wait)
        self.addCleanup(self.bystander.kill)
        self.demo = subprocess.Popen([ROOT / "deploy/demo/run", "--exporter", program()], text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self.addCleanup(self.demo.stdout.close)
        self.addCleanup(self.demo.kill)

    def read_until(self, pattern: str) -> str:
        for line in self.demo.stdout:
            if found := re.search(pattern, line):
                return found[0]
        self.fail(f"the demo ended before {pattern}")

    def assert_ends_by(self, end, code: int) -> None:
        folder = pathlib.Path(self.read_until(r"/\S*/mixed_state-\w+"))
        started = descendants(self.demo.pid)
        self.assertGreater(len(started), 10, "two PostgreSQL servers alone have more processes")
        end()
        self.assertEqual(self.demo.wait(60), code)
        wait_until("all it started has ended", lambda: not any(map(alive, started)))
        self.assertFalse(folder.exists())
        self.assertIsNone(self.bystander.poll())

    def test_ctrl_c_ends_what_was_started(self) -> None:
        self.assert_ends_by(lambda: os.killpg(self.demo.pid, signal.SIGINT), 128 + signal.SIGINT)

    def test_sigterm_to_the_script_alone_does_too(self) -> None:
        self.assert_ends_by(self.demo.terminate, 128 + signal.SIGTERM)


class CommandLine(unittest.TestCase):
    def run_demo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([ROOT / "deploy/demo/run", *arguments], text=True, capture_output=True, check=False)

    def test_help_says_what_it_does(self) -> None:
        shown = self.run_demo("--help")
        self.assertEqual(shown.returncode, 0)
        self.assertIn("Ctrl-C ends everything it started and nothing else", shown.stdout.replace("\n", " "))

    def test_an_unknown_option_is_refused(self) -> None:
        refused = self.run_demo("--smok")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("usage:", refused.stderr)


if __name__ == "__main__":
    unittest.main()
