"""The recipes in deploy/examples for what is reached over HTTP: each over servers that speak the documented protocol, with
one planted divergence that `once` must name; and the TLS of these collectors."""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Answer, Authority, Certificate, Speak, endpoints  # noqa: E402
from fleet import ROOT, program  # noqa: E402

CANONICAL, DIVERGENT, UNKNOWN = 0, 1, 2  # exit codes of `once`
NODES = 3


def as_json(value: object, headers: dict[str, str] | None = None) -> Answer:
    return 200, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value)


NOT_FOUND: Answer = (404, {}, "")


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = pathlib.Path(folder.name)

    def once(self, text: str) -> subprocess.CompletedProcess[str]:
        config = self.directory / "exporter.yml"
        config.write_text(text)
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
        return subprocess.run([program(), "once", f"--config.file={config}"], text=True, capture_output=True, check=False,
                              timeout=60, env=environment)


class Recipes(Case):
    def recipe(self, name: str, addresses: list[str]) -> str:
        """As shipped, but for where nodes are; a file stands for DNS, which names nodes alike: by their addresses."""
        text = (ROOT / "deploy" / "examples" / name).read_text()
        text, discovers = re.subn(r"discover: {dns: [^}]*}", "discover: {file: targets.json}", text)
        (self.directory / "targets.json").write_text(json.dumps([{"targets": addresses}]))
        places = iter(addresses)
        text, listed = re.subn(r'address: ("[^"]*"|[^,}]+)', lambda _: f'address: "{next(places)}"', text)
        self.assertIn((discovers, listed), ((1, 0), (0, NODES)), "the nodes are ours")
        return text

    def check(self, name: str, speakers: list[Speak], *expected: str, certificate: Certificate | None = None) -> None:
        """The recipe over `speakers`, of which the last differs, in what `expected` says in one of its lines each, where
        LAST is its address."""
        self.assertEqual(len(speakers), NODES)
        with endpoints([speakers[0]] * NODES, certificate) as addresses:
            table = self.once(self.recipe(name, addresses))
            self.assertEqual(table.returncode, CANONICAL, table.stdout + table.stderr)
        with endpoints(speakers, certificate) as addresses:
            table = self.once(self.recipe(name, addresses))
        self.assertEqual(table.returncode, DIVERGENT, table.stdout + table.stderr)
        for line in expected:
            self.assertRegex(table.stdout, line.replace("LAST", re.escape(addresses[-1])))
        self.assertEqual(table.stdout.count("DIVERGENT"), "".join(expected).count("DIVERGENT"), table.stdout)

    def test_edge_pops(self) -> None:
        certificate = Authority(self.directory).certificate("DNS:www.example.com")

        def pop(release: str) -> Speak:
            def speak(method: str, _path: str, headers: dict[str, str], _body: str) -> Answer:
                if (method, headers.get("Host")) != ("HEAD", "www.example.com"):
                    return NOT_FOUND
                return 200, {"X-Release": release, "Cache-Control": "max-age=60"}, ""
            return speak

        self.check("edge-pops.yml", [pop("r42"), pop("r42"), pop("r41")], r"sin +canonical .*DIVERGENT r41",
                   certificate=certificate)
        self.assertEqual(certificate.names_asked, {"www.example.com"})

    def test_api_version_split(self) -> None:
        def instance(api: str) -> Speak:
            pages = {"/version": {"build": "1.9.3"}, "/openapi.json": {"openapi": "3.1.0", "info": {"version": api}}}
            return lambda _method, path, _headers, _body: as_json(pages[path]) if path in pages else NOT_FOUND

        self.check("api-version-split.yml", [instance("v2"), instance("v2"), instance("v1")],
                   r"payments-3 +DIVERGENT v1 +canonical 1\.9\.3")

    def test_kubernetes_workload(self) -> None:
        def pod(version: str, config: int) -> Speak:
            page = f'checkout_build_info{{version="{version}"}} 1\ncheckout_config_hash {config}\nhttp_requests_total{{handler="checkout"}} 7\n'
            return lambda _method, path, _headers, _body: (200, {}, page) if path == "/metrics" else NOT_FOUND

        self.check("kubernetes-workload.yml", [pod("1.9", 4), pod("1.9", 4), pod("1.8", 4)],
                   r"LAST +canonical [0-9a-f]{8} +DIVERGENT 1\.8\n", r"LAST software_version: differs in checkout_build_info\n")
        self.check("kubernetes-workload.yml", [pod("1.9", 4), pod("1.9", 4), pod("1.9", 5)],
                   r"LAST +DIVERGENT [0-9a-f]{8} +canonical 1\.9\n", r"LAST config: differs in checkout_config_hash\n")

    def test_feature_flags(self) -> None:
        def flagd(checkout: bool, reason: str) -> Speak:
            def speak(method: str, path: str, headers: dict[str, str], body: str) -> Answer:
                asked = headers.get("Content-Type"), json.loads(body)["context"]["targetingKey"]
                if (method, path, *asked) != ("POST", "/ofrep/v1/evaluate/flags", "application/json", "mixed-state-probe"):
                    return 400, {}, "{}"
                flags = [{"key": "new-checkout", "value": checkout, "variant": "on" if checkout else "off", "reason": reason},
                         {"key": "limit", "value": 5, "variant": "small", "reason": "STATIC", "metadata": {"at": reason}}]
                return as_json({"flags": flags if reason == "STATIC" else flags[::-1], "metadata": {"version": reason}})
            return speak

        self.check("feature-flags.yml", [flagd(True, "STATIC"), flagd(True, "CACHED"), flagd(False, "STATIC")],
                   r"flagd-3 +DIVERGENT", r"flagd-3 feature_flags: differs in new-checkout/value, new-checkout/variant\n")

    def test_serverless_revision(self) -> None:
        certificate = Authority(self.directory).certificate("IP:127.0.0.1")

        def region(revision: str) -> Speak:
            return lambda _method, path, _headers, _body: (
                (200, {}, f"service=thumbnails\nrevision={revision}\n") if path == "/revision" else NOT_FOUND)

        self.check("serverless-revision.yml",
                   [region("thumbnails-00042-abc")] * 2 + [region("thumbnails-00041-xyz")],
                   r"asia-east1 +DIVERGENT thumbnails-00041-xyz", certificate=certificate)

    def test_ci_artifact(self) -> None:
        def registry(digest: str) -> Speak:
            def speak(method: str, path: str, headers: dict[str, str], _body: str) -> Answer:
                fits = method == "HEAD" and path == "/v2/shop/checkout/manifests/stable"
                if not fits or "vnd.oci.image.manifest.v1" not in headers.get("Accept", ""):
                    return NOT_FOUND
                return 200, {"Docker-Content-Digest": f"sha256:{digest * 64}"}, ""
            return speak

        self.check("ci-artifact.yml", [registry("a"), registry("a"), registry("b")],
                   r"registry-asia +DIVERGENT sha256:bbbb")

    def test_observability_agents(self) -> None:
        def alertmanager(version: str, config: str) -> Speak:
            page = ("# HELP alertmanager_build_info A metric with a constant '1' value.\n"
                    "# TYPE alertmanager_build_info gauge\n"
                    f'alertmanager_build_info{{branch="HEAD",goversion="go1.21",revision="abc",version="{version}"}} 1\n'
                    'go_build_info{checksum="",path="",version="(devel)"} 1\n'
                    f"alertmanager_config_hash {config}\nup NaN\n")
            return lambda _method, path, _headers, _body: (
                (200, {"Content-Type": "text/plain; version=0.0.4"}, page) if path == "/metrics" else NOT_FOUND)

        self.check("observability-agents.yml",
                   [alertmanager("0.27.0", "1.7e14"), alertmanager("0.27.0", "1.7e14"), alertmanager("0.26.0", "2.8e14")],
                   r"am-3 +DIVERGENT [0-9a-f]{8} +DIVERGENT 0\.26\.0", r"am-3 config: differs in alertmanager_config_hash\n",
                   r"am-3 software_version: differs in alertmanager_build_info\n")

    def test_security_policy(self) -> None:
        def opa(revision: str, allowed: bool) -> Speak:
            def speak(method: str, path: str, _headers: dict[str, str], body: str) -> Answer:
                if (method, path) == ("GET", "/v1/data/system?provenance=true"):
                    return as_json({"provenance": {"version": "0.60.0", "bundles": {"authz": {"revision": revision}}},
                                    "result": {}})
                if (method, path) == ("POST", "/v1/data/authz/allow") and json.loads(body)["input"]["user"] == "nobody":
                    return as_json({"result": allowed})
                return NOT_FOUND
            return speak

        self.check("security-policy.yml", [opa("r7", False), opa("r7", False), opa("r6", True)],
                   r"opa-3 +DIVERGENT 200 true +DIVERGENT", r"opa-3 policy_revision: differs in authz/revision\n")

    def test_network_controller(self) -> None:
        def controller(rate: int, updated: str) -> Speak:
            pages = {"/api/v1/about": {"version": "2.7.0"},
                     "/api/v1/intents": {"intents": [{"id": "to-db", "rate": rate, "updated_at": updated}]}}
            return lambda _method, path, _headers, _body: as_json(pages[path]) if path in pages else NOT_FOUND

        self.check("network-controller.yml", [controller(100, "a"), controller(100, "b"), controller(10, "a")],
                   r"ctl-3 +DIVERGENT", r"ctl-3 config: differs in to-db/rate\n")


