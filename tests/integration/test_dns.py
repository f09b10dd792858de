"""Nodes found by DNS, in a network of their own: the recipe of a Kubernetes workload as it is shipped, over a name server that
answers, changes its mind and hangs."""
from __future__ import annotations

import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Server, handler  # noqa: E402
from fleet import ROOT, program  # noqa: E402
from monitoring import Exporter, Metrics  # noqa: E402
from process import wait_until  # noqa: E402

RECIPE = (ROOT / "deploy" / "examples" / "kubernetes-workload.yml").read_text()
NAME = b"\x0dcheckout-pods\x04shop\x03svc\x07cluster\x05local\x00"
PORT = 9090  # of the recipe
HOSTS = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
ALONE = ["unshare", "--net", "--mount", "--map-root-user"]
IS_ALONE = "MSE_TEST_DNS_ALONE" in os.environ
CANONICAL, DIVERGENT, UNKNOWN = 0, 1, 2  # exit codes of `once`
DIVERGENT_STATUS = 3
POSTGRES = "user: mixed_state, password_file: password, database: app, tls: {mode: off}"
# Services by name: a collector each, whose node's name no name server answers for.
ASKERS = {
    "cache": "{redis: {}}",
    "page": "{http: {port: 80, path: /, json: /version, dimension: software_version}}",
    "metrics": '{prometheus: {port: 80, version: "build_info{version}"}}',
    "database": f"{{postgres: {{{POSTGRES}}}}}",
    "rows": f"{{query: {{{POSTGRES}, sql: SELECT 1, dimension: config}}}}",
}


