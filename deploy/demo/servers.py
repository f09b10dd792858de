"""Private PostgreSQL servers for the demo and the tests, in a temporary directory and on loopback.

Every process is ours: started by us, stopped by its pid, and told by the kernel to end when we die. Needs
Python 3.11's standard library.
"""
from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator

from link import Link
from process import (LOOPBACK, Directory, Process, ServerError, alive, as_account, children, free_port,
                     wait_until)


def postgres_bin() -> pathlib.Path:
    """The folder of the newest installed PostgreSQL's programs."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not folders:
        raise ServerError("no PostgreSQL server programs under /usr/lib/postgresql")
    return pathlib.Path(folders[-1])


class Session:
    """One psql session kept open, so that a transaction can hold its locks."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.psql = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                     stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def send(self, sql: str) -> None:
        """Does not wait: the statement may be one that waits for a lock."""
        self.psql.stdin.write(sql + "\n")
        self.psql.stdin.flush()

    def run(self, sql: str) -> str:
        end = f"end-{secrets.token_hex(8)}"
        self.send(f"{sql};\n\\echo {end}")
        lines: list[str] = []
        for line in self.psql.stdout:
            if line.strip() == end:
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise ServerError("psql ended: " + "\n".join(lines))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.psql.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.psql.wait(5)
        self.psql.kill()
        self.psql.wait()
        self.psql.stdout.close()


