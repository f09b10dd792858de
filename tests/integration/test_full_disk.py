"""A disk that is full, and one that takes no byte more: the real program goes on, counts it, starts beside it, and what it
saw meanwhile is in the history once there is room."""
from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import program  # noqa: E402
from monitoring import Exporter, Metrics  # noqa: E402
from process import Process, ServerError, wait_until  # noqa: E402
from test_history import STARTED_WITHIN, HistoryCase  # noqa: E402

DIVERGENT = 3
SIZE = 2 << 20  # of the disk: room for the history, and soon for no more of its log


class NoRoom(HistoryCase):
    """`fill` takes all room from the history, `free` gives it back."""

    REASONS: tuple[str, ...]
    disk: pathlib.Path  # as this test sees it

    def fill(self) -> None:
        raise NotImplementedError

    def free(self) -> None:
        raise NotImplementedError

    def launcher(self) -> str:
        """What runs the program: the beginning of a command of the shell."""
        raise NotImplementedError

    def start(self) -> float:
        launcher = self.directory.file("launch", f'#!/bin/sh\n{self.launcher()} {shlex.quote(str(program()))} "$@"\n', 0o700)
        begun = time.monotonic()
        self.exporter = Exporter(self.directory, launcher, self.config, self.port, [f"--storage.path={self.history}"])
        self.addCleanup(self.exporter.stop)
        self.exporter.server.wait_ready("it answers", lambda: self.exporter.get("/metrics") is not None, 10)
        return time.monotonic() - begun

    def failures(self, metrics: Metrics) -> float:
        """Of those reasons that there may be; there are no others."""
        for labels, value in metrics.all("storage_errors_total"):
            self.assertFalse(value and labels["reason"] not in self.REASONS, labels)
        return sum(value for _, value in metrics.all("storage_errors_total"))

    def move_while_full(self) -> float | None:
        """web-3; since when it is divergent."""
        before = self.failures(self.exporter.metrics())
        self.fill()
        since = self.move("web-3", 3)
        self.eventually("a failure is counted", lambda metrics: self.failures(metrics) > before)
        return since

    def move(self, node: str, release: int) -> float | None:
        self.give(node, release)
        self.eventually(f"{node} is divergent", lambda metrics: self.status(metrics, node) == DIVERGENT)
        return self.since_of(node)

    def since_of(self, node: str) -> float | None:
        return self.exporter.metrics().value("node_divergent_since_timestamp_seconds", service="web", dimension="config",
                                             node=node)

    def evaluations(self, more: int) -> None:
        """Until there were so many more, none of which failed to be stored."""
        failed = self.failures(self.exporter.metrics())
        seen = {self.exporter.metrics().value("snapshot_timestamp_seconds")}

        def enough(metrics: Metrics) -> bool:
            self.assertEqual(self.failures(metrics), failed)
            seen.add(metrics.value("snapshot_timestamp_seconds"))
            return len(seen) > more
        self.eventually(f"{more} more evaluations", enough)

    def stored(self) -> None:
        """Until the history is written again, and then for some evaluations."""
        log = self.disk / "history.db-wal"
        written = log.stat().st_mtime_ns
        wait_until("the history is written", lambda: log.stat().st_mtime_ns != written)
        self.evaluations(3)

    def restart(self) -> None:
        self.kill()
        self.assertLess(self.start(), STARTED_WITHIN)

    def assert_since(self, **truths: float | None) -> None:
        for node, truth in truths.items():
            node = node.replace("_", "-")
            self.eventually(f"{node} is divergent", lambda metrics, node=node: self.status(metrics, node) == DIVERGENT)
            self.assertEqual(self.since_of(node), truth, node)

    def goes_on_and_catches_up(self) -> None:
        first = self.diverge()
        second = self.move_while_full()
        counted = self.failures(self.exporter.metrics())
        self.eventually("it is counted again", lambda metrics: self.failures(metrics) > counted)
        self.free()
        self.stored()
        self.restart()
        self.assert_since(web_2=first, web_3=second)

    def starts_meanwhile(self) -> None:
        first = self.diverge()
        self.evaluations(3)
        self.move_while_full()
        self.restart()
        self.assert_since(web_2=first)
        self.free()
        self.stored()
        self.restart()
        self.assert_since(web_2=first)


class FullDisk(NoRoom):
    """A file system in memory, of a mount namespace that ends with its holder."""

    REASONS = ("full",)

    def setUp(self) -> None:
        self.mounted: Process | None = None
        super().setUp()

    def launcher(self) -> str:
        if self.mounted is None:
            self.mount()
        return f"exec nsenter --mount=/proc/{self.mounted.pid}/ns/mnt"

    def mount(self) -> None:
        inside = self.directory.path / "disk"
        inside.mkdir()
        self.history = inside / "history.db"
        holds = f"mount -t tmpfs -o size={SIZE} history {shlex.quote(str(inside))} && exec sleep infinity"
        self.mounted = Process("disk", ["unshare", "--mount", "sh", "-c", holds], self.directory.path / "disk.log")
        self.addCleanup(self.mounted.end)
        table = pathlib.Path(f"/proc/{self.mounted.pid}/mountinfo")
        try:
            self.mounted.wait_ready("it is mounted", lambda: f" {inside} " in table.read_text())
        except (ServerError, OSError) as error:
            raise unittest.SkipTest(f"this account may not mount: {error}") from None
        self.disk = pathlib.Path(f"/proc/{self.mounted.pid}/root{inside}")

    def fill(self) -> None:
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            while self.room():
                filler.write(b"x" * self.room())

    def room(self) -> int:
        left = os.statvfs(self.disk)
        return left.f_bavail * left.f_frsize

    def free(self) -> None:
        (self.disk / "filler").unlink()

    def test_it_goes_on_and_catches_up(self) -> None:
        self.goes_on_and_catches_up()

    def test_it_starts_meanwhile_and_knows_what_was_stored_before(self) -> None:
        self.starts_meanwhile()


class NoByteMore(NoRoom):
    """A limit on the size of files: what a disk does that fails to write, for accounts that may not mount."""

    REASONS = ("full", "io")
    limit = "unlimited"

    def launcher(self) -> str:
        self.disk = self.directory.path
        return f"trap '' XFSZ; exec prlimit --fsize={self.limit}:unlimited"

    def limit_to(self, limit: str) -> None:
        """The program, and those started later."""
        self.limit = limit
        subprocess.run(["prlimit", f"--fsize={limit}:unlimited", f"--pid={self.exporter.server.pid}"], check=True)

    def fill(self) -> None:
        self.limit_to("0")

    def free(self) -> None:
        self.limit_to("unlimited")

    def test_it_goes_on_and_catches_up(self) -> None:
        self.goes_on_and_catches_up()


if __name__ == "__main__":
    unittest.main()
