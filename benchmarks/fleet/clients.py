"""The clients under comparison: how each is started, and whether it got the facts."""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import BenchError
from benchmarks.fleet import ansible
from benchmarks.fleet.job import BOUNDARY, Job, facts
from benchmarks.fleet.measure import Cost, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
_BIN = Path(sys.executable).parent
#: What an SSH client needs to be told; no master connection, which nobody would use twice.
SSH = (
    "-F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes "
    "-o ControlMaster=no -o LogLevel=ERROR -o GlobalKnownHostsFile=none"
)
#: The key exchange that paramiko agrees on with these servers. OpenSSH's own choice with a new one
#: costs it a tenth of a second, for an encryption that an older one cannot have.
SAME = " -o KexAlgorithms=curve25519-sha256"
OWN = ", own key exchange"


class Client(ABC):
    """A way to get the facts of some switches."""

    name = ""
    codes: tuple[int, ...] = (0,)

    @abstractmethod
    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command that gets the facts of all switches of a job."""

    def environment(self, job: Job) -> dict[str, str]:
        """Return the variables that are added to its environment."""
        del job
        return {}

    def check(self, job: Job, output: Path) -> None:
        """Fail when a switch's facts are missing; each names itself and frames every command."""
        text = output.read_text(errors="replace")
        self.require(job, text.count(f"{BOUNDARY} "), len(facts()) * len(job.switches), "outputs")
        for switch in job.switches:
            if switch.name.partition(".")[0] not in text:
                raise BenchError(f"{self.name}: nothing of {switch.name} is in its output.")

    def require(self, job: Job, found: int, wanted: int, what: str) -> None:
        """Fail when it is not as many as it must be."""
        if found != wanted:
            raise BenchError(
                f"{self.name} got {found} {what} of {wanted} from {len(job.switches)} switches."
            )

    def run(self, job: Job, workers: int, netns: str, *, memory: bool = False) -> Cost:
        """Get the facts once.

        Raises:
            BenchError: not all facts of all switches were got.
        """
        output = job.directory / "output"
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TERM") if key in os.environ}
        home = job.directory / "home"
        home.mkdir(exist_ok=True)
        cost = run(
            self.command(job, workers),
            netns=netns,
            env=kept | {"HOME": str(home), "PYTHONPATH": str(ROOT)} | self.environment(job),
            directory=job.directory,
            output=output,
            codes=self.codes,
            memory=memory,
        )
        self.check(job, output)
        return cost


class Vip(Client):
    """``vip check``, as a person starts it."""

    name = "vip check"
    codes = (0, 10, 11)

    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command."""
        words = ["--config", f"{job.directory}/vipkeeper.toml", "check", "--format", "json"]
        return [str(_BIN / "vip"), *words, "--workers", str(workers), *job.addresses]

    def check(self, job: Job, output: Path) -> None:
        """Fail when a switch was not read and judged."""
        read = json.loads(output.read_text())["switches"]
        names = {switch["hostname"] for switch in read if switch["status"] != "UNKNOWN"}
        wanted = {switch.name.partition(".")[0] for switch in job.switches}
        if names != wanted:
            unread = next(
                s for s in read if s["status"] == "UNKNOWN" or s["hostname"] not in wanted
            )
            raise BenchError(f"vip check read {len(names & wanted)} of {len(wanted)}: {unread}")


class VipSteady(Vip):
    """``vip check`` a second time in one process: everything is imported by then."""

    name = "vip check, started"

    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command; the last line of its stderr is the cost of the second run."""
        words = super().command(job, workers)[1:]
        return [sys.executable, str(HERE / "peers/vip_again.py"), *words]


class Paramiko(Client):
    """Connect, one command, close: the least that a Python client can do."""

    name = "bare paramiko"

    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command."""
        peer = str(HERE / "peers/bare_paramiko.py")
        return [sys.executable, peer, f"{job.directory}/job.json", str(workers)]


class Ssh(Client):
    """One OpenSSH client for each switch.

    Args:
        own: leave the key exchange to OpenSSH.
    """

    def __init__(self, *, own: bool = False) -> None:
        self.name = f"parallel ssh{OWN if own else ''}"
        self._options = SSH if own else SSH + SAME

    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command."""
        options = f"{self._options} -i {job.key} -o UserKnownHostsFile={job.known_hosts}"
        one = f'exec ssh {options} "root@$0" "sh -s" <script.sh >"outputs/$0" 2>/dev/null'
        outputs = job.directory / "outputs"
        outputs.mkdir(exist_ok=True)
        words = ["xargs", "-a", "hosts", "-n", "1", "-P", str(workers), "sh", "-c", one]
        return [word if word != "xargs" else "/usr/bin/xargs" for word in words]

    def check(self, job: Job, output: Path) -> None:
        """Look into the files of all switches."""
        texts = [(job.directory / "outputs" / x).read_text() for x in job.addresses]
        output.write_text("".join(texts))
        super().check(job, output)


class Nornir(Client):
    """nornir_napalm over a NAPALM driver that is made of netmiko, as most are."""

    name = "nornir_napalm + netmiko"

    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command."""
        peer = str(HERE / "peers/nornir_netmiko.py")
        return [sys.executable, peer, f"{job.directory}/job.json", str(workers)]

    def check(self, job: Job, output: Path) -> None:
        """Raise where a switch did not answer every command, or not the first with its name."""
        got = json.loads(output.read_text())
        self.require(job, sum(map(len, got.values())), len(facts()) * len(job.switches), "outputs")
        for switch in job.switches:
            answers = got[str(switch.address)]
            if switch.name.partition(".")[0] not in answers[0] or '"ifname"' not in answers[2]:
                raise BenchError(f"{self.name}: {switch.name} answered {answers[0][:80]!r}.")


class Ansible(Client):
    """One ad-hoc task of Ansible.

    Args:
        module: ``raw`` or ``shell``.
        program: the ``ansible`` command.
        own: leave the key exchange to OpenSSH.
    """

    def __init__(self, module: str, program: Path, *, own: bool = False) -> None:
        self.name = f"ansible {module}{OWN if own else ''}"
        self._options = SSH if own else SSH + SAME
        self._module = module
        self._program = program

    def command(self, job: Job, workers: int) -> list[str]:
        """Return the command."""
        ansible.write_files(job, self._options)
        arguments = ansible.arguments(self._module, job.script.read_text())
        words = ["all", "-i", "inventory", "-m", self._module, "-a", arguments]
        return [str(self._program), *words, "-f", str(workers)]

    def environment(self, job: Job) -> dict[str, str]:
        """Return its settings."""
        return {"ANSIBLE_CONFIG": f"{job.directory}/ansible.cfg", "LANG": "C.UTF-8"}


def clients(names: Sequence[str]) -> list[Client]:
    """Return the clients named by ``--client``; all of them where none is named."""
    made: dict[str, Client] = {
        "vip": Vip(),
        "paramiko": Paramiko(),
        "ssh": Ssh(),
        "ssh-own": Ssh(own=True),
        "nornir": Nornir(),
    }
    if not names or any(name.startswith("ansible") for name in names):
        program = ansible.program()
        made |= {f"ansible-{module}": Ansible(module, program) for module in ("raw", "shell")}
        made["ansible-shell-own"] = Ansible("shell", program, own=True)
    return [client for name, client in made.items() if not names or name in names]


NAMES = (
    *("vip", "paramiko", "ssh", "ssh-own", "nornir"),
    *("ansible-raw", "ansible-shell", "ansible-shell-own"),
)
