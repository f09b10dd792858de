"""What the demo's story happens on: real servers, the exporter over them, Prometheus with our rules."""
from __future__ import annotations

import pathlib
import subprocess
import threading
from collections.abc import Callable

from monitoring import Alertmanager, Exporter, Prometheus, shortened_rules
from process import LOOPBACK, Directory, ServerError, wait_until
from servers import Pair, Session

FACTOR = 60  # by which the rules' durations are divided: `for: 10m` lasts 10 s
DATABASES = ("orders", "tenant7", "tenant8")

CONFIG = """\
global: {{poll_interval: 2s, deep_interval: 2s, position_interval: 500ms, poll_timeout: 1s}}
services:
  - name: orders-db
    owner: payments
    tier: critical
    nodes:
      - {{name: pg-1, address: "{host}:{primary}"}}
      - {{name: pg-2, address: "{host}:{standby}"}}
    collect:
      - postgres: {{user: mixed_state, password_file: mixed_state.pass, database: orders}}
  - name: tenants
    owner: payments
    nodes:
      - {{name: tenant-7, address: "{host}:{primary}", database: tenant7}}
      - {{name: tenant-8, address: "{host}:{primary}", database: tenant8}}
    collect:
      - postgres: {{user: mixed_state, password_file: mixed_state.pass}}
"""

# What golang-migrate leaves behind: one row that every step rewrites.
HISTORY = """
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (41, false);
CREATE TABLE invoices (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, cents bigint NOT NULL);
"""
MIGRATION_42 = """
BEGIN;
ALTER TABLE invoices ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
TRUNCATE schema_migrations;
INSERT INTO schema_migrations VALUES (42, false);
COMMIT;
"""


class Workload:
    """Clients of every database, so that there is traffic to be exposed and something to replicate."""

    def __init__(self, pair: Pair) -> None:
        write, read = "INSERT INTO invoices (cents) VALUES (100)", "SELECT max(id) FROM invoices"
        self.clients: list[tuple[Session, str]] = [
            *((pair.primary.session(database), write) for database in DATABASES),
            (pair.standby.session("orders"), read)]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join(5)
        for session, _ in self.clients:
            session.close()

    def _run(self) -> None:
        while not self.ended.wait(0.2):
            for session, statement in self.clients:
                try:
                    session.run(statement)
                except (ServerError, OSError):
                    return


class Stage:
    """All of the demo's servers. `start` brings them up in order, `stop` ends what was started."""

    def __init__(self, program: pathlib.Path, say: Callable[[str], None]) -> None:
        self.program, self.say = program, say
        self.directory = Directory()
        self.pair = Pair(self.directory, databases=DATABASES)
        self.stops: list[Callable[[], None]] = [self.directory.remove]
        self.exporter: Exporter
        self.prometheus: Prometheus
        self.alertmanager: Alertmanager

    def start(self) -> None:
        self.say("starting a PostgreSQL primary and its streaming standby")
        self.stops.append(self.pair.stop)
        self.pair.start()
        for database in DATABASES:
            self.pair.primary.psql(HISTORY, db=database)
        config = self._configure()
        self._grant(config)
        workload = Workload(self.pair)
        self.stops.append(workload.stop)
        self.say("starting the exporter, Alertmanager and Prometheus")
        self.exporter = Exporter(self.directory, self.program, config, port=9889)
        self.stops.append(self.exporter.stop)
        self.exporter.wait_ready()
        self.alertmanager = Alertmanager(self.directory, port=9093)
        self.stops.append(self.alertmanager.stop)
        self.alertmanager.wait_ready()
        self.prometheus = Prometheus(self.directory, [f"{LOOPBACK}:{self.exporter.port}"], shortened_rules(self.directory, FACTOR),
                                     self.alertmanager, port=9090)
        self.stops.append(self.prometheus.stop)
        self.prometheus.wait_ready()

    def stop(self) -> None:
        for stop in reversed(self.stops):
            stop()
        self.stops.clear()

    def logs(self) -> str:
        return "\n".join(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                         for log in sorted(self.directory.path.glob("*.log")))

    def _configure(self) -> pathlib.Path:
        self.directory.file("mixed_state.pass", self.pair.password + "\n")
        return self.directory.file("mixed_state.yml", CONFIG.format(
            host=LOOPBACK, primary=self.pair.primary.port, standby=self.pair.standby.port))

    def _grant(self, config: pathlib.Path) -> None:
        """The role gets what the exporter itself asks for, and nothing else."""
        grants = subprocess.run([self.program, "grants", f"--config.file={config}"], text=True,
                                capture_output=True, check=False)
        if grants.returncode != 0:
            raise ServerError(f"`grants` failed: {grants.stderr}")
        self.pair.primary.psql(grants.stdout)
        wait_until("the standby has the grants", lambda: self.pair.standby.caught_up_with(self.pair.primary))
