"""Tables of partner profiles, their certifications, absences, figures and groups."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Organisation
from portal.core.db import Base, Id


class Shares(StrEnum):
    """What a reseller lets its distributor see of its work."""

    NOTHING = "nothing"
    FIGURES = "figures"
    DEALS = "deals"


class Partner(Base):
    """The profile of a distributor or reseller.

    Lists of catalogue ids stand in arrays (entries are never deleted); an empty list of industries,
    sizes or territories means "all". `capacity` and `rep_capacity` bound open pickups. `shares` is
    the firm's own choice, of what its distributor sees. `pauses` repeat what `suspensions` say of
    the firm and its people, `suspended_until` what they say of the whole firm. `custom` are the
    programme's own fields.
    """

    __tablename__ = "partners"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    country: Mapped[str]
    subdivision: Mapped[str | None]
    city: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    territories: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    level_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    brand_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    specialisation_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    industry_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    size_band_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    people: Mapped[int | None]
    capacity: Mapped[int] = mapped_column(default=10)
    rep_capacity: Mapped[int] = mapped_column(default=5)
    suspended_until: Mapped[datetime | None]
    pauses: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    website: Mapped[str | None]
    note: Mapped[str | None]
    shares: Mapped[str] = mapped_column(default=Shares.FIGURES, server_default="figures")
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (
        Index(None, "country", "subdivision"),
        Index(None, "latitude", "longitude"),
        Index(
            None,
            "custom",
            postgresql_using="gin",
            postgresql_ops={"custom": "jsonb_path_ops"},
        ),
        CheckConstraint("capacity >= 0 AND rep_capacity >= 0", name="capacity"),
        CheckConstraint("shares IN ('nothing','figures','deals')", name="shares"),
    )


class PartnerCertification(Base):
    """A certification that a partner holds, until it expires."""

    __tablename__ = "partner_certifications"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("partners.organisation_id"), primary_key=True, autoincrement=False
    )
    certification_id: Mapped[int] = mapped_column(
        ForeignKey("catalog_entries.id"), primary_key=True, autoincrement=False
    )
    expires_on: Mapped[date | None]


class RepProfile(Base):
    """What a person of a partner is good at, by her own word or her manager's.

    An empty list says nothing: it neither helps nor harms.
    """

    __tablename__ = "rep_profiles"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    specialisation_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    territories: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    changed_at: Mapped[datetime]


class ContactFunction(StrEnum):
    """What a partner's contact is there for."""

    MANAGEMENT = "management"
    SALES = "sales"
    MARKETING = "marketing"
    TECHNICAL = "technical"


class PartnerContact(Base):
    """Whom to call at a partner for what; one of them takes responsibility for leads."""

    __tablename__ = "partner_contacts"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("partners.organisation_id"), index=True)
    function: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    for_leads: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        CheckConstraint(
            "function IN ('management','sales','marketing','technical')", name="function"
        ),
        Index(
            "uq_partner_contacts_for_leads",
            "organisation_id",
            unique=True,
            postgresql_where=text("for_leads"),
        ),
    )


class WorkingHours(Base):
    """When an organisation works: a partner's, an agency's, or the vendor's.

    `week` are the spans of each day from Monday on, in minutes of the day, as `business_time.Week`
    has them. What has none of its own works as the vendor does. On public holidays nobody works
    where `holidays` says so: those of where the partner is, or of `country` and `subdivision`
    where there is no such profile. `days_off` are further days on which nobody does.
    """

    __tablename__ = "working_hours"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    week: Mapped[list[Any]]
    holidays: Mapped[bool] = mapped_column(default=True, server_default="true")
    country: Mapped[str | None]
    subdivision: Mapped[str | None]
    days_off: Mapped[list[date]] = mapped_column(ARRAY(Date), default=list, server_default="{}")


class Absence(Base):
    """A firm (`user_id` empty) or one person is away, both days included.

    `delegate_id` is the colleague who answers for her leads meanwhile.
    """

    __tablename__ = "absences"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    note: Mapped[str | None]

    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="order"),)


class PartnerFigures(Base):
    """What the programme knows of a partner's work; upper rooms count into it."""

    __tablename__ = "partner_figures"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    open_pickups: Mapped[int] = mapped_column(default=0, server_default="0")
    offers_seen: Mapped[int] = mapped_column(default=0, server_default="0")
    declined: Mapped[int] = mapped_column(default=0, server_default="0")
    picked: Mapped[int] = mapped_column(default=0, server_default="0")
    given_back: Mapped[int] = mapped_column(default=0, server_default="0")
    won: Mapped[int] = mapped_column(default=0, server_default="0")
    lost: Mapped[int] = mapped_column(default=0, server_default="0")
    recalled: Mapped[int] = mapped_column(default=0, server_default="0")
    answers_in_time: Mapped[int] = mapped_column(default=0, server_default="0")
    answers_late: Mapped[int] = mapped_column(default=0, server_default="0")


