"""Redis over real servers and the real program: traps R1 to R4 on /metrics, one planted difference of each class, servers
that refuse, secrets that show nowhere, and the recipe as shipped."""
from __future__ import annotations

import contextlib
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from canaries import Talkative  # noqa: E402
from endpoints import Authority  # noqa: E402
from fleet import CADENCES, KNOWN_WITHIN, RECOVERED_WITHIN, ROOT, program  # noqa: E402
from link import Link  # noqa: E402
from monitoring import Metrics  # noqa: E402
from process import LOOPBACK, Directory, ServerError, wait_until  # noqa: E402
from redis_servers import Redis  # noqa: E402

DEFAULT, OURS, WRONG = "canary-default-1", "canary-ours-2", "canary-wrong-3"
CANARY = re.compile(r"canary-\w+-\d")
DIMENSIONS = {"config", "access_policy", "software_version", "replication_history"}
CANONICAL, UNKNOWN, DIVERGENT = 0, 2, 3
MEGABYTE = 1 << 20


class OtherVersion(Link):
    """A link to a server that seems to run another version."""

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        threading.Thread(target=self._copy, args=(near, far), daemon=True).start()
        self._copy(far, near)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(re.sub(rb"redis_version:\d", b"redis_version:0", data))


def rule_of(config: pathlib.Path) -> list[str]:
    """The user that `grants` prints, with a password: words after ACL SETUSER."""
    printed = subprocess.run([program(), "grants", f"--config.file={config}"], text=True, capture_output=True,
                             check=True).stdout
    rule = next(line for line in printed.splitlines() if line.startswith("ACL SETUSER mixed_state "))
    return [*rule.split()[2:], f">{OURS}"]


