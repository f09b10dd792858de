"""Hostile Redis nodes beside a healthy pair in one service of the real program: each is unknown with its own reason and
within its deadline, the pair is polled at each interval, memory stays flat."""
from __future__ import annotations

import itertools
import json
import pathlib
import socket
import sys
import unittest
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Authority, Behave, Endpoint, Rogue, drips, floods, resets, says  # noqa: E402
from fleet import CADENCES, KNOWN_WITHIN, POLL, RECOVERED_WITHIN, SLACK, program  # noqa: E402
from monitoring import Exporter  # noqa: E402
from process import Directory, ServerError, wait_until  # noqa: E402
from redis_servers import Redis  # noqa: E402

ROUNDS = 10
GROWTH = 48 * 1024 * 1024  # bytes of RSS at its peak; what the servers send or claim in these rounds is far more
LONGEST = "2.5"  # seconds, the bound of the histogram above poll_timeout
CANONICAL, UNKNOWN = 0, 2
HEALTHY = ("redis-1", "redis-2")


class Counted(Rogue):
    """It knows how many requests it was told."""

    def __init__(self, behave: Behave) -> None:
        self.asked = 0

        def counted(connection: socket.socket) -> None:
            self.asked += 1
            behave(connection)
        super().__init__(counted)


def hangs_up(connection: socket.socket) -> None:
    connection.sendall(b"$9\r\nhel")
    connection.shutdown(socket.SHUT_RDWR)


# By the node's name: what it does, and the reason that it is to be unknown for.
ROGUES: dict[str, tuple[Behave, str]] = {
    "hangs": (lambda _: None, "deadline"),
    "drips": (drips(b"$5000\r\n" + b"x" * 5000, 1), "deadline"),
    "resets": (resets(b"$9\r\nhel"), "reset"),
    "hangs-up": (hangs_up, "reset"),
    "garbage": (says(b"\x00\xff\xfegarbage\r\n" * 100), "protocol"),
    "claims-a-list": (says(b"*2147483647\r\n"), "too_large"),
    "claims-a-text": (says(b"$9000000000000000000\r\n"), "too_large"),
    "claims-and-floods": (floods(b"$2147483648\r\n", b"x" * 65536), "too_large"),
    "endless-list": (floods(b"*1000000\r\n", b"$1024\r\n" + b"x" * 1024 + b"\r\n"), "too_large"),
    "endless-line": (floods(b"+", b"x" * 65536), "too_large"),
    "stalls": (lambda _: None, "deadline"),  # in the handshake
}
FLOODS = ("claims-and-floods", "endless-list", "endless-line")
# By the node's name: whom its certificate is for, for how many days it is good, and the reason.
CERTIFICATES = {"expired": ("IP:127.0.0.1", -1, "tls"), "wrong-host": ("DNS:elsewhere.test", 2, "tls"),
                "trusted-http": ("IP:127.0.0.1", 2, "protocol")}
REASONS = {name: reason for name, (*_, reason) in {**ROGUES, **CERTIFICATES}.items()}


class HostileNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        primary, replica = cls.servers = [Redis(cls.directory, name) for name in HEALTHY]
        for server in cls.servers:
            cls.addClassCleanup(server.stop)
            server.start()
        for server in cls.servers:
            server.wait_ready()
        replica.follow(primary)
        cls.rogues: dict[str, Counted] = {}
        nodes = [f'{{name: {server.name}, address: "{server.address}"}}' for server in cls.servers]
        nodes += [cls.rogue(name, behave) for name, (behave, _) in ROGUES.items()]
        nodes += [cls.certified(name, names, days) for name, (names, days, _) in CERTIFICATES.items()]
        config = cls.directory.file("exporter.yml", CADENCES + "services:\n  - name: sessions\n    canonical: primary\n"
                                    "    nodes:\n" + "".join(f"      - {node}\n" for node in nodes)
                                    + "    collect: [{redis: {}}]\n")
        cls.exporter = Exporter(cls.directory, program(), config)
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()

    @classmethod
    def rogue(cls, name: str, behave: Behave) -> str:
        rogue = cls.rogues[name] = Counted(behave)
        cls.addClassCleanup(rogue.stop)
        if name != "stalls":
            return f'{{name: {name}, address: "{rogue.address}"}}'
        return f'{{name: {name}, address: "{rogue.address}", tls: {{mode: verify-full}}}}'

    @classmethod
    def certified(cls, name: str, names: str, days: int) -> str:
        """A server of TLS with a certificate by an authority that its node trusts; it speaks HTTP."""
        folder = cls.directory.path / name
        folder.mkdir()
        endpoint = Endpoint(lambda *_: (200, {}, "{}"), Authority(folder).certificate(names, days))
        cls.addClassCleanup(endpoint.stop)
        return f'{{name: {name}, address: "{endpoint.address}", tls: {{ca_file: {name}/ca.pem}}}}'

    def eventually(self, what: str, condition: Callable[[], object], seconds: float = KNOWN_WITHIN) -> None:
        try:
            wait_until(what, condition, seconds)
        except ServerError as error:
            self.fail(f"{error}: {self.reasons()}\n{self.exporter.server.tail(25)}")

    def reasons(self) -> dict[str, str]:
        """Why the nodes are unknown that are so in all dimensions, for one reason."""
        answer = json.loads(self.exporter.get("/api/v1/status?service=sessions") or "{}")
        found: dict[str, set[str]] = {}
        for row in answer["services"][0]["nodes"] if answer.get("services") else []:
            found.setdefault(row["node"], set()).add(row["unknown_reason"] or row["status"])
        return {node: reasons.pop() for node, reasons in found.items() if len(reasons) == 1}

    def statuses(self, node: str) -> set[float]:
        return {value for _, value in self.exporter.metrics().all("node_status", service="sessions", node=node)}

    def all_failed(self) -> None:
        self.eventually("all failed, and nobody else", lambda: self.reasons() == REASONS, RECOVERED_WITHIN)

    def test_each_is_unknown_with_its_reason_and_the_pair_is_canonical(self) -> None:
        self.all_failed()
        for node in REASONS:
            self.assertEqual(self.statuses(node), {UNKNOWN}, node)
        for node in HEALTHY:
            self.assertEqual(self.statuses(node), {CANONICAL}, node)
        counted = {labels["reason"] for labels, value in self.exporter.metrics().all(
            "collector_errors_total", service="sessions") if value}
        self.assertEqual(counted, set(REASONS.values()))

    def test_no_poll_outlasts_its_deadline(self) -> None:
        self.all_failed()
        metrics = self.exporter.metrics()
        polls = metrics.value("collector_duration_seconds_count", service="sessions")
        self.assertGreaterEqual(polls or 0, len(REASONS) + len(HEALTHY))
        self.assertEqual(metrics.value("collector_duration_seconds_bucket", service="sessions", le=LONGEST), polls)

    def test_memory_stays_flat_and_the_pair_is_polled_at_each_interval(self) -> None:
        self.all_failed()
        before = self.exporter.server.rss()
        self.assertLess(self.exporter.server.peak_rss() - before, GROWTH, "since it began")
        self.exporter.server.forget_peak_rss()
        asked = {node: self.rogues[node].asked for node in FLOODS}
        polled: dict[str, set[float]] = {node: set() for node in HEALTHY}

        def all_rounds() -> bool:
            metrics = self.exporter.metrics()
            for node, times in polled.items():
                times.add(metrics.value("collector_last_success_timestamp_seconds", service="sessions", node=node))
            return all(len(times) > ROUNDS for times in polled.values())
        self.eventually(f"{ROUNDS} more polls of the pair", all_rounds, (ROUNDS + 1) * POLL + SLACK)
        for node, times in polled.items():
            gaps = [later - earlier for earlier, later in itertools.pairwise(sorted(times))]
            self.assertLess(max(gaps), POLL + SLACK, node)
        for node in FLOODS:  # less often, for they fail
            self.assertGreater(self.rogues[node].asked, asked[node], node)
        self.assertLess(self.exporter.server.peak_rss() - before, GROWTH)
        self.assertEqual(self.reasons(), REASONS, "for those asked again too")


if __name__ == "__main__":
    unittest.main()
