"""What a leaf that is a whole machine has beside a switch's software, and runs before systemd."""

from __future__ import annotations

from pathlib import Path

#: Where a leaf's disk has it.
FIRST = "usr/local/lib/leaf/first"
LIBRARY = "usr/local/lib/leaf/python"
#: It is number 1; ``PORTS`` (``eth0/MAC,...``) is on the kernel's command line.
SCRIPT = """\
/usr/local/lib/leaf/modprobe -aq \\
    ipv6 8021q bonding vrf dummy bridge vxlan macvlan veth tun sch_netem

# The kernel's own network devices take no packet above 1500 bytes. So each port is one end of a
# veth pair, and its other end is joined to such a device where nobody looks.
unshare --net sleep infinity &
cage=$!
until [ "$(readlink /proc/$cage/ns/net)" != "$(readlink /proc/1/ns/net)" ]; do sleep 0.05; done
IFS=,
number=0
for port in $PORTS; do
    mac=${port#*/} port=${port%%/*}
    echo "link add $port address $mac type veth peer name p$number netns $cage" >&3
    echo "link set vec$number netns $cage" >&3
    echo "link add b$number type bridge stp_state 0 forward_delay 0 ageing_time 0 mcast_snooping 0"
    for end in "vec$number" "p$number"; do
        echo "link set $end master b$number mtu 9216 up"
        # All but pause frames: also LLDP and LACP, which a bridge keeps.
        echo "link set $end type bridge_slave learning off group_fwd_mask 0xfffd"
    done
    echo "link set b$number up"
    number=$((number + 1))
done 3>/dev/.outside >/dev/.inside
unset IFS
ip -batch /dev/.outside
nsenter --net=/proc/$cage/ns/net sh -c '
    echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    exec ip -batch /dev/.inside'
rm -f /dev/.outside /dev/.inside

stty -F /dev/ttyS0 raw -echo
PYTHONPATH=/usr/local/lib/leaf/python setsid python3 -S -m lab.kernel.agent /dev/ttyS0 &
exec /lib/systemd/systemd
"""
#: Units that are useless here, and that a container does not start either.
MASKED = (
    *("sys-kernel-config.mount", "sys-fs-fuse-connections.mount", "sys-kernel-debug.mount"),
    *("sys-kernel-tracing.mount", "dev-hugepages.mount", "dev-mqueue.mount"),
    *("proc-sys-fs-binfmt_misc.automount", "systemd-binfmt.service", "systemd-pstore.service"),
    *(
        "systemd-modules-load.service",
        "systemd-random-seed.service",
        "systemd-tmpfiles-clean.timer",
    ),
    "kmod-static-nodes.service",
    *(f"modprobe@{name}.service" for name in ("configfs", "dm_mod", "drm", "efi_pstore", "fuse")),
)
#: It says that the boot is over; to look for a file costs less than to ask systemd.
READY = "/run/leaf-ready"
READY_UNIT = "leaf-ready.service"
_READY = f"""\
[Unit]
Description=Say that the leaf is up
After=networking.service ssh.service frr.service lldpd.service

[Service]
Type=oneshot
ExecStart=/bin/touch {READY}
"""
_AGENT = ("__init__", "kernel/__init__", "kernel/agent", "kernel/command", "kernel/frames",
          "kernel/line", "kernel/outgoing")  # fmt: skip


def first_boot_files() -> dict[str, str]:
    """Return the script, the agent of the channel and a unit, by their paths on the disk."""
    lab = Path(__file__).parents[1]
    agent = {f"{LIBRARY}/lab/{name}.py": (lab / f"{name}.py").read_text() for name in _AGENT}
    return {FIRST: SCRIPT, f"etc/systemd/system/{READY_UNIT}": _READY, **agent}
