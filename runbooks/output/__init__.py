"""The forms of a check of the fleet: pure functions from ``FleetHealth`` to text.

One module for each form. ``runbooks.output.forms`` lists them, and imports the form in use:

* ``runbooks.output.table.render_table`` for a terminal or a pipe,
* ``runbooks.output.as_json.to_json``, whose schema is ``docs/schemas/fleet-health-2.json``,
* ``runbooks.output.junit.to_junit``, ``runbooks.output.nagios.to_nagios``,
* ``runbooks.output.prometheus.to_prometheus`` and ``collector``,
* ``runbooks.output.map.to_html``, one file for a browser.

``runbooks.output.placement`` says which hypervisors and VMs are under a switch.
"""
