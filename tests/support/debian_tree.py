"""A clean Debian of this machine's release in a folder: commands run in it, and its own systemd; all ends with them."""
from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "demo"))
from process import Process, ServerError, children  # noqa: E402

RELEASE = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
NONINTERACTIVE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def cannot() -> str:
    """Why no tree can be made here; empty when one can."""
    if os.geteuid() != 0:
        return "debootstrap and chroot need root"
    if not RELEASE or not sources():
        return "this machine's apt sources name no Debian archive of its own release"
    return ""


def sources() -> list[tuple[str, str]]:
    """(archive, suite) of this release, from this machine's own apt sources."""
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
                              "Created-By: Packages"], text=True, capture_output=True, check=False)
    lines = [line.split("|") for line in targets.stdout.splitlines()]
    return sorted({(archive, suite) for origin, archive, suite, component in lines
                   if origin == "Debian" and component == "main" and suite.split("-")[0] == RELEASE})


def made_once(folder: pathlib.Path, make: Callable[[pathlib.Path], object]) -> pathlib.Path:
    """`folder`, whole or not at all; never changed once it is there."""
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        try:
            make(unfinished)
            unfinished.rename(folder)
        finally:
            call(["rm", "-rf", unfinished])
    return folder


def clean_debian(cache: pathlib.Path) -> pathlib.Path:
    """debootstrap's smallest variant, kept in `cache`."""
    def make(tree: pathlib.Path) -> None:
        archive = next(archive for archive, suite in sources() if suite == RELEASE)
        call(["debootstrap", "--variant=minbase", RELEASE, tree, archive])
        lines = [f"deb {archive} {suite} main\n" for archive, suite in sources()]
        (tree / "etc/apt/sources.list").write_text("".join(lines))
        (tree / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
    return made_once(cache / f"debian-{RELEASE}", make)


def debian_with(packages: list[str], cache: pathlib.Path) -> pathlib.Path:
    """The same with `packages`, for what has no network."""
    def make(tree: pathlib.Path) -> None:
        Tree(tree, clean_debian(cache)).install(*packages)
    names = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:8]
    return made_once(cache / f"debian-{RELEASE}-with-{names}", make)


def call(command: list[str | pathlib.Path], **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise ServerError(f"{command} ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


class Tree:
    """A copy of `original` that may be changed; `inside` has mounts and processes of its own, gone when it ends."""

    def __init__(self, path: pathlib.Path, original: pathlib.Path) -> None:
        self.path = path
        call(["cp", "--archive", "--reflink=auto", original, path])

    def inside(self, *command: str | pathlib.Path) -> list[str | pathlib.Path]:
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={self.path}", "--mount-proc", *command]

    def run(self, *command: str | pathlib.Path) -> str:
        return call(["setpriv", "--pdeathsig=KILL", *self.inside(*command)], env=NONINTERACTIVE).stdout

    def install(self, *packages: str) -> str:
        self.run("apt-get", "update", "-q")
        return self.run("apt-get", "install", "-qy", "--no-install-recommends", *packages)

    def take(self, file: pathlib.Path, folder: str = "/var/tmp") -> str:
        """Puts `file` into the tree's `folder`; where it is there."""
        shutil.copy(file, self.path / folder.lstrip("/"))
        return f"{folder}/{file.name}"

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.path / path.lstrip("/"))

    def text(self, path: str) -> str:
        return (self.path / path.lstrip("/")).read_text()

    def write(self, path: str, text: str) -> None:
        """Into the file that is there, as an editor does: owner and mode stay."""
        (self.path / path.lstrip("/")).write_text(text)

    def owner(self, path: str) -> str:
        return self.run("stat", "--format=%U:%G %a", path).strip()


class Booted:
    """`tree` under its own systemd, alone on a loopback of its own."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.machine = f"mixed-state-{os.getpid()}"
        self.container = Process("machine", [
            "systemd-nspawn", "--quiet", f"--directory={tree.path}", f"--machine={self.machine}", "--register=no", "--keep-unit",
            "--private-network", "--link-journal=no", "--console=read-only", "--boot"],
            tree.path.with_suffix(".log"))
        try:
            self.container.wait_ready("has booted", self.has_booted, 120)
        except ServerError:
            self.end()
            raise

    def has_booted(self) -> bool:
        with contextlib.suppress(ServerError):
            return self.run("sh", "-c", "systemctl is-system-running || true").strip() in ("running", "degraded")
        return False

    def inside(self, *command: str, namespaces: str = "--all") -> list[str]:
        first = children(self.container.pid)
        if not first:
            raise ServerError("nothing runs in the machine")
        return ["nsenter", f"--target={first[0]}", namespaces, *command]

    def run(self, *command: str) -> str:
        return call(["setpriv", "--pdeathsig=KILL", *self.inside(*command)], env=NONINTERACTIVE).stdout

    def end(self) -> None:
        self.container.end(signal.SIGTERM, seconds=30)
        with contextlib.suppress(OSError):  # what nspawn leaves of its own where /run is no tmpfs
            shutil.rmtree(f"/run/systemd/nspawn/propagate/{self.machine}")
