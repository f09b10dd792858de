"""The Debian package on a clean Debian: it installs, starts, upgrades and goes as those of the known exporters do."""
from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import debian_tree  # noqa: E402
from debian_tree import Booted, Tree, call, clean_debian, debian_with  # noqa: E402
from fleet import ROOT, program  # noqa: E402
from monitoring import HttpServer, Metrics  # noqa: E402
from process import LOOPBACK, Directory, Process, children, free_port, wait_until  # noqa: E402

PACKAGE, ACCOUNT = "mixed-state-exporter", "mixed_state_exporter"
UNIT = "mixed_state_exporter.service"
CONFIG, DEFAULTS = "/etc/mixed_state_exporter/mixed_state.yml", "/etc/default/mixed_state_exporter"
HISTORY = "/var/lib/mixed_state_exporter/history.db"
SHARE, DOC = "usr/share/mixed_state_exporter", f"usr/share/doc/{PACKAGE}"
NO_LEAK_CHECK = "detect_leaks=0:quarantine_size_mb=4"  # it wants ptrace, which the unit refuses; for builds with ASan


@functools.cache
def built_package() -> pathlib.Path:
    """Of the build that the program under test is from."""
    build = program().resolve().parent
    call(["cmake", "--build", build, "--target", "package"])
    return max(build.glob(f"{PACKAGE}_*.deb"), key=lambda path: path.stat().st_mtime)


