"""Stand-ins for the site's web systems, which answer as the real ones were measured to answer.

Each is a WSGI application made from the lab's topology, with faults that can be switched while
it runs: ``create_mimic``, ``create_subnet_page`` and ``create_openstack`` (three applications).
``python -m lab.standins`` serves all of them on the lab's addresses; ``StandIns`` serves them
on 127.0.0.1, for tests.
"""

from lab.standins.faults import Faults, UnknownFaultError, list_faults
from lab.standins.mimic.app import create_mimic
from lab.standins.openstack.apps import OpenStackApps, create_openstack
from lab.standins.openstack.cloud import Endpoints
from lab.standins.server import StandIns
from lab.standins.subnet_page import create_subnet_page

__all__ = [
    "Endpoints",
    "Faults",
    "OpenStackApps",
    "StandIns",
    "UnknownFaultError",
    "create_mimic",
    "create_openstack",
    "create_subnet_page",
    "list_faults",
]
