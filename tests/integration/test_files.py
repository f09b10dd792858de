"""The example configurations of files and queries, as shipped: all canonical, then the one planted difference."""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import ROOT, program  # noqa: E402

EXAMPLES = ROOT / "deploy" / "examples"
CANONICAL, DIVERGENT = 0, 1  # exit codes of `once`


class Example(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def example(self, name: str) -> None:
        shutil.copy(EXAMPLES / name, self.folder / "mixed_state.yml")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def once(self, code: int) -> str:
        ran = subprocess.run([program(), "once", f"--config.file={self.folder / 'mixed_state.yml'}"], text=True,
                             capture_output=True, check=False, timeout=60)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        self.assertNotIn("canary", ran.stdout + ran.stderr)
        return ran.stdout

    def assert_divergent(self, node: str) -> None:
        table = self.once(DIVERGENT)
        lines = [line for line in table.splitlines() if node in line]
        self.assertTrue(any("DIVERGENT" in line for line in lines), table)


class Files(Example):
    def test_files_written_differently_are_equal_until_one_value_differs(self) -> None:
        self.example("files.yml")
        self.write("nodes/web-1/app.yml", "server: {id: 1, port: 80}\ndb: {password: canary}\n")
        self.write("nodes/web-2/app.yml", "# by hand\ndb:\n  password: canary\nserver:\n  port: 80\n  id: 2\n")
        self.write("nodes/web-3/app.yaml", "server: {port: 80}\ndb: {password: canary}\n")
        self.once(CANONICAL)
        self.write("nodes/web-2/app.yml", "server: {id: 2, port: 81}\ndb: {password: canary}\n")
        self.assert_divergent("web-2")

    def test_a_secret_that_differs_is_divergent_and_unseen(self) -> None:
        self.example("files.yml")
        for node, name, value in (("web-1", "app.yml", 1), ("web-2", "app.yml", 1), ("web-3", "app.yaml", 2)):
            self.write(f"nodes/{node}/{name}", f"db: {{password: canary-{value}}}\n")
        self.assert_divergent("web-3")


class ConfigMap(Example):
    def mount(self, cluster: str, version: int) -> None:
        """Swaps the folder as the kubelet does."""
        folder = self.folder / "configmaps" / cluster
        self.write(f"configmaps/{cluster}/..v{version}/app.properties", f"level=info\nrelease={version}\n")
        self.write(f"configmaps/{cluster}/..v{version}/nginx.conf", "worker_processes 2;\n")
        (folder / "..data_tmp").symlink_to(f"..v{version}")
        (folder / "..data_tmp").rename(folder / "..data")
        for name in ("app.properties", "nginx.conf"):
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(f"..data/{name}")

    def test_a_cluster_that_lags_behind_a_new_configmap_is_divergent(self) -> None:
        self.example("kubernetes-configmap.yml")
        for cluster in ("eu", "us", "ap"):
            self.mount(cluster, 1)
        self.once(CANONICAL)
        for cluster in ("eu", "us"):
            self.mount(cluster, 2)
        self.assert_divergent("ap")


class NetworkController(Example):
    def test_a_gateway_with_another_rule_is_divergent_in_access_policy(self) -> None:
        self.example("network-gateways.yml")
        for last in (1, 2, 3):
            self.write(f"rendered/10.0.0.{last}/ruleset.nft", "table inet filter {\n  policy drop;\n}\n")
            self.write(f"rendered/10.0.0.{last}/routes.json", f'{{"generated_at": {last}, "routes": ["/a", "/b"]}}')
        self.once(CANONICAL)
        self.write("rendered/10.0.0.3/ruleset.nft", "table inet filter {\n  policy accept;\n}\n")
        self.assert_divergent("gw-3")


if __name__ == "__main__":
    unittest.main()
