"""SSH keys in OpenSSH's own forms."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def host_keys(comment: str) -> dict[str, tuple[str, str]]:
    """Return new SSH host keys: file name to private and public text."""
    keys: dict[str, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey] = {
        "ssh_host_ed25519_key": ed25519.Ed25519PrivateKey.generate(),
        "ssh_host_ecdsa_key": ec.generate_private_key(ec.SECP256R1()),
    }
    return {name: key_texts(key, comment) for name, key in keys.items()}


def key_texts(
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, comment: str
) -> tuple[str, str]:
    """Return a key in OpenSSH's private and public forms."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return private, f"{public} {comment}\n"
