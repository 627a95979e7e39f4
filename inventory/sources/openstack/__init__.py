"""OpenStack: the hypervisor of a VM, and the owner of a MAC."""
