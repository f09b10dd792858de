"""Where a secret could show: an exporter that logs all and keeps a history, and what is to be seen of it."""
from __future__ import annotations

import pathlib

from fleet import program
from monitoring import Exporter
from process import Directory


class Talkative(Exporter):
    def __init__(self, directory: Directory, config: pathlib.Path) -> None:
        self.kept = directory.path / "kept"
        self.kept.mkdir()
        super().__init__(directory, program(), config, flags=[
            f"--storage.path={self.kept / 'history.db'}", "--log.level=debug"])

    def texts(self, *services: str) -> dict[str, str]:
        """By where they are to be seen: its pages, also those of `services`, its log, history and command line."""
        paths = ["/metrics", "/", "/api/v1/status", "/-/ready"]
        paths += [page + service for page in ("/?service=", "/api/v1/status?service=") for service in services]
        pages = {path: self.get(path) or "" for path in paths}
        files = {path.name: path.read_bytes().decode(errors="replace") for path in (self.server.log, *self.kept.iterdir())}
        return {**pages, **files, "command line": pathlib.Path(f"/proc/{self.server.pid}/cmdline").read_text()}
