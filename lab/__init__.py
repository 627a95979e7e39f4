"""The embedded lab: a fabric of real switches, hypervisors and VMs on one machine."""
