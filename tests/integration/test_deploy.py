"""What `deploy/` holds for systemd, containers and Kubernetes fits the program: flags, configurations, files, hardening."""
from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import ROOT, program  # noqa: E402
from process import Directory  # noqa: E402

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd/mixed_state_exporter.service"
DEFAULTS = DEPLOY / "debian/default"
MANIFEST = DEPLOY / "kubernetes/mixed_state_exporter.yml"


def run(*command: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, text=True, capture_output=True, check=False, timeout=60)


class DeployCase(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Directory()
        self.addCleanup(self.directory.remove)

    def assert_valid(self, config: pathlib.Path) -> None:
        checked = run(program(), "--config.check", f"--config.file={config}")
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def assert_flags_known(self, flags: set[str]) -> None:
        known = set(re.findall(r"--[a-z][a-z.-]+", run(program(), "--help").stdout))
        self.assertTrue(flags)
        self.assertLessEqual(flags, known)


def flags_in(text: str) -> set[str]:
    return set(re.findall(r"(?<!\S)--[a-z][a-z.-]+", text))


class Systemd(DeployCase):
    def test_the_unit_is_exposed_no_more_than_one_and_a_half(self) -> None:
        score = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", UNIT)
        self.assertEqual(score.returncode, 0, score.stdout + score.stderr)

    def test_its_flags_and_those_of_the_defaults_are_the_programs(self) -> None:
        self.assert_flags_known(flags_in(re.search(r"(?m)^ExecStart=(.*)$", UNIT.read_text())[1]))
        self.assert_flags_known(flags_in(DEFAULTS.read_text()))

    def test_the_configuration_that_is_installed_first_is_valid(self) -> None:
        self.assert_valid(DEPLOY / "debian/mixed_state.yml")


class Container(DeployCase):
    def instructions(self) -> list[tuple[str, str]]:
        lines = (DEPLOY / "Dockerfile").read_text().splitlines()
        return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]

    def test_what_it_copies_is_there(self) -> None:
        copies = [rest.split() for word, rest in self.instructions() if word == "COPY" and not rest.startswith("--from=")]
        for *sources, _ in copies:
            for source in sources:
                self.assertTrue((ROOT / source).exists(), source)

    def test_the_build_has_all_that_cmake_reads(self) -> None:
        """CMake configures the release from the copied files alone."""
        for word, rest in self.instructions():
            if word == "COPY" and not rest.startswith("--from="):
                *sources, target = rest.split()
                for source in sources:
                    into = self.directory.path / (target if target.startswith(source) else source)
                    into.parent.mkdir(parents=True, exist_ok=True)
                    subprocess.run(["cp", "-r", "--no-target-directory", ROOT / source, into], check=True)
        configured = subprocess.run(["cmake", "--preset", "release"], cwd=self.directory.path, text=True,
                                    capture_output=True, check=False, timeout=120)
        self.assertEqual(configured.returncode, 0, configured.stderr)
        install = (self.directory.path / "build/release/cmake_install.cmake").read_text()
        for source in re.findall(rf'"({re.escape(str(self.directory.path))}/[^"]+)"', install):
            if "/build/" not in source:
                self.assertTrue(pathlib.Path(source).exists(), source)

    def test_its_flags_are_the_programs(self) -> None:
        command = next(rest for word, rest in self.instructions() if word == "CMD")
        self.assert_flags_known(set(re.findall(r"--[a-z][a-z.-]+", command)))


class Kubernetes(DeployCase):
    def setUp(self) -> None:
        super().setUp()
        self.by_kind = {document["kind"]: document for document in yaml.safe_load_all(MANIFEST.read_text())}
        self.pod = self.by_kind["Deployment"]["spec"]["template"]["spec"]
        self.exporter, = self.pod["containers"]

    def test_the_embedded_configuration_is_valid(self) -> None:
        text = self.by_kind["ConfigMap"]["data"]["mixed_state.yml"]
        secret = self.directory.file("pg.pass", "secret")
        self.assertIn("/etc/mixed_state_exporter/secrets/pg.pass", text)
        text = text.replace("/etc/mixed_state_exporter/secrets/pg.pass", str(secret))
        self.assert_valid(self.directory.file("mixed_state.yml", text))

    def test_what_is_mounted_is_what_the_flags_name(self) -> None:
        mounts = {mount["name"]: mount["mountPath"] for mount in self.exporter["volumeMounts"]}
        self.assertEqual(set(mounts), {volume["name"] for volume in self.pod["volumes"]})
        self.assertIn(f"--config.file={mounts['config']}/mixed_state.yml", self.exporter["args"])
        self.assertIn(f"--storage.path={mounts['history']}/history.db", self.exporter["args"])
        self.assertIn(mounts["secrets"] + "/", self.by_kind["ConfigMap"]["data"]["mixed_state.yml"])
        self.assert_flags_known({argument.partition("=")[0] for argument in self.exporter["args"]})

    def test_it_runs_without_privilege_over_a_root_that_is_read_only(self) -> None:
        account = self.pod["securityContext"]
        user = re.search(r"(?m)^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text())
        self.assertEqual((account["runAsUser"], account["runAsGroup"], account["fsGroup"]),
                         (int(user[1]), int(user[2]), int(user[2])))
        self.assertTrue(account["runAsNonRoot"])
        self.assertEqual(self.exporter["securityContext"], {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})

    def test_probes_service_and_monitor_meet_at_the_port(self) -> None:
        port, = self.exporter["ports"]
        for probe, path in (("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")):
            self.assertEqual(self.exporter[probe]["httpGet"], {"path": path, "port": port["name"]})
        service = self.by_kind["Service"]
        labels = self.by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(service["spec"]["selector"], labels)
        self.assertEqual(self.by_kind["Deployment"]["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(service["metadata"]["annotations"]["prometheus.io/port"], str(port["containerPort"]))
        monitor = yaml.safe_load((ROOT / "rules/kubernetes/servicemonitor.yml").read_text())
        self.assertEqual(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])
        self.assertEqual(monitor["spec"]["endpoints"][0]["port"], service["spec"]["ports"][0]["name"])


if __name__ == "__main__":
    unittest.main()