class Tls(Case):
    """A certificate that is not right is unknown (tls), never a state."""

    def status(self, certificate: Certificate) -> subprocess.CompletedProcess[str]:
        with endpoints([lambda *_: (200, {}, "fine")] * 2, certificate) as addresses:
            return self.once("global: {poll_timeout: 2s, poll_interval: 5s}\nservices:\n  - name: web\n    nodes: [" + ", ".join(
                f'{{name: n{i}, address: "{address}"}}' for i, address in enumerate(addresses)) +
                "]\n    collect: [{http: {dimension: v, status: true, tls: {ca_file: ca.pem}}}]\n")

    def assert_refused(self, certificate: Certificate) -> None:
        table = self.status(certificate)
        self.assertEqual(table.returncode, UNKNOWN, table.stdout + table.stderr)
        self.assertIn("unknown (tls)", table.stdout)

    def test_a_right_certificate_is_believed(self) -> None:
        table = self.status(Authority(self.directory).certificate("IP:127.0.0.1"))
        self.assertEqual(table.returncode, CANONICAL, table.stdout + table.stderr)

    def test_an_expired_certificate_is_tls(self) -> None:
        self.assert_refused(Authority(self.directory).certificate("IP:127.0.0.1", days=-1))

    def test_a_certificate_of_another_host_is_tls(self) -> None:
        self.assert_refused(Authority(self.directory).certificate("IP:127.0.0.2,DNS:elsewhere.example"))

    def test_a_certificate_of_another_authority_is_tls(self) -> None:
        stranger = self.directory / "stranger"
        stranger.mkdir()
        Authority(self.directory)
        self.assert_refused(Authority(stranger).certificate("IP:127.0.0.1"))


