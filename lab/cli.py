"""``vip lab``: the lab on the command line."""

from __future__ import annotations

import os
import sys
import time
from enum import Enum
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lab.demo import default_name, run_demo
from lab.fabric.boot import require_fit, trees
from lab.fabric.releases import Iproute2, Lldpctl
from lab.faults.catalogue import FAULTS, ActiveFault, FaultReport
from lab.faults.inject import FaultInjector
from lab.kernel.boot import MEMORY
from lab.kernel.carry import KernelChoice, carry, command_line, needs_own_kernel
from lab.kernel.client import leave_as
from lab.kernel.package import KERNEL
from lab.lab import Lab
from lab.machine.kernel import missing
from lab.status import LabStatus, look
from lab.topology.default import (
    LabError,
    LabUsageError,
    Routing,
    Shape,
    Topology,
    default_topology,
)
from lab.topology.drawing import draw
from lab.web import poll as poll_leafs
from nornir_config.terminal import width_of

app = typer.Typer(
    name="lab",
    help="A fabric of real switches on this machine, to rehearse on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_YES, _NO = "[green]yes[/]", "[red]no[/]"

Name = Annotated[
    str, typer.Option("--name", envvar="VIPKEEPER_LAB", help="The lab's name; several can be up.")
]


class LeafKind(str, Enum):
    """How leafs are made."""

    auto = "auto"
    container = "container"
    namespace = "namespace"
    vm = "vm"


OwnKernel = Annotated[
    KernelChoice,
    typer.Option(help="The machine's own, user-mode Linux, or the former if it can bear the lab."),
]
Memory = Annotated[
    int, typer.Option(metavar="MB", help="What a kernel of its own may use at most.")
]


def _lab(name: str, *, stdin: bool = False) -> Lab:
    """Return a lab; where it has a kernel of its own, the whole command runs in there instead."""
    lab = Lab(name)
    status = carry(lab.kernel, stdin=stdin)
    if status is not None:
        raise typer.Exit(status)
    return lab


@app.command()
def up(
    name: Name = "vk",
    kind: Annotated[
        LeafKind,
        typer.Option(
            help="Booted containers, plain namespaces, what works here; or whole machines."
        ),
    ] = LeafKind.auto,
    *,
    shape: Annotated[
        Shape, typer.Option(help="One plain VRF, or as real sites are: VRFs, bonds, mgmt.")
    ] = Shape.PLAIN,
    routing: Annotated[
        Routing | None,
        typer.Option(help="Of the real shape: over an L3VNI (symmetric, the default), or not."),
    ] = None,
    extra_leafs: Annotated[int, typer.Option(help="Further leafs, each with two VMs.")] = 0,
    iproute2: Annotated[
        Iproute2, typer.Option(help="Let the leafs' ip and bridge be as of this release.")
    ] = Iproute2.TODAY,
    lldpctl: Annotated[
        Lldpctl, typer.Option(help="Let the leafs' lldpctl lack JSON, or its form json0.")
    ] = Lldpctl.TODAY,
    kernel: OwnKernel = KernelChoice.auto,
    memory: Memory = MEMORY,
) -> None:
    """Build the lab and wait until every VM answers."""
    console = _console()
    with _telling():
        lab = Lab(name)
        topology = _topology(name, extra_leafs, shape, routing)
        own_kernel = needs_own_kernel(kernel, missing(shape))
        require_fit(kind.value, shape, own_kernel=own_kernel)
        if own_kernel:
            _in_own_kernel(lab, memory, topology)
        cold = not all(tree.path.is_dir() for tree in trees(topology))
        what = "Fetching the switch software (once)" if cold else "Building the lab"
        begin = time.monotonic()
        with console.status(f"{what} ..."):
            lab.up(topology, kind.value, iproute2=iproute2, lldpctl=lldpctl)
        seconds = time.monotonic() - begin
        console.print(draw(topology))
        console.print(
            f"The lab [bold]{name}[/] is up after {seconds:.1f} s; its leafs are "
            f"{_KINDS[lab.kind]}. Try: vip lab run -- vip trace vm-a1"
        )
        for tools, given in (("iproute2", iproute2), ("lldpctl", lldpctl)):
            if given.value != "today":
                console.print(f"Their {tools} is as {given.value}: {given.does}.", markup=False)


def _topology(name: str, extra_leafs: int, shape: Shape, routing: Routing | None) -> Topology:
    if routing is not None and shape is Shape.PLAIN:
        message = "--routing is for the real shape: the plain one has one VRF and no L3VNI."
        raise LabUsageError(message, f"Add --shape real --routing {routing.value}.")
    chosen = routing or Routing.SYMMETRIC
    return default_topology(name, extra_leafs, shape=shape, routing=chosen)


@app.command()
def down(name: Name = "vk") -> None:
    """Remove the lab; only the cached tree is kept."""
    with _telling():
        Lab(name).down()
        _console().print(f"The lab [bold]{name}[/] is down.")


@app.command()
def status(name: Name = "vk") -> None:
    """Show what answers now, and which faults are active."""
    console = _console()
    with _telling():
        lab = _lab(name)
        found = look(lab)
        leafs = _table(f"Leafs ({found.kind})", "leaf", "address", "booted", "ssh", "VIP")
        for leaf in found.leafs:
            address = str(lab.topology.leaf(leaf.name).address.ip)
            marks = (leaf.running and leaf.ready, leaf.ssh, leaf.vip)
            leafs.add_row(leaf.name, address, *(_YES if mark else _NO for mark in marks))
        vms = _table("VMs", "VM", "address", "state", "hypervisor", "leaf", "answers")
        for vm in found.vms:
            answers = (_YES if vm.answers else _NO) if vm.running else "-"
            vms.add_row(vm.name, vm.address, vm.status, vm.hypervisor, vm.leaf, answers)
        web = _table("Web systems", "system", "URL", "answers")
        for service in found.services:
            web.add_row(service.name, service.url, _YES if service.answers else _NO)
        for table in (leafs, vms, web):
            console.print(table)
        for fault in found.faults:
            console.print(_still_there(lab.topology, found, fault))
        if not found.faults:
            console.print("No fault is active.")


def _faults_like(incomplete: str) -> list[str]:
    return [fault.name for fault in FAULTS if fault.name.startswith(incomplete)]


def _leafs_like(ctx: typer.Context, incomplete: str) -> list[str]:
    found = [leaf.short_name for leaf in _drawn(ctx).leafs]
    return [name for name in found if name.startswith(incomplete)]


def _vms_like(ctx: typer.Context, incomplete: str) -> list[str]:
    found = [vm.name for vm in _drawn(ctx).vms if vm.running]
    return [name for name in found if name.startswith(incomplete)]


def _drawn(ctx: typer.Context) -> Topology:
    """Return the topology of the lab that is up, or else of one that would be."""
    name = str(ctx.params.get("name") or os.environ.get("VIPKEEPER_LAB") or "vk")
    try:
        return Lab(name).topology
    except (LabError, OSError):
        return default_topology("vk")


@app.command(name="break")
def break_(
    fault: Annotated[
        str,
        typer.Argument(help="Its name or id; see vip lab faults.", autocompletion=_faults_like),
    ],
    leaf: Annotated[
        str | None,
        typer.Option(help="On which leaf; the VM's by default.", autocompletion=_leafs_like),
    ] = None,
    vm: Annotated[
        str | None,
        typer.Option(help="Which VM; the leaf's first by default.", autocompletion=_vms_like),
    ] = None,
    name: Name = "vk",
) -> None:
    """Inject a fault, and check its effect on a VM."""
    with _telling():
        report = FaultInjector(_lab(name)).inject(fault, leaf=leaf, vm=vm)
        console = _console()
        console.print(f"{report.leaf}: {report.fault.name} - {report.fault.does}.")
        for line in _broken(report):
            console.print(line)
        if not report.as_declared:
            raise typer.Exit(1)


@app.command()
def mend(name: Name = "vk") -> None:
    """Undo every injected fault, and check that the VMs answer again."""
    with _telling():
        reports = FaultInjector(_lab(name)).mend()
        console = _console()
        if not reports:
            console.print("No fault is active.")
        for report in reports:
            console.print(_mended(report))
        if not all(report.answers for report in reports):
            raise typer.Exit(1)


@app.command()
def poll(name: Name = "vk") -> None:
    """Let the lab's Observium poll the leafs now."""
    with _telling():
        lab = _lab(name)
        lab.require_up()
        poll_leafs(lab.fabric.ns("web"), lab.topology, lab.leafs(), lab.kind)
        _console().print("Observium has polled the leafs.")


@app.command()
def faults() -> None:
    """List the faults that can be injected."""
    headings = ("name", "id", "what it does", "what a VM sees", "VM", "diagnosis", "mildest cure")
    table = _table("Faults", *headings)
    for fault in FAULTS:
        vm = "answers" if fault.latent else "cut off"
        seen = f"{fault.seen}; heals {fault.heals}" if fault.heals else fault.seen
        named = fault.diagnosis or "its name"
        table.add_row(fault.name, fault.id, fault.does, seen, vm, named, fault.cure)
    _console().print(table)


@app.command()
def demo(
    name: Annotated[
        str | None, typer.Option(help="The lab's name; by default one that is free.")
    ] = None,
    *,
    real: Annotated[bool, typer.Option("--real", help="Tell it on the real shape.")] = False,
    kernel: OwnKernel = KernelChoice.auto,
    memory: Memory = MEMORY,
) -> None:
    """Show the main job as a story: build a lab, cut a VM off, heal it, remove the lab."""
    with _telling():
        lab = Lab(name or default_name())
        shape = Shape.REAL if real else Shape.PLAIN
        topology = default_topology(lab.name, shape=shape)
        if needs_own_kernel(kernel, missing(shape)):
            try:
                _in_own_kernel(lab, memory, topology)
            finally:
                lab.down()
        status = run_demo(topology, _console())
        raise typer.Exit(status)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    name: Name = "vk",
) -> None:
    """Run a command at the operator's seat, such as vip lab run -- vip heal vm-a1."""
    with _telling():
        lab = _lab(name, stdin=True)
        lab.require_up()
        seat = lab.seat
        argv = seat.command(command)
        sys.stdout.flush()
        # It replaces this process, so terminal, signals and exit status are the command's own.
        os.execvpe(argv[0], argv, seat.environment())  # noqa: S606 - what the person asked for


