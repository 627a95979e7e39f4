"""What the person who asks says of the path to a target, in place of a source that is down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from ipaddress import ip_interface
from typing import TypeVar

from inventory.errors import TargetError
from inventory.model import Answer, Switch, VirtualMachine
from inventory.names import is_address, same_host, short_host

T = TypeVar("T")
#: Who says what stands on the command line.
COMMAND_LINE = "Command line"
#: The state of a VM whose record nobody could be asked for.
NOT_ASKED = "NOT ASKED"


@dataclass(frozen=True)
class Given:
    """What the person says of the path.

    It is never believed more than a source: the switch has to confirm it as well.

    Attributes:
        switch: the switch behind which the target is; the uplink source is not asked then.
        hypervisor: the hypervisor of the VM, for when OpenStack cannot be asked.
        macs: MACs of the VM, in lower case, for when OpenStack cannot be asked.
    """

    switch: Switch | None = None
    hypervisor: str = ""
    macs: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """Return the words of the command line that say so."""
        switch = ("--switch", short_host(self.switch.name)) if self.switch else ()
        hypervisor = ("--hypervisor", self.hypervisor) if self.hypervisor else ()
        return (*switch, *hypervisor, *(word for mac in self.macs for word in ("--mac", mac)))

    def describes(self, target: str) -> bool:
        """Return whether a target can be followed by this alone: an address, and a place."""
        return is_address(target) and bool(self.switch or self.hypervisor)

    def vm(self, address: str) -> Answer[VirtualMachine]:
        """Return the VM with an address, as far as the person describes it."""
        vm = VirtualMachine(
            id="",
            name=address,
            project_id="",
            status=NOT_ASKED,
            hypervisor=self.hypervisor,
            addresses=(ip_interface(address),),
            macs=self.macs,
        )
        return said(vm)

    def agreed(
        self, answer: Answer[VirtualMachine], warn: Callable[[str], None]
    ) -> Answer[VirtualMachine]:
        """Return the record of a VM; where a kept one says otherwise, as the person says.

        Args:
            answer: the record.
            warn: is told what a kept record says otherwise.

        Raises:
            TargetError: the source itself says otherwise.
        """
        vm, contradictions = answer.value, []
        if self.hypervisor and not same_host(self.hypervisor, vm.hypervisor):
            where = vm.hypervisor or "no hypervisor"
            contradictions.append(f"on {where}, and --hypervisor says {self.hypervisor}")
            vm = replace(vm, hypervisor=self.hypervisor)
        strange = [mac for mac in self.macs if mac not in vm.macs]
        if strange:
            known = ", ".join(vm.macs) or "none"
            contradictions.append(f"at the MAC {known}, and --mac says {', '.join(strange)}")
            vm = replace(vm, macs=self.macs)
        for text in contradictions:
            if not answer.cached:
                raise TargetError(
                    f"{answer.source} says that {vm.name} is {text}",
                    "Leave that option out, or find out which is right: vip find",
                )
            warn(f"The kept answer of {answer.source} says that {vm.name} is {text}.")
        return replace(answer, value=vm)

    def require_no_vm(self, hypervisor: str) -> None:
        """Raise TargetError where a VM is described and the target is a hypervisor."""
        if self.hypervisor or self.macs:
            raise TargetError(
                f"{hypervisor} is a hypervisor; --hypervisor and --mac describe a VM",
                "Leave them out, or name the VM's address.",
            )

    def require_nothing(self, switch: str) -> None:
        """Raise TargetError where a path is described and the target is a switch."""
        if self != NOTHING_GIVEN:
            raise TargetError(
                f"{switch} is a switch; --switch, --hypervisor and --mac describe the path of a VM",
                "Leave them out, or name the VM or its hypervisor.",
            )


NOTHING_GIVEN = Given()


def said(value: T) -> Answer[T]:
    """Return as an answer what stands on the command line."""
    return Answer(value, COMMAND_LINE, datetime.now(timezone.utc))
