"""The network between two servers, which can be cut."""
from __future__ import annotations

import contextlib
import selectors
import socket
import threading

from process import LOOPBACK


class Link:
    """A TCP proxy that can be cut: what a standby's network link to its primary is to us. It connects from `source`."""

    def __init__(self, target_port: int, source: str = LOOPBACK) -> None:
        self.target_port, self.source = target_port, source
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self.listener.getsockname()[1]
        self.whole = threading.Event()
        self.whole.set()
        self.flowing = threading.Event()
        self.flowing.set()
        self.sockets: set[socket.socket] = set()
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends every connection, and each new one at once."""
        self.whole.clear()
        with self.lock:
            for end in self.sockets:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Keeps connections, and lets no byte through: a network that swallows packets."""
        self.flowing.clear()

    def heal(self) -> None:
        self.whole.set()
        self.flowing.set()

    def close(self) -> None:
        self.heal()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.whole.is_set():
                    threading.Thread(target=self._join, args=(near,), daemon=True).start()
                else:
                    near.close()

    def _join(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            with socket.create_connection((LOOPBACK, self.target_port), source_address=(self.source, 0)) as far:
                with self.lock:
                    self.sockets |= {near, far}
                if self.whole.is_set():
                    self._pump(near, far)
                with self.lock:
                    self.sockets -= {near, far}

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select():
                    self.flowing.wait()
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)
