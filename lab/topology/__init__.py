"""What the lab is made of: leafs, hypervisors, VMs and their names and addresses."""
