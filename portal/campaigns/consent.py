"""The words that people agree to: each version for good, the newest of a key is the one asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.campaigns.events import ConsentWorded
from portal.campaigns.models import ConsentText
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record

LONGEST = 2000


def list_newest() -> Sequence[ConsentText]:
    """Return the newest version of each text."""
    rows = session().scalars(select(ConsentText).order_by(ConsentText.key, ConsentText.version))
    return list({row.key: row for row in rows}.values())


def list_versions(key: str) -> Sequence[ConsentText]:
    """Return all versions of a text, the newest first."""
    return (
        session()
        .scalars(
            select(ConsentText).where(ConsentText.key == key).order_by(ConsentText.version.desc())
        )
        .all()
    )


def find_newest(key: str | None) -> ConsentText | None:
    """Return the version of a text that is asked now."""
    return (
        session().scalar(
            select(ConsentText)
            .where(ConsentText.key == key)
            .order_by(ConsentText.version.desc())
            .limit(1)
        )
        if key
        else None
    )


def find_named(name: str | None) -> ConsentText | None:
    """Return the version that a lead names, as `contact/2`."""
    key, _slash, version = (name or "").partition("/")
    if not version.isdecimal() or len(version) > 6:
        return None
    return session().scalar(
        select(ConsentText).where(ConsentText.key == key, ConsentText.version == int(version))
    )


def word(key: str, words: Mapping[str, str], actor: Actor, at: datetime) -> ConsentText:
    """Keep words as the next version of a text; the same once more are no new one.

    Raises `Invalid`.
    """
    key = key.strip().lower()
    said = {code: text.strip() for code, text in words.items() if text.strip()}
    errors = {}
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,39}", key):
        errors["key"] = _("Please use small letters, digits and hyphens, as in “newsletter”.")
    if not said:
        errors["words_en"] = _("Please write what people agree to.")
    for code, words_in in said.items():
        if len(words_in) > LONGEST:
            errors[f"words_{code}"] = _("Please keep it under %(most)d characters.", most=LONGEST)
    if errors:
        raise Invalid(errors)
    # two who write at once follow each other
    session().execute(select(func.pg_advisory_xact_lock(func.hashtext(f"consent {key}"))))
    newest = find_newest(key)
    if newest is not None and newest.words == said:
        return newest
    text = ConsentText(
        key=key,
        version=newest.version + 1 if newest else 1,
        words=said,
        created_at=at,
        created_by=actor.id,
    )
    session().add(text)
    session().flush()
    record(ConsentWorded(at=at, user_id=actor.id, name=text.name))
    return text
