"""Private keys of every kind, and their certificates."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import paramiko
from paramiko.agent import AgentKey
from paramiko.message import Message
from paramiko.pkey import PublicBlob

from napalm_cumulus.ssh.file_cache import FileCache

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KEY_CLASSES: tuple[type[paramiko.PKey], ...] = (
    paramiko.Ed25519Key,
    paramiko.ECDSAKey,
    paramiko.RSAKey,
)
_CERTIFICATE = "-cert-v01@openssh.com"


def load_key(path: Path, passphrase: str | None) -> paramiko.PKey:
    """Return a private key of any kind that paramiko supports; a changed file is read again.

    Opening an encrypted key takes a tenth of a second on purpose, too long for each session.

    Raises:
        paramiko.PasswordRequiredException: it is encrypted and there is no passphrase.
        paramiko.SSHException: it is not a usable key, or the passphrase is wrong.
        OSError: it cannot be read.
    """
    return _LOADED.get(path, passphrase)


def _load(path: Path, passphrase: str | None) -> paramiko.PKey:
    reasons: list[str] = []
    for key_class in _KEY_CLASSES:
        key = _load_as(key_class, path, passphrase, reasons)
        if key is not None:
            return key
    said = "; ".join(dict.fromkeys(reasons))
    raise paramiko.SSHException(f"no private key of a known type, or a wrong passphrase ({said})")


_LOADED = FileCache(_load)


def _load_as(
    key_class: type[paramiko.PKey], path: Path, passphrase: str | None, reasons: list[str]
) -> paramiko.PKey | None:
    try:
        return key_class.from_private_key_file(str(path), passphrase)
    except paramiko.PasswordRequiredException:
        raise
    except (paramiko.SSHException, ValueError, TypeError, IndexError) as error:
        reasons.append(str(error) or type(error).__name__)
        return None


def load_certificates(paths: Iterable[Path], tried: list[str]) -> dict[Path, PublicBlob]:
    """Return the certificates that exist; one that cannot be used is added to ``tried``."""
    loaded = ((path, _certificate_or_note(path, tried)) for path in dict.fromkeys(paths))
    return {path: blob for path, blob in loaded if blob is not None}


def _certificate_or_note(path: Path, tried: list[str]) -> PublicBlob | None:
    try:
        blob = PublicBlob.from_file(str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        tried.append(f"certificate {path} (cannot be read: {error.strerror})")
        return None
    except (ValueError, IndexError, paramiko.SSHException) as error:
        tried.append(f"certificate {path} (not usable: {error})")
        return None
    if not blob.key_type.endswith(_CERTIFICATE):
        tried.append(f"certificate {path} (is none, but a key of type {blob.key_type})")
        return None
    return blob


def belongs(certificate: PublicBlob, key: paramiko.PKey) -> bool:
    """Return whether the certificate is for exactly this key."""
    if isinstance(key, AgentKey) and key.name.endswith(_CERTIFICATE):
        return False  # the agent's own certificates are keys of their own
    signed = Message(certificate.key_blob)
    plain = Message(key.asbytes())
    if signed.get_text().removesuffix(_CERTIFICATE) != plain.get_text():
        return False
    signed.get_binary()  # the nonce
    return signed.get_remainder().startswith(plain.get_remainder())


def certified(key: paramiko.PKey, certificate: PublicBlob) -> paramiko.PKey:
    """Return the key with its certificate, which is what it then shows."""
    # AgentKey passes on attributes that it does not have yet, so it cannot be copied.
    twin = (
        AgentKey(key.agent, key.blob, key.comment) if isinstance(key, AgentKey) else copy.copy(key)
    )
    twin.public_blob = certificate
    return twin


def from_agent(key: AgentKey) -> paramiko.PKey:
    """Return the agent's key, shown with its certificate if it has one; paramiko forgets that."""
    if key.name.endswith(_CERTIFICATE):
        return certified(key, PublicBlob(key.name, key.blob))
    return key
