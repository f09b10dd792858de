"""Servers on loopback that speak what a test tells them: HTTP, with TLS where it wants, or bytes that are no protocol's."""
from __future__ import annotations

import contextlib
import http.server
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator

LOOPBACK = "127.0.0.1"
# (method, path with query, headers, body) → (status, headers, body)
Answer = tuple[int, dict[str, str], str]
Speak = Callable[[str, str, dict[str, str], str], Answer]
Behave = Callable[[socket.socket], None]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up, as one does that refuses a certificate, is no error here."""


class Endpoint:
    """One server on a free port of loopback; `address` is where."""

    def __init__(self, speak: Speak, certificate: Certificate | None = None) -> None:
        self.server = Server((LOOPBACK, 0), handler(speak))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            context.sni_callback = lambda _connection, name, _context: certificate.names_asked.add(name)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.address = f"{LOOPBACK}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def handler(speak: Speak) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            status, headers, text = speak(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def endpoints(speakers: list[Speak], certificate: Certificate | None = None) -> Iterator[list[str]]:
    """The addresses of a server for each of `speakers`, while `with` lasts."""
    started = [Endpoint(speak, certificate) for speak in speakers]
    try:
        yield [endpoint.address for endpoint in started]
    finally:
        for endpoint in started:
            endpoint.stop()


class Rogue:
    """A TCP server that does `behave` for each request, and never hangs up by itself."""

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.server = socket.create_server((LOOPBACK, 0))
        self.address = f"{LOOPBACK}:{self.server.getsockname()[1]}"
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self.server.close()
        for each in self.open:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                self.open.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                self.behave(connection)


def says(answer: bytes) -> Behave:
    return lambda connection: connection.sendall(answer)


def floods(head: bytes, piece: bytes) -> Behave:
    """As fast as it is taken, until the client hangs up."""
    def behave(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
    return behave


def drips(answer: bytes, seconds: float) -> Behave:
    """A byte at a time, `seconds` apart."""
    def behave(connection: socket.socket) -> None:
        for byte in answer:
            connection.sendall(bytes([byte]))
            threading.Event().wait(seconds)
    return behave


def resets(beginning: bytes) -> Behave:
    """No more than a beginning, then a reset."""
    def behave(connection: socket.socket) -> None:
        connection.sendall(beginning)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    return behave


class Authority:
    """A private certificate authority in `directory`: its certificate is `file`."""

    def __init__(self, directory: pathlib.Path, name: str = "ca") -> None:
        self.directory, self.name = directory, name
        self.file, self.key = directory / f"{name}.pem", directory / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", f"/CN={name} of a test", "-keyout", self.key, "-out", self.file)

    def certificate(self, names: str, days: int = 2) -> Certificate:
        """For `names` ("DNS:a,IP:127.0.0.1"); one of negative days has expired."""
        made = Certificate(self.directory / "server.pem", self.directory / "server.key")
        request, extensions = self.directory / "server.csr", self.directory / "server.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server",
                "-keyout", made.key, "-out", request)
        # openssl 3.0 dates backwards only with `ca` or a negative -days, which it takes.
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", extensions, "-out", made.certificate)
        return made


class Certificate:
    def __init__(self, certificate: pathlib.Path, key: pathlib.Path) -> None:
        self.certificate, self.key = certificate, key
        self.names_asked: set[str | None] = set()  # by clients (SNI) of the endpoints that present it


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
