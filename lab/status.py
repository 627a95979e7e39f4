"""The present state of a lab, observed from outside and never stored."""

from __future__ import annotations

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.faults.inject import FaultInjector
from lab.machine import netns

if TYPE_CHECKING:
    from lab.fabric.leaf import Leaf
    from lab.faults.catalogue import ActiveFault
    from lab.lab import Lab
    from lab.topology.default import ServiceSpec


@dataclass(frozen=True)
class LeafStatus:
    """A leaf.

    Whether it is powered on and booted, its SSH answers in the seat, and the VIP is there.
    """

    name: str
    running: bool
    ready: bool
    ssh: bool
    vip: bool


@dataclass(frozen=True)
class VmStatus:
    """A VM: whether it should run, and whether it answers from outside."""

    name: str
    address: str
    hypervisor: str
    leaf: str
    status: str
    running: bool
    answers: bool


@dataclass(frozen=True)
class ServiceStatus:
    """A web system: whether it answers by HTTP."""

    name: str
    url: str
    answers: bool


@dataclass(frozen=True)
class LabStatus:
    """The state of every part of a lab."""

    name: str
    kind: str
    leafs: tuple[LeafStatus, ...]
    vms: tuple[VmStatus, ...]
    services: tuple[ServiceStatus, ...]
    faults: tuple[ActiveFault, ...]


def look(lab: Lab, *, web: bool = True) -> LabStatus:
    """Observe every part of a lab at once.

    Args:
        lab: the lab; it must be up.
        web: whether to observe the web systems, too.
    """
    topology = lab.topology
    with ThreadPoolExecutor(8) as pool:
        leafs = pool.map(lambda leaf: _leaf(lab, leaf), lab.leafs())
        answers = pool.map(
            lambda vm: vm.running and lab.vm_answers(vm),
            topology.vms,
        )
        services = pool.map(lambda s: _service(lab, s), topology.services if web else ())
        vms = []
        for vm, answer in zip(topology.vms, answers, strict=True):
            host = topology.hypervisor(vm.hypervisor).short_name if vm.hypervisor else ""
            vms.append(
                VmStatus(
                    name=vm.name,
                    address=str(vm.address.ip) if vm.address else "",
                    hypervisor=host,
                    leaf=topology.leaf_of(vm).short_name if vm.hypervisor else "",
                    status=vm.status,
                    running=vm.running,
                    answers=bool(answer),
                )
            )
        return LabStatus(
            name=lab.name,
            kind=lab.kind,
            leafs=tuple(leafs),
            vms=tuple(vms),
            services=tuple(services),
            faults=tuple(FaultInjector(lab).active()),
        )


def _leaf(lab: Lab, leaf: Leaf) -> LeafStatus:
    running = leaf.running
    return LeafStatus(
        name=leaf.spec.short_name,
        running=running,
        ready=running and leaf.ready,
        ssh=running and netns.in_namespace(lab.fabric.ns("seat"), lambda: _greets(leaf)),
        vip=running and leaf.has_vip(),
    )


def _greets(leaf: Leaf) -> bool:
    try:
        with socket.create_connection((str(leaf.spec.address.ip), 22), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _service(lab: Lab, service: ServiceSpec) -> ServiceStatus:
    def ask() -> bool:
        connection = http.client.HTTPConnection(str(service.address), service.port, timeout=2)
        try:
            connection.request("GET", service.path)
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    answers = netns.in_namespace(lab.fabric.ns("seat"), ask)
    return ServiceStatus(service.name, service.url, answers)
