"""Tables of leads, their contacts, answers, the lead definition and suppression."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    Sequence,
    SQLColumnExpression,
    Text,
    UniqueConstraint,
    any_,
    column,
    false,
    or_,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.field_filters import words_in
from portal.core.db import Base, Id
from portal.leads.contest import Mode


class LeadKind(StrEnum):
    END_CUSTOMER = "end_customer"
    PARTNER_RECRUIT = "partner_recruit"


class LeadState(StrEnum):
    """The distribution states of PRODUCT.md; fixed."""

    CAPTURED = "captured"
    QUALIFYING = "qualifying"
    QUALIFIED = "qualified"
    OFFERED = "offered"
    HELD = "held"
    CLOSED = "closed"
    DISQUALIFIED = "disqualified"
    RETURNED = "returned"
    RECALLED = "recalled"
    NURTURE = "nurture"
    DIRECT = "direct"


TO_QUALIFY = (LeadState.CAPTURED, LeadState.QUALIFYING)
OFFERABLE = (LeadState.QUALIFIED, LeadState.RETURNED, LeadState.RECALLED)


class LifeState(StrEnum):
    """The life-cycle states that statuses are labels of."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    WON = "won"
    LOST = "lost"
    CANCELLED = "cancelled"


DEAD = (LifeState.LOST, LifeState.CANCELLED)
"""In what a lead ends without success."""


