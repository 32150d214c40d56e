"""Tables of organisations, units, people and their sessions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Base, Id


class OrganisationKind(StrEnum):
    VENDOR = "vendor"
    DISTRIBUTOR = "distributor"
    RESELLER = "reseller"
    AGENCY = "agency"


PARTNER_KINDS = (OrganisationKind.DISTRIBUTOR, OrganisationKind.RESELLER)


class Organisation(Base):
    """A firm in the programme. `parent_id` makes the tree vendor → distributor → reseller.

    `account_manager_id` is the vendor's person who answers for a partner.
    """

    __tablename__ = "organisations"

    id: Mapped[Id]
    kind: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    domain: Mapped[str | None] = mapped_column(CITEXT)
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="Europe/Berlin")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    account_manager_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", use_alter=True), index=True
    )

    parent: Mapped[Organisation | None] = relationship(remote_side="Organisation.id")

    __table_args__ = (
        CheckConstraint("kind IN ('vendor','distributor','reseller','agency')", name="kind"),
        Index("uq_organisations_name", text("lower(name)"), unique=True),
    )

    @property
    def is_partner(self) -> bool:
        """True for distributors and resellers."""
        return self.kind in PARTNER_KINDS


class Unit(Base):
    """A part of an organisation: tele-sales, digital sales, a brand team; parts have parts.

    `territories` are ISO codes of countries (DE) and of their states (DE-NI): the vendor's people
    in a unit answer for the partners who are situated there. A closed unit stays for the offers
    that it once had; nobody is in it.
    """

    __tablename__ = "units"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str]
    manager_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", use_alter=True), index=True
    )
    territories: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=list, server_default=text("'{}'")
    )
    closed_at: Mapped[datetime | None]


class User(Base):
    """A person. `roles` names what she may do (`permissions.ROLES`).

    `manager_id` is to whom she reports, somebody of the same organisation.

    Where `hears_by_mail` is false nothing is written to her but what she asks for, until she
    chooses what she wishes to hear (`hearing`). `monday_told_on` is the last Monday on which she
    was told of the overdue, `fairness_told_on` the first day of the month in which she was last
    told how leads were shared out, `report_told_on` the last Monday on which she got her report,
    `sheet_told_on` the day for which her last feedback sheet was due.
    """

    __tablename__ = "users"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    password_hash: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="Europe/Berlin")
    theme: Mapped[str] = mapped_column(default="auto")
    hears_by_mail: Mapped[bool] = mapped_column(default=True)
    monday_told_on: Mapped[date | None]
    fairness_told_on: Mapped[date | None]
    report_told_on: Mapped[date | None]
    sheet_told_on: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    second_step_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(foreign_keys=organisation_id)

    __table_args__ = (
        Index("ix_users_roles", "roles", postgresql_using="gin"),
        Index("ix_users_by_name", text("lower(name)"), "id"),
        Index(
            "ix_users_search",
            "name",
            "email",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops", "email": "gin_trgm_ops"},
        ),
        CheckConstraint("theme IN ('auto','light','dark')", name="theme"),
    )


class UserSession(Base):
    """A signed-in browser. The cookie carries the secret, the row its hash.

    `device_hash` tells the browser from others of the same person, beyond the session's end.
    `looks_as_id` is as whom an administrator looks at the portal just now (`viewing`).
    """

    __tablename__ = "sessions"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    device_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    looks_as_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class SecondStep(Base):
    """The secret of a person's second step, sealed; it counts from `User.second_step_at` on.

    `last_counter` is the last code that was taken, as the number of half minutes since 1970: it
    and what came before are not taken again.
    """

    __tablename__ = "second_steps"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    begun_at: Mapped[datetime]
    last_counter: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """One of the codes that stand in for a lost phone, once; only its fingerprint is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]

    __table_args__ = (Index("uq_recovery_codes_code", "user_id", "code_hash", unique=True),)


class ApiToken(Base):
    """With what another system comes in. The system carries the secret, the row its hash.

    What it brings counts as brought by `user_id`, one of the vendor's people; while she has no
    access it opens nothing. `system` names the system: numbers of leads are unique within one.
    """

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    name: Mapped[str]
    system: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Programme(Base):
    """The one row about the programme itself: founded, and whether the demo stands in it."""

    __tablename__ = "programme"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    founded_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("state IN ('founded','demo')", name="state"),
    )
