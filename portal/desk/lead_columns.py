"""The columns of lists of leads: what each is called, where it is read, who sees it.

No contact data: whom to call stands on a lead's own page, where each look is noted. A column that
belongs to a part of the lead which not everybody sees (`field`) is empty wherever the reader sees
nothing of that part, and so is what she filters and sorts by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, SQLColumnExpression, case, false, func, select, true

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.campaigns.models import Campaign
from portal.catalog import field_orders
from portal.catalog.fields import place_of
from portal.catalog.models import CustomField
from portal.feedback.models import Feedback
from portal.leads import own_fields
from portal.leads.models import HandOver, Lead, LeadFields
from portal.leads.sight import where_seen
from portal.leads.visibility import Choices, Field, Place
from portal.offers.models import OfferRound
from portal.pickup.models import Pickup
from portal.scoring.models import LeadScore


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` says in what words a value is told, and what is looked up for it.

    `open` is what whoever doesn't see that part reads instead; `own` the programme's own field.
    """

    key: str
    label: Any
    read: SQLColumnExpression[Any]
    kind: str = "text"
    field: Field | None = None
    open: SQLColumnExpression[Any] | None = None
    own: CustomField | None = None


def _name_of(person: Any) -> ColumnElement[Any]:
    return select(User.name).where(User.id == person).scalar_subquery()


def _campaign() -> ColumnElement[Any]:
    return select(Campaign.name).where(Campaign.id == Lead.campaign_id).scalar_subquery()


def _points() -> ColumnElement[Any]:
    return select(LeadScore.points).where(LeadScore.lead_id == Lead.id).scalar_subquery()


def _of_round(column: Any) -> ColumnElement[Any]:
    last = (OfferRound.lead_id == Lead.id) & (OfferRound.number == Lead.round)
    return select(column).where(last).scalar_subquery()


# what a lead was won with: the last answer that says so and was not taken back
_ORDER_VALUE = (
    select(Feedback.value)
    .where(Feedback.lead_id == Lead.id, Feedback.status == "won", Feedback.taken_back_at.is_(None))
    .order_by(Feedback.id.desc())
    .limit(1)
    .correlate(Lead)
    .scalar_subquery()
)
_ERP_NUMBER = (
    select(HandOver.erp_number)
    .where(HandOver.lead_id == Lead.id, HandOver.erp_number.is_not(None))
    .order_by(HandOver.id.desc())
    .limit(1)
    .scalar_subquery()
)
_FIRM = (
    select(Organisation.name)
    .where(Organisation.id == Lead.holder_organisation_id)
    .scalar_subquery()
)

