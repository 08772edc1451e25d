"""Secrets: `nexus_`, 32 random letters and digits (190 bits), and a checksum of 6.

The checksum lets scanners find leaked ones without asking us. Only a SHA-256 is stored: a long random secret
needs no slow hash.
"""

import hashlib
import secrets
import string
import zlib

SHOWN_LENGTH = 12
"""How much of a secret's beginning is kept, for people to tell keys apart."""


def new_secret() -> str:
    """Make a secret with its checksum."""
    random_part = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"{_PREFIX}{random_part}{_checksum(random_part)}"


def is_well_formed(secret: str) -> bool:
    """Tell whether the text has a secret's form and checksum, without asking the store."""
    body = secret.removeprefix(_PREFIX)
    well_made = secret.startswith(_PREFIX) and len(body) == _RANDOM_LENGTH + _CHECKSUM_LENGTH
    return well_made and body.isascii() and _checksum(body[:_RANDOM_LENGTH]) == body[_RANDOM_LENGTH:]


def hash_secret(secret: str) -> str:
    """Digest a secret as it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


_PREFIX = "nexus_"
_ALPHABET = string.digits + string.ascii_letters
_RANDOM_LENGTH = 32
_CHECKSUM_LENGTH = 6
