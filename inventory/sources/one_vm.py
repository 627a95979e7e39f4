"""The one VM that a person means, or why there is none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from inventory.errors import SourceError, TargetError
from inventory.names import one_line
from inventory.sources.openstack.source import classify
from inventory.sources.protocols import KeptNames, NameSource

if TYPE_CHECKING:
    from inventory.model import Answer, VirtualMachine
    from inventory.sources.protocols import ComputeSource, Source

#: The prefix that says that a text is a VM's name, whatever it looks like.
BY_NAME = "name"


def vms_named(compute: ComputeSource, name: str) -> Answer[tuple[VirtualMachine, ...]]:
    """Return the VMs of a name; one that looks like nothing else any source finds.

    Raises:
        TargetError: the text cannot name a VM.
        SourceError: the source failed, or cannot look for a VM by its name alone.
    """
    if isinstance(classify(name), str):
        return compute.find_vms(name)
    if not isinstance(compute, NameSource):
        raise SourceError(compute.system, "it cannot look for a VM by its name alone.")
    return compute.vms_named(name)


def one_vm(
    answer: Answer[tuple[VirtualMachine, ...]],
    target: str,
    compute: Source,
    *,
    by_name: bool = False,
) -> VirtualMachine:
    """Return the only VM of an answer.

    Args:
        answer: the answer.
        target: the text that was asked for.
        compute: who was asked; a name in its kept answers may have been meant.
        by_name: whether the text was taken for a name, whatever it looks like.

    Raises:
        TargetError: there is none, or there are several; the message lists them.
    """
    vms = answer.value
    if len(vms) == 1:
        return vms[0]
    if not vms:
        kind = str if by_name else type(classify(target))
        what = {str: "name", uuid.UUID: "id"}.get(kind, "address")
        raise TargetError(
            f'{answer.source} has no VM with the {what} "{one_line(target, 80)}".',
            "Check the spelling (case matters); the VM may have been deleted."
            if kind is str
            else f"The VM may have been deleted. If that is its name: {BY_NAME}:{target}",
        ).naming(target, kept_names(compute) if kind is str else ())
    listed = "; ".join(
        f"{vm.id} in project {vm.project_id}, {vm.status}, on {vm.hypervisor or 'no hypervisor'}"
        for vm in vms
    )
    raise TargetError(
        f'{len(vms)} VMs answer to "{one_line(target, 80)}": {listed}.', "Give the id of one."
    )


def target_of(name: str) -> str:
    """Return the target that means the VM of that name, whatever it looks like.

    >>> target_of("vm-a1"), target_of("10.0.0.1"), target_of("hypervisor:hv50"), target_of("-f")
    ('vm-a1', 'name:10.0.0.1', 'name:hypervisor:hv50', 'name:-f')
    """
    try:
        plain = isinstance(classify(name), str)
    except TargetError:
        plain = False
    odd = not plain or ":" in name or name.startswith("-")
    return f"{BY_NAME}:{name}" if odd else name


def kept_names(source: Source) -> tuple[str, ...]:
    """Return the names in the kept answers of a source; one of them may have been meant."""
    return source.known_names() if isinstance(source, KeptNames) else ()
