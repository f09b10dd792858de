"""Real faults: a broken node is unknown with the right reason in time, neighbours never notice, it comes back."""
from __future__ import annotations

import os
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Authority, Behave, Rogue, drips, floods, resets, says  # noqa: E402
from fleet import CADENCES, KNOWN_WITHIN, POLL, RECOVERED_WITHIN, Backends, FleetCase  # noqa: E402
from monitoring import Metrics  # noqa: E402
from process import LOOPBACK, wait_until  # noqa: E402
from servers import Postgres  # noqa: E402

LOCK_TIMEOUT = 0.2
GROWTH = 16 * 1024 * 1024  # bytes of RSS at its peak that faults may cost; a leak of replies would be far more

LET_IN = b"R\0\0\0\x08\0\0\0\0"  # AuthenticationOk
# By the node's name: what it does instead of speaking, how it is connected to, and the reason that it is to be unknown for.
ROGUES: dict[str, tuple[Behave, str, str]] = {
    "hanging": (lambda _: None, "", "deadline"),
    "garbage": (says(b"\x00\xff\xfegarbage\n" * 100), "", "protocol"),
    "resets": (resets(LET_IN[:5]), "{mode: off}", "reset"),
    "drips": (drips(LET_IN, 0.5), "{mode: off}", "deadline"),
    "lies": (says(b"R\x7f\xff\xff\xff"), "{mode: off}", "protocol"),
    "floods": (floods(LET_IN, b"S\0\0\0\x0bname\0x\0" * 6000), "{mode: off}", "too_large"),
    "stalls": (says(b"S"), "{ca_file: ca.pem}", "deadline"),  # in the TLS handshake that it agreed to
}


class BrokenNodes(FleetCase):
    """Nodes of one service that are broken each in its own way, beside a healthy one and a healthy pair."""

    @classmethod
    def services(cls) -> str:
        cls.full = cls.server("full", {"max_connections": "6", "superuser_reserved_connections": "1",
                                       "max_wal_senders": "0"})
        cls.takers = [cls.full.session(user="taker") for _ in range(5)]
        for taker in cls.takers:
            cls.addClassCleanup(taker.close)
            taker.run("SELECT 1")
        cls.authority = Authority(cls.directory.path)
        cls.expired = cls.server("expired", {})
        cls.use_certificate(days=-1)
        cls.directory.file("wrong.pass", "not the password")
        return cls.pair_service() + f"""
  - name: broken
    nodes:
      - {{name: healthy, address: "{LOOPBACK}:{cls.pair.primary.port}"}}
      - {{name: wrong-password, address: "{LOOPBACK}:{cls.pair.primary.port}", password_file: wrong.pass}}
      - {{name: full, address: "{LOOPBACK}:{cls.full.port}"}}
      - {{name: expired, address: "{LOOPBACK}:{cls.expired.port}", tls: {{ca_file: ca.pem}}}}
{"".join(map(cls.rogue, ROGUES))}
    collect: [{{postgres: {{user: mixed_state, password_file: role.pass, database: other}}}}]
"""

    @classmethod
    def rogue(cls, name: str) -> str:
        behave, tls, _ = ROGUES[name]
        rogue = Rogue(behave)
        cls.addClassCleanup(rogue.stop)
        return f'      - {{name: {name}, address: "{rogue.address}"' + (f", tls: {tls}" if tls else "") + "}\n"

    @classmethod
    def server(cls, name: str, settings: dict[str, str]) -> Postgres:
        server = Postgres(cls.directory, name, cls.pair.password, settings=settings)
        server.initialise()
        cls.addClassCleanup(lambda: server.stop("immediate"))
        server.start()
        server.psql(f"""
            CREATE ROLE mixed_state LOGIN PASSWORD '{cls.pair.password}';
            CREATE ROLE taker LOGIN PASSWORD '{cls.pair.password}';
            CREATE DATABASE other;""")
        return server

    @classmethod
    def use_certificate(cls, days: int) -> None:
        signed = cls.authority.certificate(f"IP:{LOOPBACK}", days)
        cls.expired.file_in_data("server.key", signed.key.read_text())
        cls.expired.file_in_data("server.crt", signed.certificate.read_text())
        cls.expired.psql("ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf()")

    def test_each_is_unknown_with_its_reason_and_the_rest_is_fresh(self) -> None:
        reasons = {"wrong-password": "auth", "full": "overload", "expired": "tls",
                   **{node: reason for node, (*_, reason) in ROGUES.items()}}
        for node, reason in reasons.items():
            self.eventually(f"{node} is unknown", lambda metrics, node=node: self.is_unknown(metrics, node, "broken"))
            self.eventually(f"{node} counts as {reason}",
                            lambda metrics, reason=reason: self.errors(metrics, reason, "broken") > 0)
        self.assert_fresh("healthy", "broken")
        for node in ("pg-1", "pg-2"):
            self.assert_fresh(node)
            self.assertTrue(self.is_canonical(self.exporter.metrics(), node), self.picture())

    def test_memory_and_backends_stay_flat(self) -> None:
        before = self.exporter.server.rss()
        self.assertLess(self.exporter.server.peak_rss() - before, GROWTH, "since it began")
        self.exporter.server.forget_peak_rss()
        polls = self.polls()
        with Backends(self.primary) as backends:
            self.eventually("ten more polls", lambda metrics: self.polls() >= polls + 10, 10 * POLL)
        self.assertGreater(backends.most, 0)
        self.assertLessEqual(backends.most, 2, "one for polls and one for positions")
        self.assertLess(self.exporter.server.peak_rss() - before, GROWTH)

    def polls(self) -> float:
        return self.exporter.metrics().value("collector_duration_seconds_count", service="pair",
                                             collector="postgres") or 0

    def test_a_refused_password_is_not_tried_again_within_a_minute(self) -> None:
        self.eventually("the password is refused", lambda metrics: self.errors(metrics, "auth", "broken") > 0)
        polls = self.polls()
        self.eventually("more polls", lambda metrics: self.polls() >= polls + 6, 10 * POLL)
        refused = self.primary.log.read_text(errors="replace").count("password authentication failed")
        self.assertGreater(refused, 0)
        self.assertLessEqual(refused, 2, "one for polls and one for positions")

    def test_z_a_full_server_and_a_renewed_certificate_come_back(self) -> None:
        for taker in self.takers:
            taker.close()
        self.use_certificate(days=30)
        for node in ("full", "expired"):
            self.eventually(f"{node} is read again", lambda metrics, node=node: not self.is_unknown(
                metrics, node, "broken"), 60)


