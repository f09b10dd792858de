"""Processes of our own: a private directory, free ports, and an end by pid; nothing else is touched."""
from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
ACCOUNT = "postgres"  # PostgreSQL refuses root: as root, servers and tools run as this user


class ServerError(Exception):
    """What went wrong with a server, with the end of its log."""


class Ended(BaseException):
    """A signal asked this program to end; its number is the argument."""


def end_on_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP raise Ended in the main thread, once: clean-up is not interrupted."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def raise_once(number: int, _frame: object) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)
    for number in numbers:
        signal.signal(number, raise_once)


def wait_until(what: str, condition: Callable[[], T], seconds: float = 20, every: float = 0.05) -> T:
    """The first true value of `condition`; a ServerError that names `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ServerError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def free_port(preferred: int = 0) -> int:
    """`preferred` when nothing listens there, else one that the kernel chooses."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            return probe.getsockname()[1]
    raise ServerError("no free port on loopback")


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def alive(pid: int) -> bool:
    """Whether `pid` runs; a zombie does not."""
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def as_account(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups", *command]


class Directory:
    """A temporary directory that other accounts may pass through but not list; gone on exit."""

    def __init__(self) -> None:
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mixed_state-"))
        self.path.chmod(0o711)

    def for_account(self, name: str) -> pathlib.Path:
        folder = self.path / name
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)
        return folder

    def file(self, name: str, text: str, mode: int = 0o600) -> pathlib.Path:
        path = self.path / name
        path.touch(mode)
        path.write_text(text)
        return path

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Process:
    """One server: a session of its own, its output in a log file, ended by its pid."""

    def __init__(self, name: str, command: list[str], log: pathlib.Path, orphan_signal: str = "TERM",
                 environment: dict[str, str] | None = None) -> None:
        self.name, self.command, self.log = name, command, log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                as_orphan_ends(command, orphan_signal), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, env={**os.environ, **(environment or {})})

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_ready(self, what: str, ready: Callable[[], object], seconds: float = 30) -> None:
        def ready_or_dead() -> object:
            if not self.running():
                raise ServerError(f"{self.name} ended with {self.process.returncode}\n{self.tail()}")
            return ready()
        try:
            wait_until(what, ready_or_dead, seconds)
        except ServerError as error:
            raise ServerError(f"{self.name}: {error}\n{self.tail()}") from None

    def end(self, *signals: signal.Signals, seconds: float = 10) -> None:
        """Each signal in turn, then SIGKILL, until the process is gone."""
        for number in (*signals, signal.SIGKILL):
            if not self.running():
                return
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
                return

    def rss(self) -> int:
        """Resident bytes."""
        return self.memory("VmRSS")

    def peak_rss(self) -> int:
        """The most resident bytes since it began, or since forget_peak_rss()."""
        return self.memory("VmHWM")

    def forget_peak_rss(self) -> None:
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def memory(self, field: str) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(re.search(rf"{field}:\s+(\d+)", status)[1])


def as_orphan_ends(command: list[str], name: str) -> list[str]:
    if command[0] == "setpriv":
        return [*command[:1], f"--pdeathsig={name}", *command[1:]]
    return ["setpriv", f"--pdeathsig={name}", *command]
