"""Random, hashed, purpose-bound, expiring tokens. Only the hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, LargeBinary, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id, session


class Token(Base):
    """One issued token of a person for one purpose."""

    __tablename__ = "tokens"

    id: Mapped[Id]
    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "user_id", "purpose"),)


def new_secret() -> str:
    """Return 256 random bits as 64 lower-case hex characters."""
    return secrets.token_hex(32)


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 of a secret, as it is stored."""
    return hashlib.sha256(secret.encode()).digest()


def issue(
    purpose: str,
    user_id: int,
    at: datetime,
    lasts: timedelta,
    *,
    replaces: bool = True,
    **data: Any,
) -> str:
    """Create a token and return its secret; it `replaces` earlier unused ones of this purpose."""
    if replaces:
        session().execute(
            update(Token)
            .where(Token.user_id == user_id, Token.purpose == purpose, Token.used_at.is_(None))
            .values(used_at=at)
        )
    secret = new_secret()
    session().add(
        Token(
            purpose=purpose,
            token_hash=hash_secret(secret),
            user_id=user_id,
            data=data,
            created_at=at,
            expires_at=at + lasts,
        )
    )
    session().flush()
    return secret


def _good(purpose: str, secret: str, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a token that still opens what it is for."""
    return (
        Token.token_hash == hash_secret(secret),
        Token.purpose == purpose,
        Token.used_at.is_(None),
        Token.expires_at > at,
    )


def find(purpose: str, secret: str, at: datetime) -> Token | None:
    """Return the token if it is known, unused and not expired."""
    return session().scalar(select(Token).where(*_good(purpose, secret, at)))


def lock(purpose: str, secret: str, at: datetime) -> Token | None:
    """Return the token as `find` does; who else asks for it waits until this one has settled."""
    return session().scalar(
        select(Token)
        .where(*_good(purpose, secret, at))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def revoke_all(user_id: int, at: datetime, purpose: str | None = None) -> None:
    """Use up every open token of a person, whatever it was for, or those for one purpose."""
    which = [Token.user_id == user_id, Token.used_at.is_(None)]
    if purpose is not None:
        which.append(Token.purpose == purpose)
    session().execute(update(Token).where(*which).values(used_at=at))


def use(purpose: str, secret: str, at: datetime) -> Token | None:
    """Use a token up; None where it is unknown, used or expired. Wins once under concurrency."""
    return session().scalar(
        update(Token).where(*_good(purpose, secret, at)).values(used_at=at).returning(Token)
    )