class BrokenPair(FleetCase):
    """Faults of a pair that was healthy: reasons, neighbours, recovery."""

    def setUp(self) -> None:
        self.eventually("the pair is canonical", self.pair_is_canonical, 30)
        self.before = self.exporter.metrics()

    @classmethod
    def services(cls) -> str:
        return cls.pair_service() + f"""
  - name: neighbour
    nodes: [{{name: other, address: "{LOOPBACK}:{cls.pair.primary.port}"}}]
    collect: [{{postgres: {{user: mixed_state, password_file: role.pass, database: other}}}}]
"""

    def pair_is_canonical(self, metrics: Metrics) -> bool:
        return all(self.is_canonical(metrics, node) for node in ("pg-1", "pg-2"))

    def counted(self, metrics: Metrics, *reasons: str) -> bool:
        return any(self.errors(metrics, reason) > self.errors(self.before, reason) for reason in reasons)

    def assert_recovers(self) -> None:
        self.eventually("the pair is canonical again", self.pair_is_canonical, RECOVERED_WITHIN)

    def test_a_stopped_standby_is_unknown_and_its_primary_stays_fresh(self) -> None:
        self.standby.stop()
        self.addCleanup(lambda: self.standby.server.running() or self.standby.start())
        self.eventually("pg-2 is unknown", lambda metrics: self.is_unknown(metrics, "pg-2")
                        and self.counted(metrics, "refused", "reset"))
        self.assertIsNone(self.exporter.metrics().value("replica_lag_seconds", service="pair", node="pg-2"))
        self.assert_fresh("pg-1")
        self.assert_fresh("other", "neighbour")
        self.standby.start()
        self.assert_recovers()

    def test_a_restarted_primary_is_unknown_meanwhile_and_comes_back(self) -> None:
        self.primary.stop()
        self.addCleanup(lambda: self.primary.server.running() or self.primary.start())
        self.eventually("pg-1 is unknown", lambda metrics: self.is_unknown(metrics, "pg-1")
                        and self.counted(metrics, "refused", "reset"))
        self.assertIsNone(self.exporter.metrics().value("replica_lag_seconds", service="pair", node="pg-2"))
        self.assert_fresh("pg-2")
        self.primary.start()
        self.assert_recovers()

    def test_a_killed_primary_is_unknown_meanwhile_and_comes_back(self) -> None:
        self.primary.kill()
        self.addCleanup(lambda: self.primary.server.running() or self.primary.start())
        self.eventually("pg-1 is unknown", lambda metrics: self.is_unknown(metrics, "pg-1"))
        self.assert_fresh("pg-2")
        self.primary.start()
        self.assert_recovers()

    def test_frozen_backends_cost_their_node_a_deadline_and_nobody_else(self) -> None:
        ours = "SELECT pid FROM pg_stat_activity WHERE usename = 'mixed_state' AND datname = 'app'"
        frozen = [int(pid) for pid in self.primary.psql(ours).split()]
        self.assertEqual(len(frozen), 2, "one for polls and one for positions")
        for pid in frozen:
            self.primary.freeze(pid)
            self.addCleanup(self.primary.resume, pid)
        self.eventually("pg-1 missed its deadline", lambda metrics: self.counted(metrics, "deadline"))
        self.assert_fresh("pg-2")
        self.assert_fresh("other", "neighbour")
        self.assertEqual(len(self.primary.psql(ours).split()), 2, "no more backends to be frozen")
        for pid in frozen:
            self.primary.resume(pid)
        self.assert_recovers()

    def test_a_locked_history_table_costs_its_dimension_only(self) -> None:
        migration = self.primary.session("app")
        self.addCleanup(migration.close)
        migration.run("BEGIN; ALTER TABLE schema_migrations ADD COLUMN note text")
        self.eventually("schema_version of pg-1 is unknown", lambda metrics:
                        self.statuses(metrics, "pg-1").get("schema_version") == 2 and self.counted(metrics, "lock"))
        self.assertEqual(self.statuses(self.exporter.metrics(), "pg-1")["config"], 0, self.picture())
        self.assert_fresh("other", "neighbour")
        migration.run("ROLLBACK")
        self.assert_recovers()

    def test_a_migration_never_waits_for_us_longer_than_the_lock_timeout(self) -> None:
        """Our read queues behind the first DDL, and a second DDL behind our read."""
        first, second = self.primary.session("app"), self.primary.session("app")
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        first.run("BEGIN; ALTER TABLE schema_migrations ALTER COLUMN dirty SET DEFAULT false")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mixed_state' AND wait_event_type = 'Lock'"
        wait_until("our read waits", lambda: self.primary.psql(waiting) != "0", KNOWN_WITHIN, every=0.005)
        second.run("SET application_name = 'second'")
        second.send("ALTER TABLE schema_migrations ALTER COLUMN dirty DROP DEFAULT;")
        wait_until("the second DDL waits", lambda: self.primary.psql(
            "SELECT wait_event_type FROM pg_stat_activity WHERE application_name = 'second'") == "Lock")
        started = time.monotonic()
        first.run("COMMIT")
        second.run("SELECT 1")
        self.assertLess(time.monotonic() - started, LOCK_TIMEOUT + 0.3)

    def test_a_cut_link_leaves_both_nodes_readable(self) -> None:
        self.standby.link.cut()
        self.addCleanup(self.standby.link.heal)
        self.eventually("the link is down", lambda metrics: metrics.value(
            "replication_link_up", service="pair", node="pg-2") == 0)
        self.assertTrue(self.pair_is_canonical(self.exporter.metrics()), self.picture())
        self.standby.link.heal()
        self.eventually("the link is up", lambda metrics: metrics.value(
            "replication_link_up", service="pair", node="pg-2") == 1, RECOVERED_WITHIN)


