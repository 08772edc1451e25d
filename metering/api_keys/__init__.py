"""API keys: issued, rotated and revoked, and recognised by their secrets while they live."""

from metering.api_keys.issuing import (
    ACCOUNT_SCOPES,
    API_KEYS,
    IssuedKey,
    issue_api_key,
    keys_of,
    revoke_api_key,
)
from metering.api_keys.recognition import (
    USE_NOTED_EVERY,
    KeyUse,
    is_live,
    keys_with_secrets,
    live,
    live_secrets,
    note_key_uses,
)
from metering.api_keys.rotation import DEFAULT_OVERLAP, LONGEST_OVERLAP, rotate_api_key
from metering.api_keys.secret import hash_secret, is_well_formed, new_secret

__all__ = [
    "ACCOUNT_SCOPES",
    "API_KEYS",
    "DEFAULT_OVERLAP",
    "LONGEST_OVERLAP",
    "USE_NOTED_EVERY",
    "IssuedKey",
    "KeyUse",
    "hash_secret",
    "is_live",
    "is_well_formed",
    "issue_api_key",
    "keys_of",
    "keys_with_secrets",
    "live",
    "live_secrets",
    "new_secret",
    "note_key_uses",
    "revoke_api_key",
    "rotate_api_key",
]
