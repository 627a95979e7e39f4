"""Who else is cut off: one VM, one hypervisor, one leaf, or more than that.

A VM that answers proves much. A VM that is silent proves little, since many VMs block pings: a
sample counts as cut off only when nobody in it answers. ``runbooks.incident.survey`` pings them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Scope(str, Enum):
    """How much is cut off, as far as could be seen; ``NOBODY`` where the target answers."""

    NOBODY = "nobody"
    VM = "one VM"
    HYPERVISOR = "one hypervisor"
    LEAF = "one leaf"
    FLEET = "more than one leaf"
    UNKNOWN = "cannot say"


@dataclass(frozen=True)
class Sample:
    """VMs that were compared with the target.

    Attributes:
        where: where they run, in words for a person.
        answering: names of those that answer.
        silent: names of those that do not.
        leaf: their switch; empty for VMs on the target's hypervisor.
    """

    where: str
    answering: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    leaf: str = ""

    @property
    def size(self) -> int:
        """Return the number of VMs that were pinged."""
        return len(self.answering) + len(self.silent)

    def __str__(self) -> str:
        return f"{len(self.answering)} of {self.size} {self.where}"


@dataclass(frozen=True)
class Impact:
    """What was seen of other VMs.

    Attributes:
        scope: the conclusion.
        beside: other VMs of the same hypervisor.
        leaf: VMs of other hypervisors on the same switch.
        elsewhere: VMs behind other switches, a sample for each switch.
        warnings: what could not be found out.
        seconds: how long it took.
    """

    scope: Scope
    beside: Sample
    leaf: Sample
    elsewhere: tuple[Sample, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """Return the conclusion, with the counts it rests on."""
        groups = [g for g in (self.beside, self.leaf, *self.elsewhere) if g.size]
        counts = ", ".join(map(str, groups))
        nobody = f"{'nobody was found' if self.warnings else 'there is nobody'} to compare with"
        if self.scope is not Scope.NOBODY:
            return f"{self.scope.value}: {f'{counts} answer' if groups else nobody}"
        if not groups:
            return f"not the target, which answers; {nobody}"
        if all(group.answering for group in groups):
            return f"nobody: the target answers, and so do {counts}"
        # They may block pings, and they may be cut off: that the target answers tells neither.
        return f"not the target, which answers; of the others, {counts} answer"


def conclude(
    beside: Sample,
    leaf: Sample,
    elsewhere: Sequence[Sample],
    *,
    several: bool = False,
    answers: bool = False,
) -> Scope:
    """Return how far an outage reaches, assuming that the target is cut off.

    Args:
        beside: other VMs of the same hypervisor.
        leaf: VMs of other hypervisors on the same switch.
        elsewhere: VMs behind other switches, a sample for each switch.
        several: whether the target is several VMs of one hypervisor.
        answers: whether the target answers after all.
    """
    if answers:
        return Scope.NOBODY
    if beside.answering or (leaf.answering and not (beside.size or several)):
        return Scope.VM
    if leaf.answering:
        return Scope.HYPERVISOR
    probed = [group for group in elsewhere if group.size]
    gone = [group for group in probed if not group.answering]
    if 2 * len(gone) > len(probed):
        return Scope.FLEET
    if leaf.size:
        return Scope.LEAF
    # Nobody else on the switch can be asked, so it may be the hypervisor alone.
    return Scope.HYPERVISOR if probed and (beside.size or several) else Scope.UNKNOWN