class RedisFleet(unittest.TestCase):
    """A pair, two servers without CONFIG and ACL, one without AUTH, and one where our password is wrong."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        hidden = ("--rename-command", "CONFIG", "", "--rename-command", "ACL", "")
        cls.servers = {name: Redis(cls.directory, name, *options, password=DEFAULT) for name, options in {
            "redis-1": (), "redis-2": (), "managed-1": hidden, "managed-2": hidden, "locked": (),
            "mute": ("--rename-command", "AUTH", "")}.items()}
        for server in cls.servers.values():
            cls.addClassCleanup(server.stop)
            server.start()
        cls.primary, cls.replica = cls.servers["redis-1"], cls.servers["redis-2"]
        for name in ("redis-1", "redis-2", "managed-1", "managed-2", "locked"):
            cls.servers[name].wait_ready()
        cls.replica.follow(cls.primary)
        cls.configure()
        for server in (cls.primary, cls.replica):
            server.must("ACL", "SETUSER", *rule_of(cls.config))
        cls.exporter = Talkative(cls.directory, cls.config)
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()

    @classmethod
    def configure(cls) -> None:
        for name, password in (("default.pass", DEFAULT), ("ours.pass", OURS), ("wrong.pass", WRONG)):
            cls.directory.file(name, password)
        ours, default = "{user: mixed_state, password_file: ours.pass}", "{password_file: default.pass}"
        services = {
            "pair": cls.service("pair", ("redis-1", "redis-2"), ours),
            "managed": cls.service("managed", ("managed-1", "managed-2"), default),
            "locked": cls.service("locked", ("locked",), "{user: mixed_state, password_file: wrong.pass}"),
            "mute": cls.service("mute", ("mute",), default)}
        for name, text in (*services.items(), ("exporter", "".join(services.values()))):
            cls.directory.file(f"{name}.yml", CADENCES + "services:\n" + text)
        cls.config = cls.directory.path / "exporter.yml"

    @classmethod
    def service(cls, name: str, nodes: tuple[str, ...], settings: str) -> str:
        listed = ", ".join(f'{{name: {node}, address: "{cls.servers[node].address}"}}' for node in nodes)
        return f"  - name: {name}\n    nodes: [{listed}]\n    collect: [{{redis: {settings}}}]\n"

    def once(self, service: str, code: int) -> str:
        """What `once` prints of a service alone, which ends with `code`; no secret is in it."""
        ran = subprocess.run([program(), "once", f"--config.file={self.directory.path / service}.yml"], text=True,
                             capture_output=True, check=False, timeout=60)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        self.assertEqual(CANARY.findall(ran.stdout + ran.stderr), [])
        return ran.stdout

    def setUp(self) -> None:
        self.eventually("the pair is canonical", self.is_level, RECOVERED_WITHIN + KNOWN_WITHIN)

    def eventually(self, what: str, condition, seconds: float = KNOWN_WITHIN) -> None:  # noqa: ANN001
        try:
            wait_until(what, lambda: condition(self.exporter.metrics()), seconds)
        except ServerError as error:
            names = ("node_status", "collector_errors_total", "replica_lag_seconds", "replication_link_up")
            samples = [sample for name in names for sample in self.exporter.metrics().all(name) if sample[1]]
            self.fail("\n".join([str(error), *map(str, samples), self.exporter.server.tail(25)]))

    def statuses(self, metrics: Metrics, node: str, service: str = "pair") -> dict[str, float]:
        return {labels["dimension"]: value for labels, value in
                metrics.all("node_status", service=service, node=node)}

    def is_level(self, metrics: Metrics) -> bool:
        """All dimensions of both are canonical, and the replica has no lag."""
        return all(self.statuses(metrics, node) == dict.fromkeys(DIMENSIONS, CANONICAL)
                   for node in ("redis-1", "redis-2")) and self.lag(metrics) == 0

    def lag(self, metrics: Metrics) -> float | None:
        return metrics.value("replica_lag_seconds", service="pair", node="redis-2")

    def assert_one_difference(self, dimension: str, key: str) -> None:
        """The replica is divergent there by one key, which `once` names, and nowhere else."""
        def is_one(metrics: Metrics) -> bool:
            return self.statuses(metrics, "redis-2") == {**dict.fromkeys(DIMENSIONS, CANONICAL), dimension: DIVERGENT}
        self.eventually(f"{dimension} is divergent", is_one, RECOVERED_WITHIN)
        self.assertEqual(self.exporter.metrics().value("node_differing_keys", service="pair", node="redis-2",
                                                       dimension=dimension), 1)
        self.assertIn(f"differs in {key}", self.once("pair", 1))

    def test_r1_a_replica_that_attaches_is_never_behind_by_the_whole_history(self) -> None:
        self.replica.must("REPLICAOF", "NO", "ONE")
        self.addCleanup(self.replica.follow, self.primary)
        for part in range(16):
            self.primary.must("SET", f"filler-{part}", "x" * (MEGABYTE // 16))
        self.replica.must("REPLICAOF", LOOPBACK, str(self.primary.port))
        seen = set()

        def is_back(metrics: Metrics) -> bool:
            seen.add(metrics.value("replica_lag_bytes", service="pair", node="redis-2"))
            return self.is_level(metrics)
        self.eventually("the replica is level", is_back, 2 * RECOVERED_WITHIN)
        self.assertLess(max(each or 0 for each in seen), MEGABYTE, "the naive answer is all of it")

    def test_r2_a_frozen_replica_is_unknown_though_its_primary_says_online(self) -> None:
        self.replica.signal(signal.SIGSTOP)
        self.addCleanup(self.replica.signal, signal.SIGCONT)
        self.primary.must("SET", "filler", "y" * 60_000)
        self.eventually("it is unknown", lambda metrics: set(self.statuses(metrics, "redis-2").values()) == {UNKNOWN})
        self.assertIn("state=online", self.primary.info("slave0"), "the naive answer")
        self.assertNotEqual(self.lag(self.exporter.metrics()), 0)

    def test_r3_a_replica_without_its_primary_has_a_link_down_and_no_lag_of_its_own(self) -> None:
        self.primary.stop()
        self.addCleanup(self.restart_primary)
        self.eventually("the link is down and lag absent", lambda metrics: self.lag(metrics) is None and metrics.value(
            "replication_link_up", service="pair", node="redis-2") == 0)
        self.assertEqual(self.replica.info("master_repl_offset"), self.replica.info("slave_repl_offset"), "naive: 0")

    def restart_primary(self) -> None:
        self.primary.options = ("--user", *rule_of(self.config))  # at once: a refused login waits a minute
        self.primary.start()
        self.primary.wait_ready()

    def test_r4_an_identical_pair_has_no_differing_key(self) -> None:
        both = [dict(zip(lines[::2], lines[1::2])) for lines in (
            server.reply("CONFIG", "GET", "*").split("\n") for server in (self.primary, self.replica))]
        self.assertNotEqual(both[0]["port"], both[1]["port"], "the naive answer")
        self.assertEqual(self.exporter.metrics().all("node_differing_keys", service="pair"), [])

    def test_one_planted_setting(self) -> None:
        self.replica.must("CONFIG", "SET", "maxmemory", "64mb")
        self.addCleanup(self.replica.must, "CONFIG", "SET", "maxmemory", "0")
        self.assert_one_difference("config", "maxmemory")

    def test_one_planted_secret(self) -> None:
        self.primary.must("CONFIG", "SET", "masterauth", "canary-planted-4")
        self.addCleanup(self.primary.must, "CONFIG", "SET", "masterauth", DEFAULT)
        self.assert_one_difference("config", "masterauth")

    def test_one_planted_rule(self) -> None:
        self.replica.must("ACL", "SETUSER", "mallory", "on", ">canary-mallory-5", "+get", "~*")
        self.addCleanup(self.replica.reply, "ACL", "DELUSER", "mallory")
        self.assert_one_difference("access_policy", "user mallory")

    def test_one_server_of_another_version(self) -> None:
        link = OtherVersion(self.replica.port)
        self.addCleanup(link.close)
        text = (self.directory.path / "pair.yml").read_text().replace(self.replica.address, f"{LOOPBACK}:{link.port}")
        self.directory.file("other.yml", text)
        table = self.once("other", 1)
        self.assertEqual(re.findall(r"DIVERGENT \S+", table), [f"DIVERGENT 0{self.replica.info('redis_version')[1:]}"])

    def test_two_primaries_of_one_history_are_both_divergent(self) -> None:
        self.replica.must("REPLICAOF", "NO", "ONE")
        self.addCleanup(self.replica.follow, self.primary)
        self.eventually("both are divergent", lambda metrics: all(
            self.statuses(metrics, node).get("replication_history") == DIVERGENT for node in ("redis-1", "redis-2")))
        self.assertIsNone(self.lag(self.exporter.metrics()))

    def test_servers_without_config_are_judged_by_the_rest(self) -> None:
        metrics = self.exporter.metrics()
        for node in ("managed-1", "managed-2"):
            self.assertEqual(self.statuses(metrics, node, "managed").get("software_version"), CANONICAL)
        self.once("managed", 0)
        lines = [line for line in self.exporter.server.log.read_text().splitlines() if "managed" in line]
        self.assertEqual([line for line in lines if "warn" in line or "error" in line], [], "noise")

    def test_refused_logins_are_auth(self) -> None:
        for service in ("locked", "mute"):
            self.eventually(f"{service} is auth", lambda metrics, of=service: any(
                value > 0 for _, value in metrics.all("collector_errors_total", service=of, reason="auth")))

    def test_secrets_show_nowhere(self) -> None:
        self.test_refused_logins_are_auth()
        for where, text in self.exporter.texts("pair", "managed", "locked", "mute").items():
            self.assertTrue(text, where)
            self.assertEqual(CANARY.findall(text), [], where)


class Recipe(unittest.TestCase):
    """deploy/examples/redis.yml, but for where nodes are: over TLS, as the user that `grants` prints."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        authority = Authority(cls.directory.path)
        cls.directory.file("redis.pass", OURS)
        names = ("redis-1", "redis-2")
        cls.servers = [Redis(cls.directory, name, password=DEFAULT, authority=authority) for name in names]
        for server in cls.servers:
            cls.addClassCleanup(server.stop)
            server.start()
        for server in cls.servers:
            server.wait_ready()
        cls.servers[1].follow(cls.servers[0])
        text = (ROOT / "deploy" / "examples" / "redis.yml").read_text()
        for server in cls.servers:
            text = text.replace(f"{server.name}.internal:6379", server.address)
        cls.config = cls.directory.file("redis.yml", text)
        for server in cls.servers:
            server.must("ACL", "SETUSER", *rule_of(cls.config))

    def once(self, code: int) -> str:
        ran = subprocess.run([program(), "once", f"--config.file={self.config}"], text=True, capture_output=True,
                             check=False, timeout=60)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return ran.stdout

    def test_equal_servers_are_canonical_until_one_setting_differs(self) -> None:
        self.assertRegex(self.once(0), r"redis-2 +replica +canonical")
        self.servers[1].must("CONFIG", "SET", "maxmemory", "64mb")
        table = self.once(1)
        self.assertIn("redis-2 config: differs in maxmemory\n", table)
        self.assertEqual(table.count("DIVERGENT"), 1, table)


if __name__ == "__main__":
    unittest.main()
