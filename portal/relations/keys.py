"""The keys under which firms' customers are kept: random, one for each firm, sealed.

The wall is open around whatever reads them.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from flask import current_app

from portal.core import seals
from portal.core.db import session
from portal.relations.models import RelationKey

PURPOSE = "known customers"
KEY_BYTES = 32


def own_key(organisation_id: int, at: datetime) -> bytes:
    """Return a firm's key, which is made with its first list."""
    found = session().get(RelationKey, organisation_id)
    if found is None:
        key = secrets.token_hex(KEY_BYTES)
        sealed = seals.seal(key, _secret(), PURPOSE, organisation_id)
        session().add(RelationKey(organisation_id=organisation_id, sealed=sealed, made_at=at))
        session().flush()
        return bytes.fromhex(key)
    opened = open_key(found.sealed, organisation_id)
    if opened is None:
        # sealed with a secret key that is no more: what was kept under it means nothing now
        session().delete(found)
        session().flush()
        return own_key(organisation_id, at)
    return opened


def open_key(sealed: bytes, organisation_id: int) -> bytes | None:
    """Return a firm's key; None where it was sealed with another secret key."""
    key = seals.unseal(sealed, _secret(), PURPOSE, organisation_id)
    return None if key is None else bytes.fromhex(key)


def _secret() -> str:
    return str(current_app.config["SECRET_KEY"])