def _in_own_kernel(lab: Lab, memory: int, topology: Topology) -> NoReturn:
    """Start a kernel for a lab, run this command in there, and end as it does."""
    needed = (*trees(topology), KERNEL)
    if not all(tree.path.is_dir() for tree in needed):
        _console().print("Fetching the switch software and a kernel (once) ...")
    for tree in needed:  # there is no network inside
        tree.ensure()
    raise typer.Exit(leave_as(lab.up_inside(command_line(), memory)))


_KINDS = {
    "container": "booted containers",
    "namespace": "plain namespaces",
    "vm": "whole machines",
}


class _telling:  # noqa: N801 - reads as the verb it is
    """Turn a lab's error into its message and an exit status."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LabError):
            _fail(error)


def _fail(error: LabError) -> NoReturn:
    console = Console(stderr=True)
    console.print(f"[red]Error:[/] {error}", highlight=False, soft_wrap=True)
    if error.advice:
        console.print(error.advice, highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(error.exit_code)


def _table(title: str, *headings: str) -> Table:
    """Return a table that folds on a narrow terminal, so that no name or address is truncated."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _still_there(topology: Topology, found: LabStatus, fault: ActiveFault) -> str:
    """Return a sentence about a fault that was not mended by ``vip lab mend``."""
    spec = topology.vm(fault.vm)
    address = str(spec.address.ip) if spec.address else ""
    if any(vm.answers for vm in found.vms if vm.address == address):
        return (
            f"{spec.name} answers again: {fault.fault} on {fault.leaf} was cured by hand "
            "(vip lab mend forgets it)."
        )
    return f"[red]Fault {fault.fault} on {fault.leaf}[/] (injected at {spec.name})."


def _console() -> Console:
    """Return a console that leaves the wrapping of sentences to the terminal."""
    return Console(width=width_of(sys.stdout), highlight=False, soft_wrap=True)


def _broken(report: FaultReport) -> list[str]:
    """Return the sentences about the effect of an injected fault, and its cure."""
    fault = report.fault
    cure = "nothing on the switch" if fault.cure == "none" else fault.cure
    cured = f"It is cured by: {cure}."
    if report.answers and fault.latent:
        return [f"[yellow]{report.vm} still answers: this fault is latent.[/] {cured}"]
    if report.answers:
        return [f"[yellow]{report.vm} still answers from outside.[/]"]
    alone = [f"It heals {fault.heals}."] if fault.heals else []
    return [f"[red]{report.vm} is cut off.[/] {cured}", *alone]


def _mended(report: FaultReport) -> str:
    if report.answers:
        return f"{report.leaf}: {report.fault.name} is mended, {report.vm} answers."
    return f"[red]{report.leaf}: {report.fault.name} was mended, but {report.vm} is silent.[/]"
