"""Keystone, nova and neutron, as the site has them."""
