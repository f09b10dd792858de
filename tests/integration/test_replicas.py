"""Replicas that real primaries name become nodes of the real program: counted, compared, named when they differ, kept while
they answer, gone once they do not."""
from __future__ import annotations

import json
import pathlib
import socket
import sys
import unittest
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import CADENCES, HISTORY, KNOWN_WITHIN, POLL, RECOVERED_WITHIN, grant, program  # noqa: E402
from monitoring import Exporter  # noqa: E402
from process import LOOPBACK, Directory, ServerError, free_port, wait_until  # noqa: E402
from redis_servers import Redis  # noqa: E402
from servers import Pair, Postgres  # noqa: E402

FOUND_WITHIN = POLL + RECOVERED_WITHIN  # a poll of the primary, then one of the replica
GONE_WITHIN = KNOWN_WITHIN + 2 * POLL   # and two looks of the discovery
DIVERGENT = 3


class FoundNodes(unittest.TestCase):
    """The service `found`, of which the configuration names the primary alone."""

    directory: Directory
    exporter: Exporter

    @classmethod
    def make_directory(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)

    @classmethod
    def configure(cls, primary: str, collector: str) -> pathlib.Path:
        return cls.directory.file("exporter.yml", CADENCES + f"""
services:
  - name: found
    nodes: {{static: [{{name: primary, address: "{primary}"}}], discover: {{replicas: true}}}}
    collect: [{collector}]
""")

    @classmethod
    def watch(cls, config: pathlib.Path) -> None:
        cls.exporter = Exporter(cls.directory, program(), config)
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()

    def counts(self) -> dict[str, float]:
        """Nodes of each status of `config`, where there are any."""
        return {labels["status"]: value for labels, value in
                self.exporter.metrics().all("nodes", service="found", dimension="config") if value}

    def status(self, node: str) -> float | None:
        return self.exporter.metrics().value("node_status", service="found", dimension="config", node=node)

    def link(self, node: str) -> float | None:
        return self.exporter.metrics().value("replication_link_up", service="found", node=node)

    def differing_keys(self, node: str) -> list[str]:
        rows = json.loads(self.exporter.get("/api/v1/status?service=found") or "")["services"][0]["nodes"]
        return [key for row in rows if row["node"] == node for key in row["differing_keys"]]

    def primary_polls(self) -> float | None:
        return self.exporter.metrics().value("collector_last_success_timestamp_seconds", service="found", node="primary")

    def eventually(self, what: str, condition: Callable[[], object], seconds: float) -> None:
        try:
            wait_until(what, condition, seconds)
        except ServerError as error:
            self.fail(f"{error}: {self.counts()}\n{self.exporter.server.tail(25)}")

    def are_level(self, nodes: int) -> None:
        self.eventually(f"{nodes} nodes are canonical", lambda: self.counts() == {"canonical": nodes}, FOUND_WITHIN)

    def assert_named(self, node: str, key: str, others: int) -> None:
        """`node` is divergent by `key` alone, and nobody else is."""
        self.eventually(f"{node} is divergent", lambda: self.status(node) == DIVERGENT, RECOVERED_WITHIN)
        self.assertEqual(self.counts(), {"canonical": others, "divergent": 1})
        self.assertEqual(self.differing_keys(node), [key])

    def assert_stays(self, nodes: int) -> None:
        """For some looks of the discovery that begin now."""
        polled = {self.primary_polls()}

        def three_polls() -> bool:
            self.assertEqual(sum(self.counts().values()), nodes)
            polled.add(self.primary_polls())
            return len(polled) > 3
        self.eventually("three more polls of the primary", three_polls, 4 * POLL + KNOWN_WITHIN)

    def assert_leaves(self, node: str, others: int) -> None:
        """`node` was stopped: it is unknown, or gone already, and then nobody counts it any more."""
        seen: set[float | None] = set()

        def is_gone() -> bool:
            counts = self.counts()
            seen.add(self.status(node))
            self.assertNotIn("divergent", counts)
            return counts == {"canonical": others}
        self.eventually(f"{node} is gone", is_gone, GONE_WITHIN)
        self.assertLessEqual(seen, {None, 2.0}, "canonical without a series, or unknown")
        self.assertIsNone(self.status(node))