class Temperature(StrEnum):
    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class VersionState(StrEnum):
    """What a version of the lead definition is to the programme."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class LeadDefinition(Base):
    """A version of the programme's rules for leads: exactly one is active, one at most a draft.

    What the active one says stands in the tables below and nowhere else. What a draft or a retired
    one says stands in `content`, as `definition.Content` has it, so that no query meets it.
    `settings` is what the active one says of all leads: names of levels, numbering. `version`
    counts the changes of a draft.
    """

    __tablename__ = "lead_definitions"

    id: Mapped[Id]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    settings: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict, server_default=text("'{}'")
    )
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    activated_at: Mapped[datetime | None]
    activated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_lead_definitions_active",
            "active",
            unique=True,
            postgresql_where=text("active"),
        ),
        Index(
            "uq_lead_definitions_draft",
            "active",
            unique=True,
            postgresql_where=text("NOT active AND retired_at IS NULL"),
        ),
        CheckConstraint("active = (content IS NULL)", name="content"),
    )

    @property
    def state(self) -> VersionState:
        """Return whether it is the draft, the active or a retired version."""
        if self.active:
            return VersionState.ACTIVE
        return VersionState.DRAFT if self.retired_at is None else VersionState.RETIRED


class LeadType(Base):
    """A type of lead: person, organisation, business partner; decides fields and clocks.

    A row and its key stay for good: who leaves the definition keeps the one it was last in.
    `status_ids` are the statuses that its leads may have, None: all; so are `category_keys` and
    `product_keys` of the catalogue, and `activity_kinds`. `days` is how long its leads take from
    when the work begins; those of a `direct` type stay with the vendor. `cadence` are activities
    that are planned by themselves, as `definition.Plan` has them; `outcome` and `least` say what
    makes a won lead a success. `contest` is how partners come by its leads, in rings of `ring_size`
    and so many `ring_minutes`, or decided `deciding_seconds` after the first pick, as
    `contest.Contest` has it. `policy_key` names the deadline policy,
    None: the standard. `attempts` is how often somebody is tried before he is out of reach.
    `owner_speaks` is the moment from which the vendor's owner has to speak with the customer, too.
    """

    __tablename__ = "lead_types"

    id: Mapped[Id]
    definition_id: Mapped[int] = mapped_column(ForeignKey("lead_definitions.id"))
    key: Mapped[str]
    names: Mapped[dict[str, str]]
    kind: Mapped[str]
    teaser_fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    status_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    priority: Mapped[int] = mapped_column(default=5, server_default="5")
    importance: Mapped[int] = mapped_column(default=4, server_default="4")
    category_keys: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    product_keys: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    activity_kinds: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    days: Mapped[int | None]
    direct: Mapped[bool] = mapped_column(default=False, server_default="false")
    cadence: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    outcome: Mapped[str] = mapped_column(default="won", server_default="won")
    least: Mapped[int | None] = mapped_column(BigInteger)
    contest: Mapped[str] = mapped_column(default=Mode.RACE, server_default="race")
    ring_size: Mapped[int | None]
    ring_minutes: Mapped[int | None]
    deciding_seconds: Mapped[int | None]
    policy_key: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    owner_speaks: Mapped[str | None]

    __table_args__ = (UniqueConstraint("definition_id", "key"),)


class LeadStatus(Base):
    """A label on a life-cycle state; the state follows from it.

    `feedback_status` is the partner's answer that this label stands for, where there is one.
    """

    __tablename__ = "lead_statuses"

    id: Mapped[Id]
    definition_id: Mapped[int] = mapped_column(ForeignKey("lead_definitions.id"))
    key: Mapped[str]
    names: Mapped[dict[str, str]]
    life_state: Mapped[str]
    feedback_status: Mapped[str | None]
    is_default: Mapped[bool] = mapped_column(default=False)
    is_initial: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("definition_id", "key"),
        CheckConstraint(
            "life_state IN ('pending','in_progress','won','lost','cancelled')",
            name="life_state",
        ),
    )


class LeadTransition(Base):
    """A permitted change of status, for leads of these types by people with one of these roles
    who are in one of these units of the vendor, or in a part of it.

    None means every type, every role, every unit.
    """

    __tablename__ = "lead_transitions"

    from_status_id: Mapped[int] = mapped_column(ForeignKey("lead_statuses.id"), primary_key=True)
    to_status_id: Mapped[int] = mapped_column(ForeignKey("lead_statuses.id"), primary_key=True)
    type_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    roles: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    unit_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class LeadRequirement(Base):
    """A field that must be filled before a step (`offer`, `win`, `lose`) of a lead type."""

    __tablename__ = "lead_requirements"

    id: Mapped[Id]
    type_id: Mapped[int] = mapped_column(ForeignKey("lead_types.id"), index=True)
    step: Mapped[str]
    field: Mapped[str]

    __table_args__ = (UniqueConstraint("type_id", "step", "field"),)


class QualificationQuestion(Base):
    """A question of the qualification script; `area` is budget, authority, need, time or own.

    It is asked for leads of `type_ids`, None: of every type. `sort` is what it is answered with,
    `options` are the answers that can be chosen; `shown_by` is the key of the question, `shown_for`
    are those of its options, after which it is asked. `step` is the one of qualification in which
    it is, None: every one. See `definition.Question`, and `script` for how an answer is kept.
    """

    __tablename__ = "qualification_questions"

    id: Mapped[Id]
    definition_id: Mapped[int] = mapped_column(ForeignKey("lead_definitions.id"))
    key: Mapped[str]
    area: Mapped[str]
    names: Mapped[dict[str, str]]
    position: Mapped[int] = mapped_column(default=0)
    required: Mapped[bool] = mapped_column(default=False)
    type_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    sort: Mapped[str] = mapped_column(default="text", server_default="text")
    options: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    required_later: Mapped[bool] = mapped_column(default=False, server_default=false())
    shown_by: Mapped[str | None]
    shown_for: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    step: Mapped[str | None]

    __table_args__ = (UniqueConstraint("definition_id", "key"),)

    @classmethod
    def for_type(cls, type_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """Return the condition under which a question is asked for leads of a type."""
        return or_(cls.type_ids.is_(None), type_id == any_(cls.type_ids))


LEAD_NUMBERS = Sequence("lead_numbers", start=10001, metadata=Base.metadata)


class Lead(Base):
    """A sales chance. Nothing personal stands here: that is `LeadContact`.

    `latitude`/`longitude` are the centre of the city. `round` counts the offer rounds so far; the
    claim names the round it means. `holder_id` and `holder_organisation_id` are written by the
    claim and cleared by give-back and recall. Amounts are in the programme's currency.
    `draft_told_at` is when the qualifier was last told that it lies unfinished. `estimated_on` is
    the day on which it was to be closed when the work began (`started_on`), `expected_on` the day
    that is expected by now. `open_custom` is what partners read of the programme's own fields
    before pickup, a copy of `LeadFields` made when it was found to give nobody away; None: nothing.
    `unit_id` is the unit that qualifies it, `qualifier_id` who does, or is to.
    `probability` to win is in per cent; `long_term` marks a chance that
    takes years. `quote_number` and `quote_needs` are what is known of the quote. `search_term` and
    `origin` say on which way somebody came, `basis` why the contact may be approached since
    `basis_at`, by which `basis_words`; without one it can't be offered. One that was taken back
    is offered to nobody until `rests_until`, so that nobody is called by two firms in one day.
    """

    __tablename__ = "leads"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    source_system: Mapped[str]
    external_id: Mapped[str | None]
    import_digest: Mapped[str | None]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("lead_imports.id"), index=True)
    kind: Mapped[str] = mapped_column(default=LeadKind.END_CUSTOMER)
    type_id: Mapped[int] = mapped_column(ForeignKey("lead_types.id"))
    status_id: Mapped[int] = mapped_column(ForeignKey("lead_statuses.id"))
    state: Mapped[str] = mapped_column(default=LeadState.CAPTURED)
    state_since: Mapped[datetime]
    title: Mapped[str] = mapped_column(default="")
    partner_text: Mapped[str] = mapped_column(default="")
    expectation: Mapped[str] = mapped_column(default="")
    temperature: Mapped[str | None]
    country: Mapped[str | None]
    subdivision: Mapped[str | None]
    city: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str | None]
    language: Mapped[str | None]
    brand_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    industry_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    industry_original: Mapped[str | None]
    size_band_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    people: Mapped[int | None]
    value_band_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    target_amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    time_frame: Mapped[str | None]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    source_original: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=5)
    importance: Mapped[int] = mapped_column(default=4)
    disqualified_reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    disqualified_original: Mapped[str | None]
    suppressed: Mapped[bool] = mapped_column(default=False)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("leads.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    qualifier_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    round: Mapped[int] = mapped_column(default=0)
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    holder_organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    captured_at: Mapped[datetime]
    created_at: Mapped[datetime]
    qualified_at: Mapped[datetime | None]
    picked_at: Mapped[datetime | None]
    sql_at: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    draft_told_at: Mapped[datetime | None]
    started_on: Mapped[date | None]
    estimated_on: Mapped[date | None]
    expected_on: Mapped[date | None]
    open_custom: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    probability: Mapped[int | None]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    long_term: Mapped[bool] = mapped_column(default=False, server_default=false())
    competitor_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), default=list, server_default="{}"
    )
    quote_number: Mapped[str | None]
    quote_needs: Mapped[str | None]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    search_term: Mapped[str | None]
    origin: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    basis: Mapped[str | None]
    basis_words: Mapped[str | None]
    basis_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index(
            "uq_leads_source_system_external_id",
            "source_system",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index(None, "state", "state_since", "id"),
        Index("ix_leads_newest", "captured_at", "id"),
        Index("ix_leads_since", "state_since", "id"),
        # a claim adds nothing to it: the day is set once the work begins
        Index(
            "ix_leads_expected",
            text("coalesce(expected_on, estimated_on)"),
            "id",
            postgresql_where=text(
                "state IN ('held','direct') AND coalesce(expected_on, estimated_on) IS NOT NULL"
            ),
        ),
        Index(None, "holder_id", postgresql_where=text("holder_id IS NOT NULL")),
        # with the id: which leads somebody sees is asked on each page of account managers
        Index(
            None,
            "owner_id",
            postgresql_include=["id"],
            postgresql_where=text("owner_id IS NOT NULL"),
        ),
        Index("ix_leads_long_term", "id", postgresql_where=text("long_term")),
        Index(None, "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index(None, "qualifier_id", postgresql_where=text("qualifier_id IS NOT NULL")),
        Index(
            "ix_leads_unit_to_qualify",
            "unit_id",
            postgresql_where=text("state IN ('captured','qualifying')"),
        ),
        Index(
            None,
            "holder_organisation_id",
            postgresql_include=["id"],
            postgresql_where=text("holder_organisation_id IS NOT NULL"),
        ),
        Index(
            "ix_leads_resting",
            "rests_until",
            postgresql_where=text("state = 'recalled' AND rests_until IS NOT NULL"),
        ),
        CheckConstraint("kind IN ('end_customer','partner_recruit')", name="kind"),
        CheckConstraint(
            "temperature IS NULL OR temperature IN ('hot','warm','cold')",
            name="temperature",
        ),
        CheckConstraint(
            "state IN ('captured','qualifying','qualified','offered','held','closed',"
            "'disqualified','returned','recalled','nurture','direct')",
            name="state",
        ),
        CheckConstraint("state <> 'held' OR holder_id IS NOT NULL", name="held_by_someone"),
        CheckConstraint(
            "holder_id IS NULL OR state IN ('held','closed')", name="holder_only_of_held"
        ),
        CheckConstraint("state <> 'offered' OR NOT suppressed", name="suppressed_never_offered"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        Index(
            "ix_leads_campaign_id_state",
            "campaign_id",
            "state",
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        CheckConstraint(
            "basis IN ('asked','consent','customer','interest','before')", name="basis"
        ),
    )


class LeadWords(Base):
    """By what a lead is found and ordered: its words in lower case and without accents, and more.

    Written by triggers of the database whenever such a part of the lead changes, in a table of its
    own: a claim changes the lead and touches none of these indexes. `named` is for parts of words:
    number, number elsewhere, title, city; `words` for whole ones, of the text for partners, too.
    `title` is in lower case, its first hundred letters; `amount` is -1 where there is none.
    """

    __tablename__ = "lead_words"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    named: Mapped[str]
    words: Mapped[Any] = mapped_column(TSVECTOR)
    captured_at: Mapped[datetime]
    priority: Mapped[int]
    importance: Mapped[int]
    type_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))

    __table_args__ = (
        Index(
            "ix_lead_words_named",
            "named",
            postgresql_using="gin",
            postgresql_ops={"named": "gin_trgm_ops"},
        ),
        Index("ix_lead_words_words", "words", postgresql_using="gin"),
        Index("ix_lead_words_priority", "priority", "lead_id"),
        Index("ix_lead_words_importance", "importance", "lead_id"),
        Index("ix_lead_words_type_id", "type_id", "lead_id"),
        Index("ix_lead_words_title", "title", "lead_id"),
        Index("ix_lead_words_amount", "amount", "lead_id"),
    )


class LeadFields(Base):
    """What the programme keeps of a lead in fields of its own; no row where there is nothing.

    In a table of its own: no query of teasers can reach it, and a claim touches none of its
    indexes. `own_fields` is the one way to it for whoever reads.
    """

    __tablename__ = "lead_fields"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    custom: Mapped[dict[str, Any]]

    __table_args__ = (
        Index(
            None,
            "custom",
            postgresql_using="gin",
            postgresql_ops={"custom": "jsonb_path_ops"},
        ),
        Index("ix_lead_fields_words", words_in(column("custom")), postgresql_using="gin"),
    )


class LeadContact(Base):
    """Who to call: unreachable before pickup, loaded by `contacts.load_contact` only.

    Row policies hide every row from whoever has not opened the `wall`. E-mail and domain are kept
    in lower case, the company once more so: behind the wall only plain equality finds its index.
    """

    __tablename__ = "lead_contacts"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    company: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    role: Mapped[str | None]
    phone: Mapped[str | None]
    phone_e164: Mapped[str | None] = mapped_column(index=True)
    email: Mapped[str | None] = mapped_column(index=True)
    domain: Mapped[str | None] = mapped_column(index=True)
    street: Mapped[str | None]
    postcode: Mapped[str | None]
    note: Mapped[str | None]
    company_key: Mapped[str | None] = mapped_column(
        Computed("lower(company)", persisted=True), index=True, deferred=True
    )


class VisibilityChoice(Base):
    """What the programme chose for a cell of the table of who sees what (`visibility`)."""

    __tablename__ = "visibility_choices"

    field: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True)
    phase: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[bool]


class LeadAnswer(Base):
    """The answer to a question of the script."""

    __tablename__ = "lead_answers"

    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(
        ForeignKey("qualification_questions.id"), primary_key=True
    )
    answer: Mapped[str]


class LeadInterest(Base):
    """What is noted on one product or service that a lead is about: what was asked of it."""

    __tablename__ = "lead_interests"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    product_id: Mapped[int] = mapped_column(
        ForeignKey("catalog_entries.id"), primary_key=True, autoincrement=False
    )
    note: Mapped[str]


class LeadFinder(Base):
    """A lead that somebody of a partner found himself, and brought in by the portal."""

    __tablename__ = "lead_finders"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    at: Mapped[datetime]


class SignalKind(StrEnum):
    """What somebody did who may be about to buy."""

    VISIT = "visit"
    DOWNLOAD = "download"
    REPLY = "reply"
    INQUIRY = "inquiry"


class LeadSignal(Base):
    """Something that the one a lead is about has done by himself: came back, read, answered.

    `weight` is how much it counts, in per cent of a usual one; None: as one. `source` names the
    system that saw it, never a person or a page.
    """

    __tablename__ = "lead_signals"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    weight: Mapped[int | None]
    source: Mapped[str]

    __table_args__ = (
        Index("ix_lead_signals_lead_id_at", "lead_id", "at"),
        CheckConstraint("kind IN ('visit','download','reply','inquiry')", name="kind"),
        CheckConstraint("weight BETWEEN 1 AND 1000", name="weight"),
    )


class ArchivedLead(Base):
    """A dead lead that is kept for later; on `returns_on` it comes back into view."""

    __tablename__ = "archived_leads"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    returns_on: Mapped[date | None] = mapped_column(index=True)
    note: Mapped[str | None]


class LeadTeamMember(Base):
    """Somebody of the vendor who works on a lead besides its owner, and so sees it."""

    __tablename__ = "lead_team"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False, index=True
    )
    added_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]


class HandOver(Base):
    """A lead that its owner gave to operations, to be loaded there and handed back by `due_on`.

    Waits until `taken_at`, is back at `done_at`. `outcome` is what operations say of it.
    """

    __tablename__ = "hand_overs"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    note: Mapped[str | None]
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    erp_number: Mapped[str | None]
    outcome: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_hand_overs_open",
            "lead_id",
            unique=True,
            postgresql_where=text("done_at IS NULL"),
        ),
        CheckConstraint("(taken_by IS NULL) = (taken_at IS NULL)", name="taken"),
        CheckConstraint("done_at IS NULL OR taken_by IS NOT NULL", name="done_by_who_took_it"),
    )


class LeadDateChange(Base):
    """A key date of a lead was set, moved or taken away; `field` is its column. Kept for good."""

    __tablename__ = "lead_date_changes"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    field: Mapped[str]
    was: Mapped[date | None]
    day: Mapped[date | None]
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        CheckConstraint("field IN ('started_on','estimated_on','expected_on')", name="field"),
    )


class Suppression(Base):
    """Somebody who must not be approached, by e-mail, E.164 phone or outside identity.

    `key` is `email:…` (lower case), `phone:+…` or `external:<source system>:<id>`.
    """

    __tablename__ = "suppressions"

    key: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id"))

    __table_args__ = (Index(None, "lead_id", postgresql_where=text("lead_id IS NOT NULL")),)
