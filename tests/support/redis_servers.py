"""Private Redis servers on loopback, each with a directory of its own; ended by pid."""
from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "demo"))
from endpoints import Authority  # noqa: E402
from process import LOOPBACK, Directory, Process, ServerError, free_port, wait_until  # noqa: E402


class Redis:
    """`redis-server` on a free port, without snapshots; `password` is that of its default user. With an `authority` it
    speaks only TLS, to its primary too."""

    def __init__(self, directory: Directory, name: str, *options: str, password: str = "",
                 authority: Authority | None = None) -> None:
        self.name, self.password, self.options, self.authority = name, password, options, authority
        self.presented = authority.certificate(f"IP:{LOOPBACK}") if authority else None
        self.port = free_port()
        self.folder = directory.path / name
        self.folder.mkdir(mode=0o700)
        self.log = directory.path / f"{name}.log"
        self.server: Process | None = None

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        return self.server.pid

    def start(self) -> None:
        """Does not wait for it."""
        secured = ["--requirepass", self.password, "--masterauth", self.password] if self.password else []
        self.server = Process(self.name, ["redis-server", *self.listening(), "--bind", LOOPBACK, "--save", "",
                                          "--dir", str(self.folder), "--repl-diskless-sync-delay", "0", *secured,
                                          *self.options], self.log)

    def listening(self) -> list[str]:
        if not self.authority:
            return ["--port", str(self.port)]
        return ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", str(self.presented.certificate),
                "--tls-key-file", str(self.presented.key), "--tls-ca-cert-file", str(self.authority.file),
                "--tls-auth-clients", "no", "--tls-replication", "yes"]

    def wait_ready(self) -> None:
        """On another port, where somebody was quicker to take it."""
        try:
            self.server.wait_ready("answers", lambda: self.reply("PING") == "PONG")
        except ServerError:
            if "Address already in use" not in self.server.tail():
                raise
            self.log.unlink()
            self.port = free_port()
            self.start()
            self.wait_ready()

    def reply(self, *words: str) -> str:
        trust = ["--tls", "--cacert", str(self.authority.file)] if self.authority else []
        return subprocess.run(["redis-cli", "-h", LOOPBACK, "-p", str(self.port), *trust, *words], text=True,
                              check=False, capture_output=True, timeout=10,
                              env={**os.environ, "REDISCLI_AUTH": self.password}).stdout.strip()

    def must(self, *words: str) -> None:
        reply = self.reply(*words)
        if not reply.startswith("OK"):
            raise ServerError(f"{self.name}: {' '.join(words)}: {reply}")

    def info(self, field: str) -> str:
        fields = dict(line.partition(":")[::2] for line in self.reply("INFO").splitlines())
        return fields.get(field, "")

    def follow(self, primary: Redis) -> None:
        self.must("REPLICAOF", LOOPBACK, str(primary.port))
        wait_until("the replica has synchronised", lambda: self.info("master_link_status") == "up")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        """At once, without a word to its replicas."""
        if self.server and self.server.running():
            self.signal(signal.SIGCONT)
            self.server.end(signal.SIGKILL)