class Declared(Case):
    """What should be is read from a URL."""

    def table(self, target: Speak) -> subprocess.CompletedProcess[str]:
        nodes: list[Speak] = [lambda *_: as_json({"version": "2"}), lambda *_: as_json({"version": "1"})]
        with endpoints([*nodes, target]) as (one, other, deploys):
            return self.once(f"""\
services:
  - name: checkout
    nodes: [{{name: n1, address: "{one}"}}, {{name: n2, address: "{other}"}}]
    collect: [{{http: {{dimension: software_version, json: /version}}}}]
    canonical: {{software_version: {{declared: {{url: "http://{deploys}/target/checkout", json: /version}}}}}}
""")

    def test_the_declared_state_is_canonical(self) -> None:
        table = self.table(lambda _method, path, _headers, _body: as_json({"version": 2}) if path == "/target/checkout" else NOT_FOUND)
        self.assertEqual(table.returncode, DIVERGENT, table.stdout + table.stderr)
        self.assertRegex(table.stdout, r"n1 +canonical 2")
        self.assertRegex(table.stdout, r"n2 +DIVERGENT 1")

    def test_an_unreachable_source_makes_no_canonical(self) -> None:
        table = self.table(lambda *_: (500, {}, "oops"))
        self.assertEqual(table.returncode, UNKNOWN, table.stdout + table.stderr)
        self.assertIn("no canonical state (source_unreachable)", table.stdout)


if __name__ == "__main__":
    unittest.main()