class Promotion(FleetCase):
    """Two primaries of one history: nobody is canonical by chance, nothing lags."""

    def test_a_promotion_while_polls_run_ends_in_two_primaries_and_no_lag(self) -> None:
        self.eventually("the pair is canonical", lambda metrics: all(
            self.is_canonical(metrics, node) for node in ("pg-1", "pg-2")), RECOVERED_WITHIN)
        self.standby.promote()
        self.eventually("two primaries are seen", lambda metrics: metrics.all(
            "canonical_missing", service="pair", reason="two_primaries"))
        self.eventually("the histories diverge", lambda metrics: 3 in {
            self.statuses(metrics, node)["replication_history"] for node in ("pg-1", "pg-2")})
        self.assertEqual(self.exporter.metrics().all("replica_lag_seconds", service="pair"), [])
        for node in ("pg-1", "pg-2"):
            self.assert_fresh(node)


class Reload(FleetCase):
    """SIGHUP takes over a good configuration, and loses nothing to a broken one."""

    def hang_up(self, services: str) -> None:
        self.config.write_text(CADENCES + "services:" + services)
        os.kill(self.exporter.server.pid, signal.SIGHUP)

    def backends(self) -> str:
        return self.primary.psql("SELECT pid FROM pg_stat_activity WHERE usename = 'mixed_state' ORDER BY pid")

    def test_a_reload_keeps_connections_and_a_broken_file_keeps_the_old_configuration(self) -> None:
        self.eventually("the pair is canonical", lambda metrics: all(
            self.is_canonical(metrics, node) for node in ("pg-1", "pg-2")), RECOVERED_WITHIN)
        before = self.backends()
        self.assertTrue(before)

        self.hang_up(self.services() + "    nodez: []\n")
        self.eventually("the broken file is refused", lambda metrics: metrics.value(
            "config_last_reload_successful") == 0)
        self.assertTrue(self.is_canonical(self.exporter.metrics(), "pg-1"))

        self.hang_up(self.services() + "    objectives: {replica_lag: 9s}\n")
        self.eventually("the good file is taken over", lambda metrics: metrics.value(
            "slo_replica_lag_seconds", service="pair") == 9)
        self.assertEqual(self.exporter.metrics().value("config_last_reload_successful"), 1)
        self.assertEqual(self.backends(), before)


if __name__ == "__main__":
    unittest.main()