class RedisReplicas(FoundNodes):
    @classmethod
    def setUpClass(cls) -> None:
        cls.make_directory()
        cls.primary, cls.first, cls.second = servers = [
            Redis(cls.directory, name) for name in ("primary", "first", "second")]
        for server in servers:
            cls.addClassCleanup(server.stop)
            server.start()
        for server in servers:
            server.wait_ready()
        for replica in servers[1:]:
            replica.follow(cls.primary)
        cls.watch(cls.configure(cls.primary.address, "{redis: {}}"))

    def setUp(self) -> None:
        self.are_level(3)

    def test_they_are_counted_and_have_no_series_while_they_are_canonical(self) -> None:
        nodes = {labels["node"] for labels, _ in self.exporter.metrics().all("node_status", service="found")}
        self.assertEqual(nodes, {"primary"})
        self.assertEqual(self.exporter.metrics().value("discovery_up", service="found"), 1)

    def test_one_that_differs_is_named_by_its_address(self) -> None:
        self.first.must("CONFIG", "SET", "maxmemory", "64mb")
        self.addCleanup(self.first.must, "CONFIG", "SET", "maxmemory", "0")
        self.assert_named(self.first.address, "maxmemory", others=2)
        self.first.must("CONFIG", "SET", "maxmemory", "0")
        self.are_level(3)
        self.assertIsNone(self.status(self.first.address))

    def test_one_that_no_primary_names_stays_while_it_answers(self) -> None:
        self.first.must("REPLICAOF", LOOPBACK, str(free_port()))
        self.addCleanup(self.first.follow, self.primary)
        self.eventually("its link is down", lambda: self.link(self.first.address) == 0, RECOVERED_WITHIN)
        self.assertEqual(self.primary.info("connected_slaves"), "1")
        self.assert_stays(3)

    def test_they_stay_while_the_primary_is_away(self) -> None:
        self.primary.stop()
        self.addCleanup(self.restart, self.primary)
        self.eventually("the primary is unknown", lambda: self.status("primary") == 2, KNOWN_WITHIN)
        self.eventually("their links are down", lambda: {self.link(server.address) for server in (
            self.first, self.second)} == {0}, RECOVERED_WITHIN)
        self.assertEqual(sum(self.counts().values()), 3)

    def test_one_that_was_stopped_leaves_and_comes_back(self) -> None:
        self.first.stop()
        self.assert_leaves(self.first.address, others=2)
        self.restart(self.first)
        self.first.follow(self.primary)
        self.are_level(3)

    def test_all_that_were_stopped_at_once_are_in_grace_and_the_canonical_moves_only_without(self) -> None:
        self.addCleanup(self.restart_replicas)
        for replica in (self.first, self.second):
            replica.stop()
        self.eventually("they are gone", lambda: self.counts() == {"canonical": 1}, GONE_WITHIN)
        self.assertEqual(self.exporter.metrics().value("discovery_up", service="found"), 1)
        self.set_primary("64mb")
        self.addCleanup(self.set_primary, "0")
        self.eventually("the primary is divergent", lambda: self.status("primary") == DIVERGENT, KNOWN_WITHIN)
        self.assert_stays(1)
        self.assertEqual(self.counts(), {"divergent": 1})
        self.restart_replicas()
        self.eventually("the primary is canonical", lambda: self.counts() == {"canonical": 1, "divergent": 2},
                        FOUND_WITHIN)
        self.set_primary("0")
        self.are_level(3)

    def set_primary(self, maxmemory: str) -> None:
        self.primary.must("CONFIG", "SET", "maxmemory", maxmemory)

    def restart_replicas(self) -> None:
        for replica in (self.first, self.second):
            if not replica.server.running():
                self.restart(replica)
                replica.follow(self.primary)

    def restart(self, server: Redis) -> None:
        server.start()
        server.wait_ready()


def own_address() -> str | None:
    """An address of this machine that is not loopback; no packet is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("198.51.100.1", 9))  # of documentation, which nobody has
            return probe.getsockname()[0]
    except OSError:
        return None


class PostgresReplicas(FoundNodes):
    """A primary on loopback and a standby at this machine's own address: PostgreSQL tells where a standby connects from and
    not its port, so the two share one, and standbys on loopback are not found."""

    @classmethod
    def setUpClass(cls) -> None:
        address = own_address()
        if address is None:
            raise unittest.SkipTest("this machine has no address but loopback")
        cls.make_directory()
        pair = Pair(cls.directory, settings={"listen_addresses": LOOPBACK})
        cls.primary = pair.primary
        cls.standby = pair.standby = Postgres(cls.directory, "elsewhere", pair.password, address=address)
        cls.standby.port = cls.primary.port
        cls.addClassCleanup(pair.stop)
        pair.start_primary()
        with (cls.primary.data / "pg_hba.conf").open("a") as rules:
            for who in ("replication replicator", "all all"):
                rules.write(f"host {who} {address}/32 scram-sha-256\n")
        cls.primary.psql("SELECT pg_reload_conf()")
        pair.start_standby()
        cls.primary.psql(HISTORY, db="app")
        cls.directory.file("role.pass", pair.password)
        config = cls.configure(f"{LOOPBACK}:{cls.primary.port}", "{postgres: {user: mixed_state, password_file: role.pass, "
                               "database: app, tls: {mode: off}}}")
        grant(cls.primary, config)
        wait_until("the standby has caught up", lambda: cls.standby.caught_up_with(cls.primary))
        cls.node = f"{address}:{cls.primary.port}"
        cls.watch(config)

    def setUp(self) -> None:
        self.are_level(2)

    def work_mem(self, to: str) -> None:
        self.standby.psql(f"ALTER SYSTEM {to}; SELECT pg_reload_conf()")

    def test_one_that_differs_is_named_by_its_address(self) -> None:
        self.work_mem("SET work_mem = '8MB'")
        self.addCleanup(self.work_mem, "RESET work_mem")
        self.assert_named(self.node, "work_mem", others=1)
        self.work_mem("RESET work_mem")
        self.are_level(2)
        self.assertIsNone(self.status(self.node))

    def test_one_that_no_primary_names_stays_while_it_answers(self) -> None:
        self.standby.link.cut()
        self.addCleanup(self.standby.link.heal)
        self.eventually("its link is down", lambda: self.link(self.node) == 0, RECOVERED_WITHIN)
        self.assertEqual(self.primary.psql("SELECT count(*) FROM pg_stat_replication"), "0")
        self.assert_stays(2)

    def test_one_that_was_stopped_leaves_and_comes_back(self) -> None:
        self.standby.stop()
        self.addCleanup(lambda: self.standby.server.running() or self.standby.start())
        self.assert_leaves(self.node, others=1)
        self.standby.start()
        self.are_level(2)


if __name__ == "__main__":
    unittest.main()
