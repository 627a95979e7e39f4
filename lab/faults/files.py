"""Faults of the files in ``/etc/network`` (k): what shows only at the next boot."""

from __future__ import annotations

from lab.faults.model import NOTHING_YET, Fault, Script

_FILES = '$(grep -Rl "^#*auto $svi\\$" /etc/network/interfaces /etc/network/interfaces.d)'

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vip-not-auto",
        id="k1",
        does="comments the auto line of the SVI's stanza out; nothing is reloaded",
        seen=NOTHING_YET,
        cure="none",
        latent=True,
        leaf=Script(
            f'sed -i "s/^auto $svi\\$/#&/" {_FILES}',
            f'sed -i "s/^#\\(auto $svi\\)\\$/\\1/" {_FILES}',
        ),
    ),
)
