"""The disk image of leafs that are whole machines: built once from the tree, kept beside it.

Each machine writes into a copy-on-write file of its own; the image itself is never written to.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from lab.machine.shell import call, require_tools
from lab.machine.tree import building

#: What the image can grow to; only what is written takes space.
_SIZE = "3G"
#: The program that the kernel has to start, by its path on the disk.
INIT = "usr/local/sbin/leaf-init"
#: Not where systemd would find it: its units that load modules cost seconds, and find none.
MODPROBE = "usr/local/lib/leaf/modprobe"
#: Number 1 of the machine at first. ``DISK`` is on the kernel's command line: what makes this
#: switch another than the next. It is copied once, and then stands on the disk like all else.
_INIT = f"""\
#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo /{MODPROBE} >/proc/sys/kernel/modprobe
if [ ! -e /var/lib/leaf-installed ]; then
    mount -t hostfs hostfs /mnt -o "$DISK" && cp -a /mnt/. / && sync &&
        : >/var/lib/leaf-installed && sync
    umount /mnt
fi
. /usr/local/lib/leaf/first
"""
# Two lower layers and no upper one: nothing is copied, and nothing can be written. The mount goes
# with the process.
_MAKE = """\
mount --make-rprivate /
mount -t overlay -o "lowerdir=$1" overlay "$2"
exec mke2fs -q -t ext4 -m 0 -L leaf -E root_owner=0:0 -d "$2" "$3" "$4"
"""


def ensure_image(tree: Path, kernel: Path) -> Path:
    """Return the image; build it first when this machine does not have it yet.

    Args:
        tree: the read-only tree with the switch software.
        kernel: the tree with the kernel and its modules.
    """
    what = f"{tree.name} {kernel.name} {_SIZE} {_INIT}"
    image = tree.parent / f"disk-{hashlib.sha256(what.encode()).hexdigest()[:12]}.ext4"
    if not image.exists():
        require_tools({"mke2fs": "e2fsprogs"})
        with building(image):
            if not image.exists():
                _build(image, tree, kernel)
    return image


def _build(image: Path, tree: Path, kernel: Path) -> None:
    (modules,) = (kernel / "lib/modules").iterdir()
    with tempfile.TemporaryDirectory(prefix="build-", dir=image.parent) as name:
        scratch = Path(name)
        more, whole, new = scratch / "more", scratch / "whole", scratch / "disk"
        (more / "usr/lib/modules").mkdir(parents=True)
        (more / INIT).parent.mkdir(parents=True)
        (more / MODPROBE).parent.mkdir(parents=True)
        whole.mkdir()
        shutil.copytree(modules, more / "usr/lib/modules" / modules.name, symlinks=True)
        shutil.copy(kernel / "bin/kmod", more / MODPROBE)
        init = more / INIT
        init.write_text(_INIT)
        init.chmod(0o755)
        argv = ["unshare", "--mount", "sh", "-ec", _MAKE, "make"]
        call([*argv, f"{more}:{tree}", str(whole), str(new), _SIZE], timeout=600)
        new.rename(image)
    with suppress(OSError):
        image.chmod(0o444)
