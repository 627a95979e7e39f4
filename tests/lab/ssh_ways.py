"""Ways to log in to a leaf: its sshd's settings, the person's files, and the driver's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lab.lab import Lab
from lab.machine.netns import in_namespace, listens
from lab.machine.shell import call, wait_until
from napalm_cumulus import CumulusDriver
from tests.lab.switch import PATIENCE

LEAF = "10.5.0.43"
OTHER_LEAF = "10.5.0.41"
SERVED = 2222  # sshd listens there, too, while a drop-in of ours is read


class Way:
    """Drivers from the operator's seat that know only what an SSH configuration says."""

    def __init__(self, lab: Lab, stack: ExitStack, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self._stack = stack
        self.known_hosts = lab.seat.known_hosts

    def driver(
        self,
        config: str = "",
        *,
        host: str = LEAF,
        user: str = "root",
        password: str = "",
        timeout: int = 60,
        **args: Any,
    ) -> CumulusDriver:
        """An open driver; agent and keys are those of the configuration."""
        path = self.folder / "config"
        path.write_text(config)
        given = {"ssh_config_file": str(path), **args}
        if "UserKnownHostsFile" not in config:
            given = {"known_hosts_file": str(self.known_hosts), **given}
        driver = CumulusDriver(host, user, password, timeout, given)
        self._stack.callback(driver.close)
        in_namespace(self.lab.seat.netns, driver.open)
        return driver

    def key(self, name: str = "id", kind: str = "ed25519", passphrase: str = "") -> Path:
        """A new key pair."""
        path = self.folder / name
        call(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(path)])
        return path

    @contextmanager
    def authorized(self, *keys: Path, leaf: str = "03") -> Iterator[None]:
        """Let root log in to a leaf with these keys as well."""
        file = self.lab.leaf(leaf).root / "root/.ssh/authorized_keys"
        before = file.read_text()
        file.write_text(before + "".join(public(key).read_text() for key in keys))
        try:
            yield
        finally:
            file.write_text(before)

    @contextmanager
    def sshd(self, text: str, leaf: str = "03") -> Iterator[None]:
        """A leaf's sshd with a drop-in that comes before all others."""
        root = self.lab.leaf(leaf).root
        drop_in = root / "etc/ssh/sshd_config.d/00-test.conf"
        # /run is a file system of the leaf's own.
        pid = self.lab.exec_leaf(leaf, ["cat", "/run/sshd.pid"], check=True).stdout.strip()

        def reload(*, served: bool) -> None:
            self.lab.exec_leaf(leaf, ["kill", "-HUP", pid], check=True)
            leaf_pid = self.lab.leaf(leaf).pid
            assert leaf_pid is not None
            assert wait_until(
                lambda: listens(leaf_pid, SERVED) is served and listens(leaf_pid, 22),
                timeout=PATIENCE,
            )

        drop_in.write_text(f"Port 22\nPort {SERVED}\n{text}")
        try:
            reload(served=True)
            yield
        finally:
            drop_in.unlink()
            reload(served=False)


def public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


def user_of(driver: CumulusDriver) -> str:
    return str(driver.cli(["id -un"])["id -un"]).strip()
