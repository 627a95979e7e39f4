"""Many switches: selecting, checking and healing them."""