class Postgres:
    """A PostgreSQL server, a primary by initdb; `copy_of` makes a streaming standby of another."""

    SETTINGS = {
        "listen_addresses": f"{LOOPBACK},::1", "fsync": "off", "shared_buffers": "16MB", "max_connections": "60",
        "max_wal_senders": "6", "max_replication_slots": "6", "wal_level": "replica",
        "hot_standby": "on", "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "200ms",
        "logging_collector": "off", "log_line_prefix": "%m [%p] ", "jit": "off",
    }

    def __init__(self, directory: Directory, name: str, password: str, port: int = 0,
                 settings: dict[str, str] | None = None, address: str = LOOPBACK) -> None:
        self.name, self.password, self.address = name, password, address
        self.port = free_port(port)
        self.folder = directory.for_account(name)
        self.data, self.bin = self.folder / "data", postgres_bin()
        self.log = directory.path / f"{name}.log"
        self.settings = settings or {}
        self.server: Process | None = None
        self.frozen: set[int] = set()
        self.link: Link | None = None  # of a standby, to its primary

    def initialise(self) -> None:
        password_file = self._account_file("password", self.password)
        self._tool("initdb", "--pgdata", str(self.data), "--username=postgres", "--auth=scram-sha-256",
                   f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
                   "--wal-segsize=1", "--no-instructions")
        text = "".join(f"{key} = '{value}'\n" for key, value in (self.SETTINGS | self.settings).items())
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(text)

    def copy_of(self, primary: Postgres) -> None:
        """A base backup through a link that can be cut, with a replication slot named like us."""
        self.link = Link(primary.port, self.address)
        self._tool("pg_basebackup", f"--pgdata={self.data}", "--checkpoint=fast", "--no-sync",
                   "--write-recovery-conf", "--create-slot", f"--slot={self.name}", "--dbname",
                   f"host={LOOPBACK} port={self.link.port} user=replicator password={self.password} "
                   f"application_name={self.name}")
        if self.address != LOOPBACK:
            with (self.data / "postgresql.auto.conf").open("a") as config:
                config.write(f"listen_addresses = '{self.address}'\n")

    def start(self, seconds: float = 30) -> None:
        command = [str(self.bin / "postgres"), "-D", str(self.data), "-c", f"port={self.port}",
                   "-c", f"unix_socket_directories={self.folder}"]
        self.server = Process(self.name, as_account(command), self.log, orphan_signal="QUIT")
        self.server.wait_ready("accepts connections", self.accepts, seconds)

    def accepts(self) -> bool:
        return subprocess.run([self.bin / "pg_isready", "-q", "-h", self.address, "-p", str(self.port)],
                              check=False).returncode == 0

    @property
    def pid(self) -> int:
        return self.server.pid

    def stop(self, mode: str = "fast") -> None:
        for pid in list(self.frozen):
            self.resume(pid)
        if self.server:
            first = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
            self.server.end(first, signal.SIGQUIT)

    def kill(self) -> None:
        """As a crash: SIGKILL, then waits until no process of the server is left."""
        family = children(self.pid)
        self.server.end()
        for pid in list(self.frozen):
            self.resume(pid)
        wait_until(f"{self.name}'s processes are gone", lambda: not any(map(alive, family)))

    def restart(self) -> None:
        self.stop()
        self.start()

    def promote(self) -> None:
        self.psql("SELECT pg_promote(true, 30)")

    def freeze(self, pid: int) -> None:
        """SIGSTOP to a backend or a walreceiver of this server."""
        if pid not in children(self.pid):
            raise ServerError(f"{pid} is not a process of {self.name}")
        os.kill(pid, signal.SIGSTOP)
        self.frozen.add(pid)

    def resume(self, pid: int) -> None:
        self.frozen.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def walreceiver(self) -> int:
        return int(self.psql("SELECT pid FROM pg_stat_wal_receiver"))

    def psql(self, sql: str, db: str = "postgres", user: str = "postgres",
             password: str | None = None) -> str:
        """Runs statements, each its own transaction; the rows unaligned. ServerError when one fails."""
        done = subprocess.run(self._psql(db, user), input=sql, text=True, capture_output=True,
                              check=False, env=self._environment(password))
        if done.returncode != 0:
            raise ServerError(f"{self.name}: psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def session(self, db: str = "postgres", user: str = "postgres") -> Session:
        return Session(self._psql(db, user), self._environment(None))

    def streams(self) -> bool:
        return self.psql("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'") == "1"

    def caught_up_with(self, primary: Postgres) -> bool:
        target = primary.psql("SELECT pg_current_wal_lsn()")
        return self.psql(f"SELECT pg_last_wal_replay_lsn() >= '{target}'") == "t"

    def _psql(self, db: str, user: str) -> list[str]:
        return [str(self.bin / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.address, "-p",
                str(self.port), "-U", user, "-d", db]

    def _environment(self, password: str | None) -> dict[str, str]:
        ours = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return ours | {"PGPASSWORD": password or self.password, "PGCONNECT_TIMEOUT": "10"}

    def _account_file(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text)
        shutil.chown(path, self.folder.owner(), self.folder.group())
        return path

    def file_in_data(self, name: str, text: str) -> pathlib.Path:
        """Keys and certificates: the server refuses a key that others may read."""
        return self._account_file(f"data/{name}", text)

    def _tool(self, name: str, *arguments: str) -> None:
        done = subprocess.run(as_account([str(self.bin / name), *arguments]), cwd="/", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise ServerError(f"{name} for {self.name} failed:\n{done.stdout[-2000:]}")


class Pair:
    """A primary and its streaming standby, with empty databases and a role without grants."""

    ROLE = "mixed_state"

    def __init__(self, directory: Directory, settings: dict[str, str] | None = None,
                 databases: tuple[str, ...] = ("app",)) -> None:
        self.password = secrets.token_hex(12)
        self.databases = databases
        self.primary = Postgres(directory, "primary", self.password, settings=settings)
        self.standby = Postgres(directory, "standby", self.password)

    def start(self) -> None:
        self.start_primary()
        self.start_standby()

    def start_primary(self) -> None:
        self.primary.initialise()
        self.primary.start()
        self.primary.psql(f"""
            CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{self.password}';
            CREATE ROLE {self.ROLE} LOGIN PASSWORD '{self.password}';"""
            + "".join(f"CREATE DATABASE {database};" for database in self.databases))

    def start_standby(self) -> None:
        self.standby.copy_of(self.primary)
        self.standby.start()
        wait_until("the standby streams", self.standby.streams, 60)  # more than 20 beside a build

    def stop(self) -> None:
        self.standby.stop("immediate")
        self.primary.stop("immediate")
        if self.standby.link:
            self.standby.link.close()


@contextlib.contextmanager
def running_pair(settings: dict[str, str] | None = None) -> Iterator[tuple[Directory, Pair]]:
    """A Pair in a directory of its own; both gone afterwards, whatever happens."""
    directory = Directory()
    try:
        pair = Pair(directory, settings)
        try:
            pair.start()
            yield directory, pair
        finally:
            pair.stop()
    finally:
        directory.remove()
