"""Reads of the programme's own words: which count, what there was before, what is being written.

Which count is read once in a unit of work, however many mails that writes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from portal.accounts.models import User
from portal.core.db import ask, session
from portal.core.errors import NotFound
from portal.wording.models import WordingDraft, WordingVersion

READ = "wording"
_VERSIONS = cast(Table, WordingVersion.__table__)
NEWEST = (
    select(
        _VERSIONS.c.kind,
        _VERSIONS.c.id,
        _VERSIONS.c.number,
        _VERSIONS.c.texts,
        _VERSIONS.c.created_at,
        _VERSIONS.c.failed_at,
    )
    .ext(distinct_on(_VERSIONS.c.kind))
    .order_by(_VERSIONS.c.kind, _VERSIONS.c.number.desc())
)


def read_active() -> Mapping[str, Any]:
    """Return the newest version of each kind of mail that has any, by the kind."""
    kept: dict[str, Any] | None = session().info.get(READ)
    if kept is None:
        kept = session().info[READ] = {row.kind: row for row in ask(NEWEST, {})}
    return kept


def forget_active() -> None:
    """Have the next mail of this unit of work ask anew which words count."""
    session().info.pop(READ, None)


def find_newest(kind: str) -> WordingVersion | None:
    """Return the version that counts; None where a kind of mail never had words of its own."""
    query = select(WordingVersion).where(WordingVersion.kind == kind)
    return session().scalar(query.order_by(WordingVersion.number.desc()).limit(1))


def get_version(kind: str, number: int) -> WordingVersion:
    """Return a version or raise NotFound."""
    found = session().scalar(
        select(WordingVersion).where(WordingVersion.kind == kind, WordingVersion.number == number)
    )
    if found is None:
        raise NotFound()
    return found


def list_versions(kind: str) -> Sequence[WordingVersion]:
    """Return the versions of a kind of mail, the newest first."""
    query = select(WordingVersion).where(WordingVersion.kind == kind)
    return session().scalars(query.order_by(WordingVersion.number.desc())).all()


def find_draft(kind: str) -> WordingDraft | None:
    """Return what is being written for a kind of mail."""
    return session().get(WordingDraft, kind)


def list_drafted() -> Collection[str]:
    """Return the kinds of mail for which something is being written."""
    return set(session().scalars(select(WordingDraft.kind)))


def names_of(user_ids: Collection[int]) -> Mapping[int, str]:
    """Return what people are called."""
    rows = session().execute(select(User.id, User.name).where(User.id.in_(list(user_ids))))
    return {row.id: row.name for row in rows}


def mark_of(kind: str) -> str:
    """Return the mark of what stands there now: when the draft was saved, the newest version."""
    saved_at = session().scalar(select(WordingDraft.saved_at).where(WordingDraft.kind == kind))
    number = session().scalar(
        select(func.max(WordingVersion.number)).where(WordingVersion.kind == kind)
    )
    return f"{saved_at.timestamp() if saved_at else 0:.6f}-{number or 0}"
