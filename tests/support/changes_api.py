"""The changes API as its callers see it, and an exporter that only its users may ask."""
from __future__ import annotations

import base64
import http.client
import json
import pathlib
import ssl

from fleet import program
from monitoring import Exporter
from openapi import assert_described
from process import LOOPBACK, Directory

PASSWORD = "U*U"
HASH = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
USERS = f"basic_auth_users: {{ci: {HASH}, sre: {HASH}}}\n"


class Api:
    """A client of the exporter, as `user`."""

    def __init__(self, port: int, authority: pathlib.Path | None, user: str | None = "ci", password: str = PASSWORD) -> None:
        self.port, self.user, self.password = port, user, password
        self.context = ssl.create_default_context(cafile=str(authority)) if authority else None

    def ask(self, method: str, path: str, body: str | None = None, content_type: str = "application/json") -> tuple[int, str]:
        """The status and the text of the answer."""
        connect = http.client.HTTPSConnection if self.context else http.client.HTTPConnection
        kind = {"context": self.context} if self.context else {}
        connection = connect(LOOPBACK, self.port, timeout=30, **kind)
        headers = {"Content-Type": content_type} if body is not None else {}
        if self.user:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert_described(method, path, answer.status, answer.headers["Content-Type"], text)
        return answer.status, text

    def post(self, path: str, **content: object) -> tuple[int, str]:
        return self.ask("POST", path, json.dumps(content))

    def told(self, path: str, **content: object) -> dict:
        """What the answer says; it must be 200."""
        status, text = self.post(path, **content)
        if status != 200:
            raise AssertionError(f"{status}: {text}")
        return json.loads(text)

    def changes(self) -> list[dict]:
        return json.loads(self.ask("GET", "/api/v1/changes")[1])["changes"]


class SecuredExporter(Exporter):
    """Asked as the user sre, over TLS where there is an authority."""

    def __init__(self, directory: Directory, config: pathlib.Path, port: int, authority: pathlib.Path | None,
                 flags: list[str]) -> None:
        super().__init__(directory, program(), config, port, flags)
        self.api = Api(port, authority, "sre")

    def get(self, path: str, seconds: float = 5) -> str | None:
        try:
            status, text = self.api.ask("GET", path)
        except (OSError, http.client.HTTPException):
            return None
        return text if status == 200 else None
