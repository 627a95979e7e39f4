"""Finding a VM, a hypervisor or a MAC by asking the switches themselves."""
