"""Private servers for the demo and the tests: PostgreSQL, Prometheus, Alertmanager, the exporter.

Everything lives in one temporary directory and on loopback. Every process is ours: started by us,
stopped by its pid, and told by the kernel to end when we die. Needs Python 3.11's standard library.
"""
from __future__ import annotations

import contextlib
import glob
import json
import os
import pathlib
import pwd
import re
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
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
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def as_orphan_ends(command: list[str], name: str) -> list[str]:
    if command[0] == "setpriv":
        return [*command[:1], f"--pdeathsig={name}", *command[1:]]
    return ["setpriv", f"--pdeathsig={name}", *command]


class Link:
    """A TCP proxy that can be cut: what a standby's network link to its primary is to us."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self.listener.getsockname()[1]
        self.whole = threading.Event()
        self.whole.set()
        self.flowing = threading.Event()
        self.flowing.set()
        self.sockets: set[socket.socket] = set()
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends every connection, and each new one at once."""
        self.whole.clear()
        with self.lock:
            for end in self.sockets:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Keeps connections, and lets no byte through: a network that swallows packets."""
        self.flowing.clear()

    def heal(self) -> None:
        self.whole.set()
        self.flowing.set()

    def close(self) -> None:
        self.heal()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.whole.is_set():
                    threading.Thread(target=self._join, args=(near,), daemon=True).start()
                else:
                    near.close()

    def _join(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            with socket.create_connection((LOOPBACK, self.target_port)) as far:
                with self.lock:
                    self.sockets |= {near, far}
                if self.whole.is_set():
                    self._pump(near, far)
                with self.lock:
                    self.sockets -= {near, far}

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select():
                    self.flowing.wait()
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)


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
    """A PostgreSQL server, a primary by initdb; `standby_of` makes a streaming standby of another."""

    SETTINGS = {
        "listen_addresses": LOOPBACK, "fsync": "off", "shared_buffers": "16MB", "max_connections": "60",
        "max_wal_senders": "6", "max_replication_slots": "6", "wal_level": "replica",
        "hot_standby": "on", "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "200ms",
        "logging_collector": "off", "log_line_prefix": "%m [%p] ", "jit": "off",
    }

    def __init__(self, directory: Directory, name: str, password: str, port: int = 0,
                 settings: dict[str, str] | None = None) -> None:
        self.name, self.password = name, password
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
        self.link = Link(primary.port)
        self._tool("pg_basebackup", f"--pgdata={self.data}", "--checkpoint=fast", "--no-sync",
                   "--write-recovery-conf", "--create-slot", f"--slot={self.name}", "--dbname",
                   f"host={LOOPBACK} port={self.link.port} user=replicator password={self.password} "
                   f"application_name={self.name}")

    def start(self, seconds: float = 30) -> None:
        command = [str(self.bin / "postgres"), "-D", str(self.data), "-c", f"port={self.port}",
                   "-c", f"unix_socket_directories={self.folder}"]
        self.server = Process(self.name, as_account(command), self.log, orphan_signal="QUIT")
        self.server.wait_ready("accepts connections", self.accepts, seconds)

    def accepts(self) -> bool:
        return subprocess.run([self.bin / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port)],
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
        return [str(self.bin / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK, "-p",
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

    def _tool(self, name: str, *arguments: str) -> None:
        done = subprocess.run(as_account([str(self.bin / name), *arguments]), cwd="/", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise ServerError(f"{name} for {self.name} failed:\n{done.stdout[-2000:]}")


class HttpServer:
    """A server that says over HTTP whether it is ready."""

    def __init__(self, name: str, command: list[str], directory: Directory, port: int,
                 ready_path: str = "/-/ready") -> None:
        self.port, self.url, self.ready_path = port, f"http://{LOOPBACK}:{port}", ready_path
        self.server = Process(name, command, directory.path / f"{name}.log")

    def wait_ready(self, seconds: float = 30) -> None:
        self.server.wait_ready("answers ready", lambda: self.get(self.ready_path) is not None, seconds)

    def get(self, path: str, seconds: float = 5) -> str | None:
        """The body of a good answer, nothing otherwise."""
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(self.url + path, timeout=seconds) as answer:
                return answer.read().decode()
        return None

    def stop(self) -> None:
        self.server.end(signal.SIGTERM)


class Alertmanager(HttpServer):
    def __init__(self, directory: Directory, port: int = 0) -> None:
        config = directory.file("alertmanager.yml", "route: {receiver: demo, group_wait: 1s}\n"
                                "receivers: [{name: demo}]\n")
        port = free_port(port)
        super().__init__("alertmanager", [
            "prometheus-alertmanager", f"--config.file={config}", "--cluster.listen-address=",
            f"--web.listen-address={LOOPBACK}:{port}",
            f"--storage.path={directory.path / 'alertmanager'}"], directory, port)

    def alerts(self) -> set[str]:
        found = json.loads(self.get("/api/v2/alerts") or "[]")
        return {alert["labels"]["alertname"] for alert in found}


class Prometheus(HttpServer):
    """Scrapes `targets` (host:port) and evaluates `rules`, both every `interval`."""

    def __init__(self, directory: Directory, targets: list[str], rules: list[pathlib.Path],
                 alertmanager: Alertmanager | None = None, interval: str = "1s", port: int = 0) -> None:
        managers = [f"{LOOPBACK}:{alertmanager.port}"] if alertmanager else []
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval,
                       "evaluation_interval": interval},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": "mixed_state",
                                "static_configs": [{"targets": targets}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": managers}]}]},
        }
        path = directory.file("prometheus.yml", json.dumps(config, indent=1))  # JSON is YAML
        port = free_port(port)
        super().__init__("prometheus", [
            "prometheus", f"--config.file={path}", f"--web.listen-address={LOOPBACK}:{port}",
            f"--storage.tsdb.path={directory.path / 'prometheus'}"], directory, port)

    def query(self, expression: str) -> list[dict]:
        body = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return json.loads(body)["data"]["result"] if body else []

    def firing(self) -> set[str]:
        found = json.loads(self.get("/api/v1/alerts") or '{"data": {"alerts": []}}')
        return {alert["labels"]["alertname"] for alert in found["data"]["alerts"]
                if alert["state"] == "firing"}


class Exporter(HttpServer):
    """The program under test, with a configuration file."""

    def __init__(self, directory: Directory, program: pathlib.Path, config: pathlib.Path, port: int = 0,
                 flags: list[str] | None = None) -> None:
        port = free_port(port)
        super().__init__("exporter", [
            str(program), f"--config.file={config}", f"--web.listen-address={LOOPBACK}:{port}",
            *(flags or [])], directory, port)

    def metrics(self) -> Metrics:
        return Metrics(self.get("/metrics") or "")


class Metrics:
    """A page in the Prometheus text format, to look values up in."""

    SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text: str) -> None:
        self.samples: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            if match := self.SAMPLE.match(line):
                self.samples.append((match[1], dict(self.LABEL.findall(match[2] or "")), float(match[3])))

    def all(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        """The series of mixed_state_`name` that have these labels."""
        return [(found, value) for sample, found, value in self.samples
                if sample == f"mixed_state_{name}" and labels.items() <= found.items()]

    def value(self, name: str, **labels: str) -> float | None:
        """The one value; nothing when absent, an error when several series match."""
        found = self.all(name, **labels)
        if len(found) > 1:
            raise ServerError(f"{len(found)} series match {name}{labels}")
        return found[0][1] if found else None


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
        self.primary.initialise()
        self.primary.start()
        self.primary.psql(f"""
            CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{self.password}';
            CREATE ROLE {self.ROLE} LOGIN PASSWORD '{self.password}';"""
            + "".join(f"CREATE DATABASE {database};" for database in self.databases))
        self.standby.copy_of(self.primary)
        self.standby.start()
        wait_until("the standby streams", self.standby.streams)

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
