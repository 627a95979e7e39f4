"""What the site's monitoring has seen of a switch's ports: Observium and LibreNMS."""