class PartnerRates(Base):
    """What a partner's work of the last twelve months comes to, as matching reads it.

    Computed by a job from what happened. `conversion`, `punctuality` and `declines` are shares from
    0 to 1, drawn towards the programme's mean where there is little to go by. `minutes_to_pick`
    (from when the firm sees an offer) and `minutes_to_contact` (from the pick) are medians;
    `deal_days` and `deal_value` are means of won leads, `volume` the sum of these, in the
    programme's currency. `brought` are leads the firm brought itself, in `months_brought` different
    months; `campaigns` are those it takes part in. Of `closed` leads so many were `won`, of
    `deadlines` so many `met`, of `offers_seen` so many `declined`.
    """

    __tablename__ = "partner_rates"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("partners.organisation_id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    offers_seen: Mapped[int]
    picked: Mapped[int]
    closed: Mapped[int]
    conversion: Mapped[float | None] = mapped_column(Float(53))
    punctuality: Mapped[float | None] = mapped_column(Float(53))
    declines: Mapped[float | None] = mapped_column(Float(53))
    minutes_to_pick: Mapped[int | None]
    minutes_to_contact: Mapped[int | None]
    deal_days: Mapped[float | None] = mapped_column(Float(53))
    deal_value: Mapped[float | None] = mapped_column(Float(53))
    volume: Mapped[int] = mapped_column(BigInteger)
    brought: Mapped[int]
    months_brought: Mapped[int]
    campaigns: Mapped[int]
    won: Mapped[int] = mapped_column(default=0, server_default="0")
    met: Mapped[int] = mapped_column(default=0, server_default="0")
    deadlines: Mapped[int] = mapped_column(default=0, server_default="0")
    declined: Mapped[int] = mapped_column(default=0, server_default="0")


class RateMean(Base):
    """What a rate of all partners together is, and for how many cases it counts in that of one.

    See `partners.rates`, which says what `strength` comes from.
    """

    __tablename__ = "partner_rate_means"

    rate: Mapped[str] = mapped_column(primary_key=True)
    mean: Mapped[float] = mapped_column(Float(53))
    strength: Mapped[int]
    firms: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("rate IN ('conversion','punctuality','declines')", name="rate"),
    )


class PartnerFactsKept(Base):
    """What was known of a partner from `at` on, as the view `partner_facts` had it.

    The database writes it whenever that changes, whoever changed it; the last entry of a firm up to
    a number is what a round was matched by. See `partners.facts`.
    """

    __tablename__ = "partner_facts_kept"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("partners.organisation_id"))
    at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index(None, "organisation_id", "id"),)


class PartnerHeldKept(Base):
    """How many leads a partner held from this entry on; the database writes it with each change.

    Entries are numbered in one line with those of `PartnerFactsKept`.
    """

    __tablename__ = "partner_held_kept"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    held: Mapped[int]

    __table_args__ = (Index(None, "organisation_id", "id"),)


class Colour(StrEnum):
    """How a partner stands, from good to bad."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class PartnerStanding(Base):
    """How a partner stood from `since` until `until`; how he stands now where that is empty.

    `reasons` say why: a `code` each, a `count` and what else its words need. `pickup.standing`
    weighs them; a row is written when colour or reasons have changed, not for their counts.
    """

    __tablename__ = "partner_standings"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("partners.organisation_id"))
    colour: Mapped[str]
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "organisation_id", "since"),
        Index(
            "uq_partner_standings_now",
            "organisation_id",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
        CheckConstraint("colour IN ('green','amber','red')", name="colour"),
    )


class PartnerGroup(Base):
    """A group of partners: chosen by hand, by `criteria`, or the members of other groups.

    `criteria` are as those of a distribution rule; None: nobody by criteria. `group_ids` are the
    groups whose members belong to this one, too. Outside of `valid_from` to `valid_until`, both
    days included, it has no members. Who they are now stands in `PartnerGroupMember`, as of
    `filled_at`.
    """

    __tablename__ = "partner_groups"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    criteria: Mapped[list[dict[str, Any]] | None]
    group_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default=list, server_default="{}"
    )
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    filled_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("valid_until >= valid_from", name="order"),)


class PartnerGroupDoubt(Base):
    """Partners have changed since a group was filled; gone as soon as it is filled anew."""

    __tablename__ = "partner_group_doubts"

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("partner_groups.id"), index=True)


class PartnerGroupChoice(Base):
    """A partner that belongs to a group, or doesn't, because somebody said so."""

    __tablename__ = "partner_group_choices"

    group_id: Mapped[int] = mapped_column(ForeignKey("partner_groups.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("partners.organisation_id"), primary_key=True, index=True
    )
    inside: Mapped[bool]


class PartnerGroupMember(Base):
    """A partner in a group now: what all that asks for members reads."""

    __tablename__ = "partner_group_members"

    group_id: Mapped[int] = mapped_column(ForeignKey("partner_groups.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("partners.organisation_id"), primary_key=True, index=True
    )


class PartnerGroupMove(Base):
    """A partner came into a group (`inside`) or left it; kept for good."""

    __tablename__ = "partner_group_moves"

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("partner_groups.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("partners.organisation_id"))
    at: Mapped[datetime]
    inside: Mapped[bool]

    __table_args__ = (Index(None, "group_id", "id"),)
