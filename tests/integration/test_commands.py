"""The commands a newcomer types: `once`, `grants`, `--config.check`, against real servers and the README's examples."""
from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import HISTORY, ROOT, grant, program  # noqa: E402
from process import LOOPBACK, Directory, Process, wait_until  # noqa: E402
from servers import Pair  # noqa: E402

CANONICAL, DIVERGENT, UNKNOWN, CONFIG_ERROR = 0, 1, 2, 3  # exit codes of `once`

PORTS = range(40000, 40004)
# Becomes a program whose network, once it is one of its own, has these ports to give away and a loopback that is up.
FEW_PORTS = f"""import fcntl, os, pathlib, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))
pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("{PORTS[0]} {PORTS[-1]}")
os.execv(sys.argv[1], sys.argv[1:])"""


def run(*arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    with_password = {"PGPASSWORD": "secret", **os.environ}  # what the README's example names
    return subprocess.run([program(), *arguments], text=True, capture_output=True, check=False, timeout=60,
                          env=with_password)


class Once(unittest.TestCase):
    """The database recipe, deploy/examples/ten-lines.yml, over a PostgreSQL primary and its standby."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.pair = Pair(cls.directory, databases=("orders",))
        cls.addClassCleanup(cls.pair.stop)
        cls.pair.start()
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, PGPASSWORD=cls.pair.password))
        text = (ROOT / "deploy" / "examples" / "ten-lines.yml").read_text()
        for node, server in (("pg-1", cls.pair.primary), ("pg-2", cls.pair.standby)):
            text = text.replace(f"address: {node}.internal", f'address: "{LOOPBACK}:{server.port}"')
        cls.config = cls.directory.file("ten-lines.yml", text)
        cls.pair.primary.psql(HISTORY, db="orders")
        grant(cls.pair.primary, cls.config)
        wait_until("the standby has caught up", lambda: cls.pair.standby.caught_up_with(cls.pair.primary))

    def once(self) -> subprocess.CompletedProcess[str]:
        return run("once", f"--config.file={self.config}")

    def assert_exit(self, code: int, table: subprocess.CompletedProcess[str]) -> None:
        self.assertEqual(table.returncode, code, table.stdout + table.stderr)

    def test_two_equal_nodes_are_canonical(self) -> None:
        table = self.once()
        self.assert_exit(CANONICAL, table)
        for word in ("pg-1", "pg-2", "schema_version", "config", "41"):
            self.assertIn(word, table.stdout)

    def test_a_setting_changed_on_one_node_is_divergent_though_nobody_watched_before(self) -> None:
        self.pair.standby.psql("ALTER SYSTEM SET work_mem = '64MB'; SELECT pg_reload_conf()")
        self.addCleanup(self.pair.standby.psql, "ALTER SYSTEM RESET work_mem; SELECT pg_reload_conf()")
        wait_until("it is in force", lambda: self.pair.standby.psql("SHOW work_mem") == "64MB")
        table = self.once()
        self.assert_exit(DIVERGENT, table)
        self.assertIn("pg-2 config: differs in work_mem\n", table.stdout)
        self.assertEqual(table.stdout.count("DIVERGENT"), 1, table.stdout)

    def test_a_node_that_is_down_is_unknown(self) -> None:
        self.pair.standby.stop()
        self.addCleanup(self.pair.standby.start)
        table = self.once()
        self.assert_exit(UNKNOWN, table)
        self.assertIn("refused", table.stdout)

    def test_without_grants_a_role_sees_unknown_nodes_never_equal_ones(self) -> None:
        primary = self.pair.primary
        primary.psql(f"CREATE ROLE nobody LOGIN PASSWORD '{self.pair.password}'")
        wait_until("the standby has caught up", lambda: self.pair.standby.caught_up_with(primary))
        config = self.directory.file("nobody.yml", self.config.read_text().replace("user: mixed_state", "user: nobody"))
        table = run("once", f"--config.file={config}")
        self.assert_exit(UNKNOWN, table)
        self.assertIn("permission", table.stdout)


class Configuration(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def check(self, text: str) -> subprocess.CompletedProcess[str]:
        for name in re.findall(r"_file: *([\w./-]+)", text):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text("secret\n")
        path = self.folder / "mixed_state.yml"
        path.write_text(text)
        return run("--config.check", f"--config.file={path}")

    def test_every_configuration_of_the_readme_is_valid(self) -> None:
        examples = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
        for text in (example for example in examples if "services:" in example):
            checked = self.check(text)
            self.assertEqual(checked.returncode, 0, text + checked.stderr)

    def test_a_wrong_key_is_an_error_with_its_place(self) -> None:
        checked = self.check("services:\n  - name: a\n    nodez: []\n")
        self.assertNotEqual(checked.returncode, 0)
        self.assertRegex(checked.stderr, r"mixed_state\.yml:3:5: .*nodez")

    def test_once_says_with_its_exit_code_that_the_configuration_is_wrong(self) -> None:
        path = self.folder / "wrong.yml"
        path.write_text("services: 7\n")
        self.assertEqual(run("once", f"--config.file={path}").returncode, CONFIG_ERROR)


class Serving(unittest.TestCase):
    def test_the_server_behind_does_not_take_the_port_that_the_door_is_to_listen_on(self) -> None:
        alone = ["unshare", "--net", "--map-root-user", sys.executable, "-c", FEW_PORTS]
        if subprocess.run([*alone, "/bin/true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no network of its own is allowed here")
        directory = Directory()
        self.addCleanup(directory.remove)
        config = directory.file("exporter.yml", f"""services:
  - name: web
    nodes: [{{name: web-1, address: "{LOOPBACK}:9"}}]
    collect: [{{http: {{path: /version, json: /version, dimension: software_version}}}}]
""")
        for port in PORTS:
            with self.subTest(port=port):
                server = Process("exporter", [*alone, str(program()), f"--config.file={config}",
                                              f"--web.listen-address={LOOPBACK}:{port}"],
                                 directory.path / f"{port}.log")
                self.addCleanup(server.end, signal.SIGTERM)
                server.wait_ready("serves", lambda: "msg=serving" in server.tail())
                server.end(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
