"""The site's systems, each behind a small protocol: see ``protocols`` and ``registry``."""