def newer(package: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The same as version 99 with other words in both of its conffiles."""
    content = folder / "newer"
    call(["dpkg-deb", "--raw-extract", package, content])
    control = content / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 99.0-1", control.read_text()))
    for conffile in (CONFIG, DEFAULTS):
        with (content / conffile.lstrip("/")).open("a") as file:
            file.write("# of version 99\n")
    result = folder / f"{PACKAGE}_99.0-1.deb"
    call(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", content, result])
    return result


class Content(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.package = built_package()
        cls.content = cls.directory.path / "content"
        call(["dpkg-deb", "--raw-extract", cls.package, cls.content])

    def files(self, folder: str) -> set[str]:
        found = (self.content / folder).rglob("*")
        return {str(path.relative_to(self.content / folder)) for path in found if not path.is_dir()}

    def test_it_has_the_program_and_what_belongs_to_it(self) -> None:
        for path in ("usr/bin/mixed_state_exporter", f"usr/lib/systemd/system/{UNIT}",
                     "usr/lib/sysusers.d/mixed_state_exporter.conf", f"{SHARE}/config.schema.json",
                     f"{SHARE}/rules/recording.yml", f"{SHARE}/rules/alerts.yml", f"{SHARE}/rules/alertmanager/alertmanager.yml",
                     f"{DOC}/README.md", f"{DOC}/CHANGELOG.md", f"{DOC}/LICENSE", f"{DOC}/copyright"):
            self.assertTrue((self.content / path).is_file(), path)
        for shipped, source in ((f"{SHARE}/examples", "deploy/examples"), (f"{SHARE}/rules/runbooks", "rules/runbooks")):
            self.assertEqual(self.files(shipped), {path.name for path in (ROOT / source).iterdir()})
        dashboards = {str(path.relative_to(ROOT / "dashboards")) for path in ROOT.glob("dashboards/**/*.json")}
        self.assertEqual({path for path in self.files(f"{SHARE}/dashboards") if path.endswith(".json")}, dashboards)

    def test_all_in_etc_is_the_administrators(self) -> None:
        conffiles = (self.content / "DEBIAN/conffiles").read_text().split()
        self.assertEqual({f"/etc/{path}" for path in self.files("etc")}, set(conffiles))

    def test_it_depends_on_the_libraries_that_the_program_is_linked_with(self) -> None:
        depends = call(["dpkg-deb", "--field", self.package, "Depends"]).stdout
        for library in ("libpq5", "libhiredis", "libsqlite3-0", "libcurl4", "libssl", "tzdata"):
            self.assertIn(library, depends)


@unittest.skipIf(debian_tree.cannot(), debian_tree.cannot())
class OnDebian(unittest.TestCase):
    """A tree for each test, and programs that run in it."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.package = built_package()

    @classmethod
    def dependencies(cls) -> list[str]:
        depends = call(["dpkg-deb", "--field", cls.package, "Depends"]).stdout
        return [re.split(r"[ |(]", choice.strip())[0] for choice in depends.split(",")]

    @classmethod
    def debian(cls) -> pathlib.Path:
        """With what the package needs, and systemd as the first process."""
        return debian_with(["systemd-sysv", "dbus", *cls.dependencies()], cls.package.parent)

    def setUp(self) -> None:
        self.tree = Tree(self.directory.path / "tree", self.debian())
        self.addCleanup(call, ["rm", "-rf", self.tree.path])

    def serve(self, command: list[str], port: int) -> HttpServer:
        """`command` in the tree, until it has something to tell."""
        server = HttpServer("exporter", [str(word) for word in self.tree.inside(*command)], self.directory, port)
        self.addCleanup(server.server.end)
        server.wait_ready(60)
        return server

    def stop(self, server: HttpServer) -> None:
        """By SIGTERM to the program, not to what holds its namespaces."""
        for pid in children(server.server.pid):
            os.kill(pid, signal.SIGTERM)
        self.assertEqual(server.server.process.wait(20), 0, server.server.tail())


class Installed(OnDebian):
    """Where systemd does not run, as in a chroot: the program runs as the unit would run it."""

    def start_as_unit(self) -> HttpServer:
        """ExecStart's command with the variables of the defaults, as the unit's user."""
        unit = self.tree.text(f"/usr/lib/systemd/system/{UNIT}")
        user = re.search(r"(?m)^User=(.+)$", unit)[1]
        arguments = re.search(r'(?m)^ARGS="(.*)"$', self.tree.text(DEFAULTS))[1]
        command = shlex.split(re.search(r"(?m)^ExecStart=(.+)$", unit)[1].replace("$ARGS", arguments))
        port = int(re.search(r":(\d+)", arguments)[1])
        return self.serve(["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command], port)

    def test_it_installs_serves_upgrades_and_goes(self) -> None:
        self.tree.install(self.tree.take(self.package))
        self.assertEqual(self.tree.owner(CONFIG), f"root:{ACCOUNT} 640")
        self.assertEqual(self.tree.owner("/etc/mixed_state_exporter"), f"root:{ACCOUNT} 750")
        self.assertEqual(self.tree.owner("/var/lib/mixed_state_exporter"), f"{ACCOUNT}:{ACCOUNT} 750")
        self.assertTrue(self.tree.exists(f"/etc/systemd/system/multi-user.target.wants/{UNIT}"), "enabled")
        self.tree.run("mixed_state_exporter", "--config.check", f"--config.file={CONFIG}")

        mine = f'ARGS="--web.listen-address={LOOPBACK}:{free_port()}"\n'
        self.tree.write(DEFAULTS, mine)
        server = self.start_as_unit()
        self.assertIn("mixed_state_exporter_build_info", server.get("/metrics"))
        self.stop(server)
        self.assertEqual(self.tree.owner(HISTORY).split()[0], f"{ACCOUNT}:{ACCOUNT}")

        self.tree.run("dpkg", "--force-confold", "--install", self.tree.take(newer(self.package, self.directory.path)))
        self.assertEqual(self.tree.text(DEFAULTS), mine, "what the administrator changed")
        self.assertIn("# of version 99", self.tree.text(f"{DEFAULTS}.dpkg-dist"))
        self.assertIn("# of version 99", self.tree.text(CONFIG), "what nobody had changed")
        self.assertEqual(self.tree.owner(CONFIG), f"root:{ACCOUNT} 640")
        server = self.start_as_unit()
        self.assertRegex(server.server.log.read_text().rpartition("history.db")[2], r"services=1\b")
        self.stop(server)

        self.tree.run("apt-get", "remove", "-qy", PACKAGE)
        self.assertFalse(self.tree.exists("/usr/bin/mixed_state_exporter"))
        for kept in (HISTORY, CONFIG, DEFAULTS):
            self.assertTrue(self.tree.exists(kept), kept)
        self.tree.run("apt-get", "purge", "-qy", PACKAGE)
        for gone in (HISTORY, "/var/lib/mixed_state_exporter", CONFIG, DEFAULTS,
                     f"/etc/systemd/system/multi-user.target.wants/{UNIT}"):
            self.assertFalse(self.tree.exists(gone), gone)


class Image(OnDebian):
    @classmethod
    def debian(cls) -> pathlib.Path:
        return clean_debian(cls.package.parent)

    def test_the_last_stage_of_the_image_serves(self) -> None:
        """Each instruction of the Dockerfile's last stage, on the same Debian that the image begins with."""
        stage = (ROOT / "deploy/Dockerfile").read_text().rpartition("\nFROM ")[2].splitlines()[1:]
        instructions = [line.split(" ", 1) for line in stage if line and not line.startswith("#")]
        told = {word: rest for word, rest in instructions}
        self.assertLessEqual(set(told), {"RUN", "COPY", "USER", "EXPOSE", "VOLUME", "ENTRYPOINT", "CMD"})
        for word, rest in instructions:
            if word == "COPY":
                self.assertEqual(rest, "--from=build /src/build/release/*.deb /tmp/")
                self.tree.take(self.package, "/tmp")
            if word == "RUN":
                self.tree.run("sh", "-c", rest)
        user, _, group = told["USER"].partition(":")
        port = free_port()
        command = json.loads(told["ENTRYPOINT"]) + json.loads(told["CMD"])
        server = self.serve(["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *command,
                             f"--web.listen-address={LOOPBACK}:{port}"], port)
        self.assertIn("mixed_state_exporter_build_info", server.get("/metrics"))
        self.stop(server)


class UnderSystemd(OnDebian):
    """The unit with all of its hardening, in a container that boots the tree's own systemd."""

    def setUp(self) -> None:
        super().setUp()
        drop_in = self.tree.path / f"etc/systemd/system/{UNIT}.d"
        drop_in.mkdir(parents=True)
        drop_in.joinpath("asan.conf").write_text(f"[Service]\nEnvironment=ASAN_OPTIONS={NO_LEAK_CHECK}\n")
        self.machine = Booted(self.tree)
        self.addCleanup(self.machine.end)

    def get(self, path: str) -> str:
        """From inside: nothing else reaches the machine's loopback."""
        fetch = ("import sys, urllib.request\n"
                 "sys.stdout.write(urllib.request.urlopen('http://127.0.0.1:9889' + sys.argv[1], timeout=5).read().decode())")
        return call(self.machine.inside(sys.executable, "-c", fetch, path, namespaces="--net")).stdout

    def metrics(self) -> Metrics:
        return Metrics(self.get("/metrics"))

    def eventually(self, what: str, condition) -> None:
        def holds() -> bool:
            try:
                return condition()
            except debian_tree.ServerError:
                return False
        try:
            wait_until(what, holds, 60, 0.3)
        except debian_tree.ServerError as error:
            self.fail(f"{error}\n{self.machine.run('journalctl', '--no-pager', '-n', '40', '-u', UNIT)}")

    def pid(self) -> str:
        return self.machine.run("systemctl", "show", "--value", "--property=MainPID", UNIT).strip()

    def state(self) -> str:
        return self.machine.run("systemctl", "show", "--value", "--property=ActiveState", UNIT).strip()

    def own_status(self) -> float | None:
        return self.metrics().value("node_status", service="mixed_state_exporter", dimension="software_version")

    def test_it_starts_reloads_upgrades_and_stops(self) -> None:
        verified = self.machine.run("dpkg", "--install", self.tree.take(self.package))
        self.machine.run("systemd-analyze", "verify", f"/usr/lib/systemd/system/{UNIT}")
        self.eventually("it watches itself", lambda: self.own_status() == 0)
        self.assertTrue(self.tree.exists(HISTORY), verified)

        self.tree.write(CONFIG, self.tree.text(CONFIG).replace("name: localhost", "name: renamed"))
        before = self.pid()
        self.machine.run("systemctl", "reload", UNIT)
        self.eventually("it takes the new configuration over", lambda: self.metrics().all("node_status", node="renamed"))
        self.assertEqual(self.pid(), before)

        upgrade = ("dpkg", "--force-confold", "--install", self.tree.take(newer(self.package, self.directory.path)))
        self.machine.run(*upgrade)
        self.assertNotEqual(self.pid(), before, "an upgrade restarts it")
        self.eventually("it watches itself again", lambda: self.own_status() == 0)

        before = self.pid()
        self.tree.write(CONFIG, "services: none\n")
        self.assertIn("mixed_state.yml", call(self.machine.inside(*upgrade), env=debian_tree.NONINTERACTIVE).stderr)
        self.assertEqual(self.pid(), before, "a broken configuration is told, and the old process goes on")

        self.machine.run("dpkg", "--remove", PACKAGE)
        self.assertEqual(self.state(), "inactive")
        self.assertTrue(self.tree.exists(HISTORY))


if __name__ == "__main__":
    unittest.main()
