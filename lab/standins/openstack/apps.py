"""A stand-in of OpenStack: Keystone v3, Nova and Neutron over one state."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask

from lab.standins.faults import Faults
from lab.standins.openstack.cloud import Cloud, Endpoints
from lab.standins.openstack.keystone import create_keystone
from lab.standins.openstack.neutron import create_neutron
from lab.standins.openstack.nova import create_nova
from lab.topology.default import Topology


class OpenStackApps(NamedTuple):
    """The three WSGI applications of one cloud; each is served on a port of its own."""

    keystone: Flask
    nova: Flask
    neutron: Flask


def create_openstack(
    topology: Topology, faults: Faults, endpoints: Endpoints | None = None
) -> OpenStackApps:
    """Return Keystone v3, Nova and Neutron over one state, as three WSGI applications.

    Args:
        topology: the lab; all content comes from it.
        faults: the faults in force.
        endpoints: the addresses for the catalogue; by default the lab's own.
    """
    cloud = Cloud(topology, faults, endpoints or Endpoints.of(topology))
    return OpenStackApps(create_keystone(cloud), create_nova(cloud), create_neutron(cloud))
