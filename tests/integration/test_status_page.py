"""The status page of the real program over hostile nodes, as HTTP and as a real browser shows it."""
from __future__ import annotations

import html
import json
import pathlib
import shutil
import subprocess
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from endpoints import Endpoint, Rogue, says  # noqa: E402
from fleet import CADENCES, RECOVERED_WITHIN, program  # noqa: E402
from monitoring import Exporter  # noqa: E402
from process import Directory, ServerError, wait_until  # noqa: E402

BROWSER = pathlib.Path(__file__).resolve().parents[1] / "browser"
SERVICE = "\"><script>alert('service')</script>"
NODE = "<img src=x onerror=alert('node')>"
STATE = "</td><script>alert('state')</script>"
ERROR = "DENIED <b onmouseover=alert('error')>no</b>"
NORMAL = "2.4.1"
# A page with one of each fault that the browser is to find.
FAULTY = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>faulty</title></head><body>
<p style="color:#777;background:#777">grey</p><img src="http://elsewhere.test/x.png"><script>alert(1)</script>
<table><tr><td><div>""" + "x" * 400 + """</div></td></tr></table></body></html>"""


def need(command: str) -> str:
    found = shutil.which(command)
    if not found:
        raise ServerError(f"no {command}; deploy/install-packages test installs it")
    return found


def install() -> None:
    """The browser's npm packages, exactly as locked, unless they are there."""
    installed, lock = BROWSER / "node_modules" / ".package-lock.json", BROWSER / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([need("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=BROWSER, check=True)


def strings_in(value: object) -> Iterator[str]:
    """Of a JSON value, keys as well."""
    if isinstance(value, str):
        yield value
    for part in value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else []:
        yield from strings_in(part)


def address(**parameters: str) -> str:
    return "/?" + urllib.parse.urlencode(parameters)


class StatusPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.versions = [NORMAL] * 3
        addresses = [cls.endpoint(place) for place in range(3)]
        broken = Rogue(says(f"-{ERROR}\r\n".encode()))
        cls.addClassCleanup(broken.stop)
        names = ["checkout-1", "checkout-2", NODE]
        nodes = "".join(f"      - {{name: {json.dumps(name)}, address: \"{there}\"}}\n"
                        for name, there in zip(names, addresses, strict=True))
        cls.config = cls.directory.file("exporter.yml", CADENCES + f"""services:
  - name: {json.dumps(SERVICE)}
    nodes:
{nodes}    collect: [{{http: {{dimension: software_version, path: /version, json: /version}}}}]
  - name: cache
    nodes: [{{name: redis-1, address: "{broken.address}"}}]
    collect: [redis: {{}}]
""")
        cls.exporter = Exporter(cls.directory, program(), cls.config)
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.wait_ready()
        cls.versions[2] = STATE
        wait_until("the third node diverges", lambda: html.escape(STATE) in cls.page(address(service=SERVICE)),
                   RECOVERED_WITHIN)

    @classmethod
    def endpoint(cls, place: int) -> str:
        endpoint = Endpoint(lambda *_: (200, {}, json.dumps({"version": cls.versions[place]})))
        cls.addClassCleanup(endpoint.stop)
        return endpoint.address

    @classmethod
    def page(cls, path: str) -> str:
        return (cls.exporter.get(path) or "").replace("&#39;", "&#x27;")

    def refused(self, path: str) -> tuple[int, str]:
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(self.exporter.url + path, timeout=5)
        return refused.exception.code, refused.exception.read().decode()

    def look(self, pages: list[dict]) -> list[dict]:
        install()
        asked = self.directory.file("pages.json", json.dumps({"pages": pages}))
        looked = subprocess.run([need("node"), BROWSER / "look.mjs", need("chromium"), asked], text=True,
                                capture_output=True, timeout=400, check=False)
        self.assertEqual(looked.returncode, 0, looked.stderr)
        return json.loads(looked.stdout)

    def test_names_states_and_errors_of_hostile_nodes_are_text(self) -> None:
        service, cache = self.page(address(service=SERVICE)), self.page(address(service="cache"))
        for text, page in ((SERVICE, service), (NODE, service), (STATE, service), (ERROR, cache)):
            self.assertIn(html.escape(text), page)
            self.assertNotIn(text, page)
        self.assertIn("<title>HOLD: ", service)
        self.assertIn("<title>UNKNOWN: cache 1 of 1 node unknown", cache)

    def test_the_same_reach_who_asks_for_json_as_they_are(self) -> None:
        for path, told in (("/api/v1/status", (SERVICE, NODE, STATE, ERROR)),
                           ("/api/v1/gate?" + urllib.parse.urlencode({"service": SERVICE}), (SERVICE, NODE)),
                           ("/api/v1/changes", ())):
            with urllib.request.urlopen(self.exporter.url + path, timeout=5) as answer:
                self.assertRegex(answer.headers["Content-Type"], "^application/json")
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                strings = list(strings_in(json.load(answer)))
            for text in told:
                self.assertTrue(any(text in string for string in strings), (path, text))

    def test_a_browser_finds_nothing_wrong_with_any_view(self) -> None:
        url = self.exporter.url
        self.assertEqual(self.look([
            {"url": url + "/", "holds": [SERVICE, "HOLD", "cache", "UNKNOWN"]},
            {"url": url + address(service=SERVICE), "holds": ["HOLD", NODE, "</td><script>", "canonical: 2.4.1"]},
            {"url": url + address(service=SERVICE, node=NODE, dimension="software_version"), "holds": [NODE]},
            {"url": url + address(service="cache", refresh="60"), "holds": [ERROR, "not read", "Stop that"]},
        ]), [])

    def test_a_browser_finds_what_is_wrong(self) -> None:
        faulty = Endpoint(lambda *_: (200, {
            "Content-Type": "text/html", "Content-Security-Policy": "default-src 'none'"}, FAULTY))
        self.addCleanup(faulty.stop)
        found = self.look([{"url": f"http://{faulty.address}/", "holds": ["what is not there"]}])
        said = "\n".join(each["what"] for each in found)
        for wanted in ("console: ", "pixels too wide", "elements that may run", "lacks \"what is not there\"",
                       "axe image-alt", "axe html-has-lang"):
            self.assertIn(wanted, said)

    def test_the_policy_allows_the_style_and_nothing_else(self) -> None:
        with urllib.request.urlopen(self.exporter.url + address(refresh="30"), timeout=5) as answer:
            policy = answer.headers["Content-Security-Policy"]
            self.assertRegex(policy, r"^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; ")
            self.assertEqual(answer.headers["Refresh"], "30")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertIsNone(answer.headers["Set-Cookie"])

    def test_what_is_not_there_is_404_and_what_means_nothing_400(self) -> None:
        status, body = self.refused(address(service="<nobody>"))
        self.assertEqual(status, 404)
        self.assertIn("There is no service &quot;&lt;nobody&gt;&quot; here.", body)
        self.assertEqual(self.refused(address(service="cache", node="redis-2"))[0], 404)
        self.assertEqual(self.refused("/?refresh=often")[0], 400)


if __name__ == "__main__":
    unittest.main(verbosity=2)
