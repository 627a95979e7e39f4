"""Mimic, with its drawings and its MagDB."""
