"""A web configuration as a real Prometheus meets it: TLS, users, rotation without a restart."""
from __future__ import annotations

import json
import pathlib
import socket
import ssl
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Authority  # noqa: E402
from fleet import program  # noqa: E402
from monitoring import Exporter, Metrics, Prometheus  # noqa: E402
from process import LOOPBACK, Directory, wait_until  # noqa: E402

USER, PASSWORD = "prometheus", "U*U"
USERS = f"basic_auth_users: {{{USER}: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW}}\n"
WEB = "tls_server_config: {cert_file: server.pem, key_file: server.key}\nhttp_server_config: {http2: true}\n" + USERS
FAILED, CONFIG_ERROR = 1, 3  # exit codes


class SecuredExporter(Exporter):
    """Asked over TLS, as the user that may."""

    def __init__(self, directory: Directory, config: pathlib.Path, web: pathlib.Path, authority: pathlib.Path) -> None:
        super().__init__(directory, program(), config, flags=[f"--web.config.file={web}"])
        self.context = ssl.create_default_context(cafile=str(authority))
        self.url = f"https://{LOOPBACK}:{self.port}"

    def status(self, path: str, password: str = PASSWORD) -> int:
        try:
            return self.open(path, password).status
        except urllib.error.HTTPError as error:
            return error.code

    def get(self, path: str, seconds: float = 5) -> str | None:
        try:
            return self.open(path, PASSWORD, seconds).read().decode()
        except OSError:
            return None

    def open(self, path: str, password: str, seconds: float = 5):
        manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
        manager.add_password(None, self.url, USER, password, is_authenticated=True)
        opener = urllib.request.OpenerDirector()
        for handler in (urllib.request.HTTPSHandler(context=self.context), urllib.request.HTTPBasicAuthHandler(manager),
                        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor()):
            opener.add_handler(handler)
        return opener.open(self.url + path, timeout=seconds)

    def certificate(self) -> str:
        return ssl.get_server_certificate((LOOPBACK, self.port), timeout=5).strip()


class Web(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.authority = Authority(cls.directory.path)
        cls.authority.certificate(f"IP:{LOOPBACK}")
        for node in ("a", "b"):
            cls.directory.file(f"{node}.yml", "level: info\n")
        cls.config = cls.directory.file("exporter.yml", "services: [{name: files, nodes: [{name: a}, {name: b}], "
                                        "collect: [{file: {path: '{node}.yml'}}]}]\n")
        cls.web = cls.directory.file("web.yml", WEB)
        cls.exporter = SecuredExporter(cls.directory, cls.config, cls.web, cls.authority.file)
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()
        cls.prometheus = Prometheus(cls.directory, [], [], scrapes=[
            cls.scrape("right", PASSWORD, {"ca_file": str(cls.authority.file)}),
            cls.scrape("wrong-password", "guessed", {"ca_file": str(cls.authority.file)}),
            cls.scrape("no-authority", PASSWORD, {}),
        ])
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.wait_ready()

    @classmethod
    def scrape(cls, job: str, password: str, tls: dict) -> dict:
        return {"job_name": job, "scheme": "https", "tls_config": tls,
                "basic_auth": {"username": USER, "password": password},
                "static_configs": [{"targets": [f"{LOOPBACK}:{cls.exporter.port}"]}]}

    def scraped(self, job: str) -> dict:
        """What Prometheus tells of its target: health, lastError, lastScrape."""
        targets = json.loads(self.prometheus.get("/api/v1/targets") or '{"data": {"activeTargets": []}}')
        return next((each for each in targets["data"]["activeTargets"] if each["labels"]["job"] == job), {})

    def up(self, job: str) -> float:
        """Once it was scraped."""
        found = wait_until(f"{job} was scraped", lambda: self.prometheus.query(f'up{{job="{job}"}}'), 30)
        return float(found[0]["value"][1])

    def test_a_prometheus_with_the_password_and_the_authority_scrapes_it(self) -> None:
        self.assertEqual(self.up("right"), 1, self.scraped("right"))
        self.assertTrue(wait_until("the series are there", lambda: self.prometheus.query(
            'mixed_state_nodes{job="right"}'), 30))

    def test_a_wrong_password_gets_401_and_is_counted(self) -> None:
        self.assertEqual(self.up("wrong-password"), 0)
        self.assertIn("401", self.scraped("wrong-password")["lastError"])
        self.assertEqual(self.exporter.status("/metrics", "guessed"), 401)
        refused = Metrics(self.exporter.get("/metrics") or "").value("exporter_http_requests_total", code="401")
        # The page is made once a snapshot.
        wait_until("it is counted", lambda: (self.exporter.metrics().value(
            "exporter_http_requests_total", code="401") or 0) > (refused or 0), 30)

    def test_a_prometheus_without_the_authority_does_not_trust_it(self) -> None:
        self.assertEqual(self.up("no-authority"), 0)
        self.assertIn("certificate", self.scraped("no-authority")["lastError"])

    def test_a_certificate_rotated_on_disk_is_served_without_a_restart(self) -> None:
        self.assertEqual(self.up("right"), 1)
        before, pid = self.exporter.certificate(), self.exporter.server.pid
        rotated = self.authority.certificate(f"IP:{LOOPBACK}").certificate.read_text().strip()
        self.assertNotEqual(before, rotated)
        wait_until("the new certificate is served", lambda: self.exporter.certificate() == rotated, 20)
        now = time.time()
        wait_until("a scrape since then", lambda: self.prometheus.query(
            f'timestamp(up{{job="right"}} == 1) > {now}'), 30)
        self.assertEqual(self.up("right"), 1, self.scraped("right"))
        self.assertEqual(self.exporter.server.pid, pid)
        self.assertTrue(self.exporter.server.running())

    def test_http2_is_not_offered_and_that_is_logged_once(self) -> None:
        context = ssl.create_default_context(cafile=str(self.authority.file))
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection((LOOPBACK, self.exporter.port)) as plain, \
                context.wrap_socket(plain, server_hostname=LOOPBACK) as secure:
            self.assertNotEqual(secure.selected_alpn_protocol(), "h2")
        log = self.exporter.server.log.read_text()
        self.assertEqual(log.count("http2 of the web configuration has no effect"), 1)

    def test_while_its_file_is_wrong_all_get_500_and_then_none(self) -> None:
        self.addCleanup(self.web.write_text, WEB)
        self.web.write_text(WEB + "nonsense: {}\n")
        wait_until("it is refused", lambda: self.exporter.status("/metrics") == 500, 20)
        self.assertIn("unknown key `nonsense`", self.exporter.server.log.read_text())
        self.web.write_text(WEB)
        wait_until("it is served again", lambda: self.exporter.status("/metrics") == 200, 20)

    def test_a_wrong_file_is_told_before_anything_is_served(self) -> None:
        wrong = self.directory.file("wrong.yml", "basic_auth_users: {a: canary}\n")
        for flags, code in (([], FAILED), (["--config.check"], CONFIG_ERROR)):
            ran = subprocess.run([program(), f"--config.file={self.config}", f"--web.config.file={wrong}",
                                  f"--web.listen-address={LOOPBACK}:0", *flags], text=True, capture_output=True,
                                 check=False, timeout=60)
            self.assertEqual(ran.returncode, code, ran.stderr)
            self.assertIn("wrong.yml:1:", ran.stdout + ran.stderr)
            self.assertNotIn("canary", ran.stdout + ran.stderr)


if __name__ == "__main__":
    unittest.main()