def enter(folder: pathlib.Path) -> None:
    """Loopback is up, and names are asked of it."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)


class NameServer:
    """Answers for one name alone (RFC 1035), while it is not told to hang."""

    def __init__(self) -> None:
        self.hosts, self.hangs, self.mute = list(HOSTS), False, False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            question, asker = self.socket.recvfrom(4096)
            if not self.hangs and not (self.mute and NAME not in question.lower()):
                self.socket.sendto(self.reply(question), asker)

    def reply(self, question: bytes) -> bytes:
        asked = question[12:question.index(b"\0", 12) + 5]
        name, (kind, _) = asked[:-4], struct.unpack("!HH", asked[-4:])
        is_known = name.lower() == NAME
        hosts = self.hosts if is_known and kind == 1 else []
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 4) + socket.inet_aton(host) for host in hosts)
        head = question[:2] + struct.pack("!HHHHH", 0x8180 if is_known else 0x8183, 1, len(hosts), 0, 0)
        return head + asked + records


class Pod:
    def __init__(self, host: str) -> None:
        self.version = "1.9"
        self.server = Server((host, PORT), handler(self.speak))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def speak(self, _method: str, path: str, _headers: dict[str, str], _body: str) -> tuple[int, dict[str, str], str]:
        page = (f'checkout_build_info{{version="{self.version}"}} 1\ncheckout_config_hash 4\n'
                'http_requests_total{handler="checkout"} 7\n')
        return (200, {}, page) if path == "/metrics" else (404, {}, "")


@unittest.skipUnless(IS_ALONE, "no network of its own is allowed here")
class Pods(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        enter(cls.folder)
        cls.names = NameServer()
        cls.pods = {host: Pod(host) for host in (*HOSTS, "127.0.0.5")}

    def setUp(self) -> None:
        self.names.hosts, self.names.hangs = list(HOSTS), False
        for pod in self.pods.values():
            pod.version = "1.9"

    def once(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program(), "once", f"--config.file={ROOT / 'deploy' / 'examples' / 'kubernetes-workload.yml'}"],
                              text=True, capture_output=True, check=False, timeout=60)

    def watch(self, more: str = "") -> Exporter:
        config = self.folder / "exporter.yml"
        config.write_text("global: {poll_interval: 500ms}\n" + RECIPE + more)
        exporter = Exporter(types.SimpleNamespace(path=self.folder), program(), config)
        self.addCleanup(exporter.stop)
        exporter.wait_ready()
        return exporter

    def counts(self, exporter: Exporter) -> dict[str, float]:
        """Nodes of each status of `software_version`, where there are any."""
        return {labels["status"]: value for labels, value in exporter.metrics().all(
            "nodes", service="checkout", dimension="software_version") if value}

    def divergent(self, exporter: Exporter) -> set[str]:
        return {labels["node"] for labels, value in exporter.metrics().all(
            "node_status", service="checkout", dimension="software_version") if value == DIVERGENT_STATUS}

    def eventually_names(self, exporter: Exporter, host: str) -> None:
        wait_until(f"{host} alone is divergent, of three", lambda: (self.divergent(exporter), self.counts(exporter)) == (
            {f"{host}:{PORT}"}, {"canonical": 2, "divergent": 1}), 20)

    def test_the_recipe_as_shipped_compares_the_pods_that_the_name_has(self) -> None:
        table = self.once()
        self.assertEqual(table.returncode, CANONICAL, table.stdout + table.stderr)
        for host in HOSTS:
            self.assertRegex(table.stdout, rf"{host}:{PORT} +canonical [0-9a-f]{{8}} +canonical 1\.9\n")
        self.pods[HOSTS[2]].version = "1.8"
        table = self.once()
        self.assertEqual(table.returncode, DIVERGENT, table.stdout + table.stderr)
        self.assertRegex(table.stdout, rf"{HOSTS[2]}:{PORT} +canonical [0-9a-f]{{8}} +DIVERGENT 1\.8\n")

    def test_a_name_server_that_hangs_leaves_no_nodes_to_say_anything_of(self) -> None:
        self.names.hangs = True
        table = self.once()
        self.assertEqual(table.returncode, UNKNOWN, table.stdout + table.stderr)

    def test_a_pod_in_the_place_of_another_is_another_node(self) -> None:
        self.pods[HOSTS[2]].version = self.pods["127.0.0.5"].version = "1.8"
        exporter = self.watch()
        self.eventually_names(exporter, HOSTS[2])
        self.names.hosts[2] = "127.0.0.5"
        self.eventually_names(exporter, "127.0.0.5")

    def test_while_the_name_server_hangs_the_nodes_stay_and_are_polled(self) -> None:
        exporter = self.watch()
        self.assertEqual(self.counts(exporter), {"canonical": 3})
        self.names.hangs = True
        self.eventually_looks(exporter, 0)
        self.pods[HOSTS[0]].version = "1.8"
        self.eventually_names(exporter, HOSTS[0])
        self.names.hangs = False
        self.eventually_looks(exporter, 1)

    def eventually_looks(self, exporter: Exporter, up: int) -> None:
        wait_until(f"discovery_up is {up}", lambda: exporter.metrics().value("discovery_up", service="checkout") == up, 30)


    def test_names_of_nodes_that_hang_cost_only_those_nodes_whatever_asks_for_them(self) -> None:
        self.names.mute = True
        (self.folder / "password").write_text("secret")
        began = time.monotonic()
        exporter = self.watch("".join(
            f"\n  - {{name: {name}, nodes: [{{name: far, address: {name}.example}}], collect: [{collect}]}}"
            for name, collect in ASKERS.items()))
        self.assertLess(time.monotonic() - began, 10, "until all is known, once")
        polled: set[float | None] = set()

        def is_polled() -> bool:
            self.assertEqual(self.counts(exporter), {"canonical": 3})
            polled.add(exporter.metrics().value("collector_duration_seconds_count", service="checkout"))
            return len(polled) > 6
        wait_until("the pods are polled on", is_polled, 20)
        for name in ASKERS:
            with self.subTest(name):
                self.assert_deadline(exporter.metrics(), name)

    def assert_deadline(self, metrics: Metrics, service: str) -> None:
        """Each poll failed for that alone, and took hardly longer than poll_timeout, 250 ms."""
        failed = {labels["reason"]: value for labels, value in metrics.all("collector_errors_total", service=service) if value}
        self.assertEqual(list(failed), ["deadline"])
        within = metrics.value("collector_duration_seconds_bucket", service=service, le="1")
        self.assertEqual((failed["deadline"], within), 2 * (metrics.value("collector_duration_seconds_count", service=service),))


def become_alone() -> None:
    """The same program in a network of its own, where that is allowed."""
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0:
        os.environ["MSE_TEST_DNS_ALONE"] = "yes"
        os.execvp(ALONE[0], [*ALONE, sys.executable, *sys.argv])


if __name__ == "__main__":
    if not IS_ALONE:
        become_alone()
    unittest.main()