COLUMNS: tuple[Column, ...] = (
    Column("temperature", _l("Temperature"), Lead.temperature, "temperature"),
    Column("state", _l("State"), Lead.state, "state"),
    Column("status", _l("Status"), Lead.status_id, "status"),
    Column("since", _l("In this state since"), Lead.state_since, "moment"),
    Column("type", _l("Type"), Lead.type_id, "type"),
    Column("kind", _l("Kind"), Lead.kind, "kind"),
    Column("owner", _l("Owner"), _name_of(Lead.owner_id)),
    Column("qualifier", _l("Qualifier"), _name_of(Lead.qualifier_id)),
    Column("firm", _l("Held by the firm"), _FIRM, field=Field.HOLDER),
    Column("holder", _l("Held by"), _name_of(Lead.holder_id), field=Field.HOLDER),
    Column("picked", _l("Picked up"), Lead.picked_at, "moment", Field.HOLDER),
    Column("sql", _l("Interest confirmed"), Lead.sql_at, "moment", Field.PROGRESS),
    Column("answer", _l("Last answer"), Pickup.last_status, "answer", Field.PROGRESS),
    Column("answered", _l("Answered"), Pickup.last_feedback_at, "moment", Field.PROGRESS),
    Column("due", _l("Answer due"), Pickup.feedback_due_at, "due", Field.PROGRESS),
    Column("value", _l("Order value"), _ORDER_VALUE, "money", Field.VALUE),
    Column("erp", _l("ERP number"), _ERP_NUMBER, field=Field.PROGRESS),
    Column("round", _l("Round"), Lead.round, "number", Field.ROUNDS),
    Column(
        "offered", _l("Firms that see it"), _of_round(OfferRound.offered), "number", Field.ROUNDS
    ),
    Column("declined", _l("Said no"), _of_round(OfferRound.declined), "number", Field.ROUNDS),
    Column("ends", _l("Offer ends"), _of_round(OfferRound.ends_at), "moment", Field.ROUNDS),
    Column("source", _l("Source"), Lead.source_id, "entry"),
    Column("expectation", _l("Expectation"), Lead.expectation),
    Column("brand", _l("Brand"), Lead.brand_id, "entry"),
    Column("products", _l("Products"), Lead.product_ids, "entries"),
    Column("industry", _l("Industry"), Lead.industry_id, "entry"),
    Column("size", _l("Size"), Lead.size_band_id, "entry"),
    Column("people", _l("Number of people"), Lead.people, "number"),
    Column("band", _l("Expected value"), Lead.value_band_id, "entry"),
    Column("amount", _l("Target amount"), Lead.target_amount, "money"),
    Column("chance", _l("Probability to win"), Lead.probability, "number", Field.PROGRESS),
    Column("category", _l("Category"), Lead.category_id, "entry", Field.PROGRESS),
    Column("long_term", _l("A long-term opportunity"), Lead.long_term, "flag", Field.PROGRESS),
    Column("competitors", _l("Who else is asked"), Lead.competitor_ids, "entries", Field.PROGRESS),
    Column("quote", _l("Number of the quote"), Lead.quote_number, field=Field.PROGRESS),
    Column("frame", _l("Time frame"), Lead.time_frame),
    Column("country", _l("Country"), Lead.country, "country"),
    Column("region", _l("Region"), Lead.subdivision),
    Column("city", _l("City"), Lead.city),
    Column("language", _l("Language"), Lead.language, "language"),
    Column("priority", _l("Priority"), Lead.priority, "priority"),
    Column("importance", _l("Importance"), Lead.importance, "importance"),
    Column("captured", _l("Came in"), Lead.captured_at, "moment"),
    Column("qualified", _l("Qualified"), Lead.qualified_at, "moment"),
    Column("closed", _l("Closed"), Lead.closed_at, "moment"),
    Column("reason", _l("Disqualified because"), Lead.disqualified_reason_id, "entry"),
    Column("suppressed", _l("Not to be called"), Lead.suppressed, "flag"),
    Column("origin", _l("Came from"), Lead.source_system),
    Column("external", _l("Number there"), Lead.external_id),
    Column("campaign", _l("Campaign"), _campaign(), field=Field.ANSWERS),
    Column("term", _l("Searched for"), Lead.search_term, field=Field.ANSWERS),
    Column("basis", _l("Legal basis"), Lead.basis, "basis", Field.ANSWERS),
    Column("points", _l("Points"), _points(), "number", Field.ANSWERS),
)
BY_KEY: Mapping[str, Column] = {column.key: column for column in COLUMNS}


def own_columns() -> dict[str, Column]:
    """Return the columns of the programme's own fields, by key.

    Who doesn't see them reads of a lead what partners may read of it before pickup.
    """
    locale = str(get_locale())
    return {
        place_of(one.key): Column(
            place_of(one.key),
            one.label(locale),
            select(LeadFields.custom[one.key])
            .where(LeadFields.lead_id == Lead.id)
            .scalar_subquery(),
            "own",
            Field.OWN,
            Lead.open_custom[one.key] if one.teaser else None,
            one,
        )
        for one in own_fields.in_use()
    }


def every_column() -> dict[str, Column]:
    """Return all columns by key, those of the programme's own fields last."""
    return {**BY_KEY, **own_columns()}


USUAL = ("temperature", "state", "since", "owner", "firm", "due", "captured")
"""What is shown where nobody chose."""
FIGURES = frozenset({"number", "money"})
"""Kinds of columns that stand at the end of their cells."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the list; `missing` stands where there is nothing to order by.

    It is never empty: a page goes on behind the place of the last lead. `word` is the column beside
    the words of a lead where the same stands; where it is `walked`, that is in this order already.
    One of `few` is looked up lead by lead, so a list has it only where it is short; `open` stands
    where that part of a lead is not the reader's to see.
    """

    key: str
    label: Any
    read: SQLColumnExpression[Any]
    down: bool = False
    field: Field | None = None
    missing: Any = None
    word: str = ""
    walked: bool = False
    few: bool = False
    open: SQLColumnExpression[Any] | None = None


