"""A NAPALM driver as most are made: netmiko, a terminal, and its prompt waited for."""

from __future__ import annotations

import base64
import shlex
from typing import Any

from napalm.base import NetworkDriver
from netmiko import ConnectHandler


class NetmikoLinuxDriver(NetworkDriver):
    """Reads only; takes NAPALM's arguments."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self.optional_args = optional_args or {}

    def open(self) -> None:
        """Connect; the host key is verified."""
        self.device = ConnectHandler(
            device_type="linux",
            host=self.hostname,
            username=self.username,
            use_keys=True,
            key_file=self.optional_args["key_file"],
            allow_agent=False,
            ssh_strict=True,
            alt_host_keys=True,
            alt_key_file=self.optional_args["known_hosts"],
            conn_timeout=120,
            banner_timeout=120,
            auth_timeout=120,
        )

    def close(self) -> None:
        """Disconnect."""
        self.device.disconnect()

    def is_alive(self) -> dict[str, bool]:
        """Return whether the session stands."""
        return {"is_alive": self.device.is_alive()}

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str]:
        """Run the commands one after the other."""
        del encoding
        return {command: self._run(command) for command in commands}

    def _run(self, command: str) -> str:
        if "\n" not in command:
            # In a shell of its own, since some end their shell; netmiko has but one for all.
            line, verify = f"sh -c {shlex.quote(command)}", True
        else:
            packed = base64.b64encode(command.encode()).decode()
            line, verify = f'sh -c "$(echo {packed} | base64 -d)"', False
        return str(self.device.send_command(line, read_timeout=120, cmd_verify=verify))
