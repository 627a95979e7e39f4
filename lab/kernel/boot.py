"""How the lab's kernel is booted: its command line, its init, and what a machine must have for it.

Its root is the machine's own root, read-only, below an overlay in memory. What the guest writes is
gone with it, but for the directories that are mounted to be written through.
"""

from __future__ import annotations

import json
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.kernel.package import KERNEL
from lab.kernel.place import Place
from lab.machine.guest import HOME
from lab.topology.default import LabError

#: Megabytes of memory that a lab may use; what it does not touch costs nothing.
MEMORY = 3072
#: What a lab of two leafs touches, measured, and some more.
LEAST_MEMORY = 1024
MODULES = (
    *("overlay", "8021q", "vrf", "bonding", "dummy", "bridge", "vxlan", "macvlan", "veth", "tun"),
    *("sch_netem", "sch_ingress", "cls_flower", "act_gact", "nf_tables"),
)

# Everything is put together below /run, and becomes the root at the end. A step that fails ends the
# kernel, and the console says which.
_INIT = """\
#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
off() { echo o > /proc/sysrq-trigger; sleep 60; }
must() { "$@" || { echo "The lab's kernel could not: $*"; off; }; }
must mount -t proc proc /proc
must mount -t sysfs sysfs /sys
grep -q " /dev devtmpfs" /proc/mounts || must mount -t devtmpfs dev /dev
must mount -t tmpfs -o mode=755,size=75% tmpfs /run
mkdir /run/upper /run/work /run/root
for module in $modules; do must chroot "$kernel" /sbin/modprobe "$module"; done
must mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work overlay /run/root
cd /run/root
must mount --bind /proc proc
must mount --bind /sys sys
must mount --bind /dev dev
mkdir -p dev/pts dev/shm
must mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts
must mount -t tmpfs -o mode=1777 tmpfs dev/shm
must mount -t tmpfs -o mode=755 tmpfs run
mkdir -p "run/${home#/run/}/seat" run/lock
must mount -t hostfs -o "$seat" none "run/${home#/run/}/seat"
printf '%s\\n' "$facts" > "run/${home#/run/}/guest.json"
for directory in $written; do
    mkdir -p "./$directory"
    must mount -t hostfs -o "$directory" none "./$directory"
done
mount -t cgroup2 cgroup2 sys/fs/cgroup || mount -t tmpfs cgroup sys/fs/cgroup
modules_of=lib/modules/$(uname -r)
mkdir -p "$modules_of" && mount --bind "$kernel/$modules_of" "$modules_of"
mkdir -p run/old
must pivot_root . run/old
cd /
umount -l /run/old && rmdir /run/old
printf '%s\\n' '#!/bin/sh' "exec chroot '$kernel' /sbin/modprobe \\"\\$@\\"" > "$home/modprobe"
chmod 755 "$home/modprobe"
echo "$home/modprobe" > /proc/sys/kernel/modprobe
echo "$host" > /proc/sys/kernel/hostname
ip link set lo up
stty -F /dev/ttyS0 raw -echo
PYTHONPATH=$library "$python" -S -m lab.kernel.agent /dev/ttyS0
echo "The agent ended with $?."
off
"""


def available_memory(meminfo: str) -> int:
    """Return the megabytes that can still be used, from the text of ``/proc/meminfo``."""
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0


def require_memory(megabytes: int) -> None:
    """Raise where the machine, or its container, has not the memory that a lab touches."""
    if megabytes < LEAST_MEMORY:
        message = f"A lab needs {LEAST_MEMORY} MB; --memory {megabytes} is too little."
        raise LabError(message)
    left = available_memory(Path("/proc/meminfo").read_text())
    limit = _container_left()
    left = left if limit is None else min(left, limit)
    if left < LEAST_MEMORY:
        raise LabError(
            f"The lab's kernel needs {LEAST_MEMORY} MB of memory; this machine has {left} MB left.",
            "End something, or use the machine's own kernel: vip lab up --kernel host",
        )


def _container_left() -> int | None:
    """Return the megabytes that this process's cgroup may still use; None where nothing limits."""
    group = Path("/sys/fs/cgroup")
    try:
        most = (group / "memory.max").read_text().strip()
        used = (group / "memory.current").read_text().strip()
    except OSError:
        return None
    return None if most == "max" else (int(most) - int(used)) // (1024 * 1024)


def write_init(place: Place, written: Sequence[Path]) -> None:
    """Write the guest's init.

    Args:
        place: the lab's directory.
        written: directories that the guest writes through to the machine.
    """
    values = {
        "modules": " ".join(MODULES),
        "kernel": str(KERNEL.path),
        "home": str(HOME),
        "seat": str(place.seat),
        "facts": json.dumps({"seat": str(HOME / "seat")}),
        "written": " ".join(map(str, written)),
        "host": socket.gethostname(),
        "library": str(Path(__file__).parents[2]),
        "python": sys.executable,
    }
    lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    first, rest = _INIT.split("\n", 1)
    place.init.write_text("\n".join([first, *lines, rest]))
    place.init.chmod(0o755)


# UML keeps its memory in a file: on a file system of its own, neither noexec nor too small, that is
# gone with the last of its processes.
_OWN_MEMORY = """\
mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$2" || {
    echo "A file system in memory could not be mounted."; exit 1; }
export TMPDIR="$2" HOME="$2"
shift 2
exec "$@"
"""


def command_line(place: Place, memory: int) -> list[str]:
    """Return the command that is the kernel; ``{line}`` stands for the descriptor of its line."""
    kernel = [
        str(KERNEL.path / "usr/bin/linux.uml"),
        f"mem={memory}M",
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"),
        f"init={place.init}",
        *("con=null", "con0=null,fd:1", "ssl=null", "ssl0=fd:{line}"),
        f"uml_dir={place.memory}/",
        "umid=lab",
    ]
    return [*own_memory(place, memory), *kernel]


def own_memory(place: Place, memory: int) -> list[str]:
    """Return the beginning of a command that gives a kernel a place for its memory."""
    # The file of the memory has a little more than the memory.
    sizes = [str(memory + 64), str(place.memory)]
    return ["unshare", "--mount", "--", "sh", "-c", _OWN_MEMORY, "kernel", *sizes]