NEVER = func.to_timestamp(4_102_444_800)
ORDERS: tuple[Order, ...] = (
    Order("newest", _l("Newest first"), Lead.captured_at, True, word="captured_at"),
    Order("oldest", _l("Oldest first"), Lead.captured_at, word="captured_at"),
    Order("changed", _l("Changed last first"), Lead.state_since, True),
    Order("longest", _l("Longest in their state first"), Lead.state_since),
    Order("priority", _l("Most urgent first"), Lead.priority, True, word="priority", walked=True),
    Order(
        "importance",
        _l("Most important first"),
        Lead.importance,
        True,
        word="importance",
        walked=True,
    ),
    Order("type", _l("By type"), Lead.type_id, word="type_id", walked=True),
    Order("title", _l("By title"), func.lower(Lead.title), word="title", walked=True),
    Order(
        "amount",
        _l("Highest amount first"),
        Lead.target_amount,
        True,
        missing=-1,
        word="amount",
        walked=True,
    ),
    Order("due", _l("Answer due first"), Pickup.feedback_due_at, False, Field.PROGRESS, NEVER),
)
ORDER_BY_KEY: Mapping[str, Order] = {order.key: order for order in ORDERS}


def own_orders() -> dict[str, Order]:
    """Return the orders by the programme's own fields, by key."""
    locale = str(get_locale())
    return {
        place_of(one.key): Order(
            place_of(one.key),
            _("By “%(field)s”", field=one.label(locale)),
            select(field_orders.place(one, LeadFields.custom))
            .where(LeadFields.lead_id == Lead.id)
            .scalar_subquery(),
            field_orders.is_down(one),
            Field.OWN,
            field_orders.missing(one),
            few=True,
            open=field_orders.place(one, Lead.open_custom) if one.teaser else None,
        )
        for one in own_fields.in_use()
        if one.kind in field_orders.ORDERED
    }


def every_order() -> dict[str, Order]:
    """Return all orders by key, those of the programme's own fields last."""
    return {**ORDER_BY_KEY, **own_orders()}


def eyes_of(actor: Actor, choices: Choices) -> Eyes:
    """Return which parts of leads a reader sees in lists, as it was worked out before for her."""
    # a secret is nothing to keep
    return _eyes(replace(actor, session_token="", session_id=0), frozenset(choices.items()))


@lru_cache(maxsize=500)
def _eyes(actor: Actor, choices: frozenset[tuple[Place, bool]]) -> Eyes:
    return Eyes(actor, dict(choices))


class Eyes:
    """Which parts of leads one reader sees in a list, each asked for once."""

    def __init__(self, actor: Actor, choices: Choices) -> None:
        self.actor, self.choices = actor, choices
        self._asked: dict[Field, ColumnElement[bool]] = {}
        self._ever: dict[Field | None, bool] = {}

    def sees(self, field: Field | None) -> ColumnElement[bool]:
        """Return the condition of leads of which she sees this part."""
        if field is None:
            return true()
        if field not in self._asked:
            self._asked[field] = where_seen(field, self.actor, self.choices)
        return self._asked[field]

    def ever(self, field: Field | None) -> bool:
        """Tell whether there may be a lead of which she sees this part."""
        if field not in self._ever:
            self._ever[field] = self.sees(field).compare(false()) is False
        return self._ever[field]

    def masked(self, column: Column | Order) -> SQLColumnExpression[Any]:
        """Return what she reads in a column: what is open where that part is not hers to see."""
        seen = self.sees(column.field)
        if seen.compare(true()):
            return column.read
        return case((seen, column.read), else_=getattr(column, "open", None))

    def ordered(self, order: Order) -> SQLColumnExpression[Any]:
        """Return by what she orders: the same for all leads of which she doesn't see it."""
        read = self.masked(order)
        return read if order.missing is None else func.coalesce(read, order.missing)

    def columns(self) -> Sequence[Column]:
        """Return the columns in which she may ever read something."""
        return [
            column
            for column in every_column().values()
            if column.open is not None or self.ever(column.field)
        ]

    def orders(self) -> Sequence[Order]:
        """Return the orders that tell her nothing she may not know."""
        return [
            order
            for order in every_order().values()
            if order.open is not None or self.ever(order.field)
        ]
