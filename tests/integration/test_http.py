"""Hostile HTTP nodes and the real program: each is unknown with its reason, those beside it stay fresh, memory stays flat,
and no secret shows anywhere."""
from __future__ import annotations

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from canaries import Talkative  # noqa: E402
from endpoints import Authority, Behave, Endpoint, Rogue, drips, floods, resets, says  # noqa: E402
from fleet import CADENCES, EVALUATION, KNOWN_WITHIN, POLL, SLACK  # noqa: E402
from monitoring import Metrics  # noqa: E402
from process import Directory, ServerError, wait_until  # noqa: E402

CANARY = "canary-4711"
OK = b"HTTP/1.1 200 OK\r\n"
ROUNDS = 10
GROWTH = 48 * 1024 * 1024  # bytes of RSS at its peak; what the servers send in these rounds is far more


# By the service's name: what its node does, and the reason that it is to be unknown for.
ROGUES: dict[str, tuple[Behave, str]] = {
    "hangs": (lambda _: None, "deadline"),
    "drips": (drips(OK + b"Content-Length: 5\r\n\r\nhello", 0.1), "deadline"),
    "resets": (resets(OK + b"Content-Length: 9\r\n\r\nhel"), "reset"),
    "garbage": (says(b"\x00\xff\xfegarbage " + CANARY.encode() + b"\r\n\r\n"), "protocol"),
    "announces": (says(OK + b"Content-Length: 2147483648\r\n\r\n"), "too_large"),
    "floods": (floods(OK + b"\r\n", b"x" * 65536), "too_large"),
    "heads": (floods(OK, b"X-Filler: " + b"x" * 900 + b"\r\n"), "too_large"),
    "chunks": (says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "protocol"),
    "redirects": (says(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://elsewhere.test/?t="
                       + CANARY.encode() + b"\r\n\r\n"), "protocol"),
    "refuses": (says(b"HTTP/1.1 401 " + CANARY.encode() + b"\r\nContent-Length: 11\r\n\r\n" + CANARY.encode()), "auth"),
    "stalls": (lambda _: None, "deadline"),  # in the handshake
}


class HostileNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.directory.file("token", CANARY)
        cls.reasons = {name: reason for name, (_, reason) in ROGUES.items()} | {
            "expired": "tls", "wrong-host": "tls", "link-local": "permission"}
        services = cls.healthy() + "".join(cls.rogue(name, behave) for name, (behave, _) in ROGUES.items())
        services += cls.certified("expired", "IP:127.0.0.1", -1) + cls.certified("wrong-host", "DNS:elsewhere.test", 2)
        services += cls.service("link-local", "169.254.169.254", "")
        cls.config = cls.directory.file("exporter.yml", CADENCES + "services:\n" + services)
        cls.exporter = Talkative(cls.directory, cls.config)
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()

    @classmethod
    def service(cls, name: str, address: str, settings: str, scheme: str = "http") -> str:
        return (f"  - name: {name}\n    nodes: [{{name: {name}-1, address: \"{address}\"}}]\n    collect: [{{http: {{"
                f"dimension: v, body: true, scheme: {scheme}, bearer_token_file: token{settings}}}}}]\n")

    @classmethod
    def healthy(cls) -> str:
        body = f'{{"version": 1, "password": "{CANARY}"}}'
        endpoint = Endpoint(lambda _method, _path, headers, _body: (
            (200, {}, body) if headers.get("Authorization") == f"Bearer {CANARY}" else (401, {}, "")))
        cls.addClassCleanup(endpoint.stop)
        return cls.service("healthy", endpoint.address, "")

    @classmethod
    def rogue(cls, name: str, behave: Behave) -> str:
        rogue = Rogue(behave)
        cls.addClassCleanup(rogue.stop)
        return cls.service(name, rogue.address, "", "https" if name == "stalls" else "http")

    @classmethod
    def certified(cls, name: str, names: str, days: int) -> str:
        folder = cls.directory.path / name
        folder.mkdir()
        endpoint = Endpoint(lambda *_: (200, {}, "{}"), Authority(folder).certificate(names, days))
        cls.addClassCleanup(endpoint.stop)
        return cls.service(name, endpoint.address, f", tls: {{ca_file: {name}/ca.pem}}", "https")

    def errors(self, metrics: Metrics, service: str) -> dict[str, float]:
        return {labels["reason"]: value for labels, value in metrics.all("collector_errors_total", service=service)
                if value}

    def assert_fresh(self) -> None:
        metrics = self.exporter.metrics()
        polled = metrics.value("collector_last_success_timestamp_seconds", service="healthy", node="healthy-1",
                               collector="http")
        self.assertLess(time.time() - (polled or 0), 2 * POLL + EVALUATION + SLACK)
        self.assertEqual(metrics.value("node_status", service="healthy", node="healthy-1", dimension="v"), 0)
        self.assertEqual(self.errors(metrics, "healthy"), {})

    def polls(self, metrics: Metrics, service: str) -> float:
        return metrics.value("collector_duration_seconds_count", service=service, collector="http") or 0

    def test_each_is_unknown_with_its_reason_and_the_healthy_one_is_fresh(self) -> None:
        for service, reason in self.reasons.items():
            try:
                wait_until(f"{service} counts as {reason}",
                           lambda service=service, reason=reason:
                           set(self.errors(self.exporter.metrics(), service)) == {reason}, KNOWN_WITHIN)
            except ServerError as error:
                self.fail(f"{error}: {self.errors(self.exporter.metrics(), service)}\n{self.exporter.server.tail(25)}")
            status = self.exporter.metrics().value("node_status", service=service, node=f"{service}-1", dimension="v")
            self.assertEqual(status, 2, service)
        self.assert_fresh()

    def test_memory_stays_flat_and_the_healthy_one_is_polled_on_time(self) -> None:
        before = self.exporter.server.rss()
        self.assertLess(self.exporter.server.peak_rss() - before, GROWTH, "since it began")
        self.exporter.server.forget_peak_rss()
        first = {service: self.polls(self.exporter.metrics(), service) for service in (*ROGUES, "healthy")}
        wait_until("more rounds", lambda: self.polls(self.exporter.metrics(), "healthy") >= first["healthy"] + ROUNDS,
                   ROUNDS * POLL + SLACK)
        metrics = self.exporter.metrics()
        for service in ("announces", "floods", "heads"):  # asked less often, for they fail
            self.assertGreater(self.polls(metrics, service), first[service], service)
        self.assertLess(self.exporter.server.peak_rss() - before, GROWTH)
        self.assert_fresh()

    def test_secrets_show_nowhere(self) -> None:
        wait_until("all were asked", lambda: all(
            self.errors(self.exporter.metrics(), service) for service in self.reasons), KNOWN_WITHIN)
        for where, text in self.exporter.texts(*self.reasons, "healthy").items():
            self.assertTrue(text, where)
            self.assertNotIn(CANARY, text, where)


if __name__ == "__main__":
    unittest.main()
