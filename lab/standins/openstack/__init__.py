"""Keystone, Nova and Neutron, in the versions of the site."""
