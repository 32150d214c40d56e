"""The filters of lists of leads: what may be asked in the address, and the condition it makes.

Whatever is odd in an address is left out. What belongs to a part of a lead that not everybody sees
(`field`) finds only leads of which the reader sees that part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Numeric,
    SQLColumnExpression,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    union,
)
from werkzeug.datastructures import MultiDict

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.reach import Reached, read_people
from portal.campaigns.models import Campaign
from portal.catalog.bases import WORDS
from portal.catalog.field_filters import Question, questions
from portal.catalog.models import Product
from portal.catalog.queries import book
from portal.core.amounts import fits
from portal.desk.lead_columns import BY_KEY, USUAL, Eyes
from portal.feedback.rules import Status
from portal.leads import own_fields
from portal.leads.models import (
    ArchivedLead,
    Lead,
    LeadFields,
    LeadKind,
    LeadState,
    LeadStatus,
    LeadType,
    Temperature,
)
from portal.leads.queries import worked_on
from portal.leads.visibility import Field
from portal.pickup.models import Pickup

ME, NOBODY, MY_TEAM = "me", "nobody", "team"
OPEN = tuple(
    state for state in LeadState if state not in (LeadState.CLOSED, LeadState.DISQUALIFIED)
)
LONGEST = 100
MOST_OF_ONE = 40
Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks when, and from where: what "me", "today" and a day mean.

    `visible` is the condition of the leads that exist for who asks.
    """

    actor: Actor
    at: datetime
    zone: ZoneInfo
    reached: Reached | None
    visible: ColumnElement[bool]

    def midnight(self, day: date) -> datetime:
        """Return the moment at which a day begins where the reader is."""
        return datetime.combine(day, time.min, self.zone)

    @property
    def today(self) -> date:
        """Return the reader's day."""
        return self.at.astimezone(self.zone).date()


Make = Callable[[tuple[str, ...], Asking], ColumnElement[bool] | None]


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing to ask for. `kind` is how it is asked on the page; `choices` are of a fixed list.

    `made` returns the condition of the values, None where they say nothing that can be understood;
    `open` the one for leads of which the reader doesn't see that part.
    """

    key: str
    label: Any
    kind: str
    made: Make
    field: Field | None = None
    choices: tuple[tuple[str, Any], ...] = ()
    of_kind: str = ""
    open: Make | None = None


# -- how values become conditions ------------------------------------------------------------


def among(column: SQLColumnExpression[Any], known: tuple[str, ...]) -> Make:
    """Return what makes a condition of words of a fixed list."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        chosen = [value for value in values if value in known]
        return column.in_(chosen) if chosen else None

    return made


def an_id(raw: str) -> int | None:
    """Read an id; anything odd is none."""
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 19 else None


def of_ids(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of ids; `nobody` is none at all."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        ids = [one for one in map(an_id, values) if one is not None]
        conditions = [column.in_(ids)] if ids else []
        if NOBODY in values:
            conditions.append(column.is_(None))
        return or_(*conditions) if conditions else None

    return made


def of_people(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of people: me, my people, nobody, or by id."""
    by_id = of_ids(column)

    def made(values: tuple[str, ...], asking: Asking) -> ColumnElement[bool] | None:
        conditions = [by_id(values, asking)]
        if ME in values:
            conditions.append(column == asking.actor.id)
        if MY_TEAM in values:
            conditions.append(column.in_(read_people(asking.actor, asking.reached)))
        found = [condition for condition in conditions if condition is not None]
        return or_(*found) if found else None

    return made


def of_product(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
    """Make the condition of leads about one of these products."""
    ids = [one for one in map(an_id, values) if one is not None]
    return Lead.product_ids.overlap(ids) if ids else None


def of_sort(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
    """Make the condition of leads about some product, or some service."""
    services = {"products": False, "services": True}
    if values[0] not in services:
        return None
    entries = book().by_kind.get("product", ())
    named = [
        one.id
        for one in entries
        if isinstance(one, Product) and bool(one.service) == services[values[0]]
    ]
    found: ColumnElement[bool] = Lead.product_ids.overlap(named)
    return found


def of_competitor(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
    """Make the condition of leads for which one of these competes."""
    ids = [one for one in map(an_id, values) if one is not None]
    return Lead.competitor_ids.overlap(ids) if ids else None


def of_keys(column: SQLColumnExpression[Any], table: type[LeadType | LeadStatus]) -> Make:
    """Return what makes a condition of keys of the lead definition, whichever edition of it."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        return column.in_(select(table.id).where(table.key.in_(values))) if any(values) else None

    return made


def containing(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of a part of a text."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        return column.icontains(values[0], autoescape=True) if values[0] else None

    return made


def called(column: SQLColumnExpression[Any], table: type[User | Organisation | Campaign]) -> Make:
    """Return what makes a condition of a part of a name elsewhere."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        if not values[0]:
            return None
        return column.in_(select(table.id).where(table.name.icontains(values[0], autoescape=True)))

    return made


def ticked(condition: Callable[[Asking], ColumnElement[bool]]) -> Make:
    """Return what makes a condition of yes or no."""

    def made(values: tuple[str, ...], asking: Asking) -> ColumnElement[bool] | None:
        if values[0] not in ("yes", "no"):
            return None
        found = condition(asking)
        # what is unknown is no
        return found if values[0] == "yes" else ~func.coalesce(found, false())

    return made


def a_day(raw: str) -> date | None:
    """Read a day as browsers send it; anything odd is none."""
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


SPANS = (("today", _l("Today")), ("week", _l("Last 7 days")), ("month", _l("Last 30 days")))
DAYS = {"today": 0, "week": 6, "month": 29}


def within(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of a span that moves along with the days."""

    def made(values: tuple[str, ...], asking: Asking) -> ColumnElement[bool] | None:
        days = DAYS.get(values[0])
        if days is None:
            return None
        return column >= asking.midnight(asking.today - timedelta(days=days))

    return made


def since(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of the first day that counts."""

    def made(values: tuple[str, ...], asking: Asking) -> ColumnElement[bool] | None:
        day = a_day(values[0])
        return column >= asking.midnight(day) if day else None

    return made


def until(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of the last day that counts."""

    def made(values: tuple[str, ...], asking: Asking) -> ColumnElement[bool] | None:
        day = a_day(values[0])
        if day is None or day == date.max:
            return None
        return column < asking.midnight(day + timedelta(days=1))

    return made


def an_amount(raw: str) -> Decimal | None:
    """Read a number that the database can hold; anything odd is none."""
    try:
        found = Decimal(raw)
    except InvalidOperation:
        return None
    return found if fits(found) and abs(found) < 10**12 else None


def at_least(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of the lowest number that counts."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        amount = an_amount(values[0])
        return None if amount is None else column >= literal(amount, Numeric())

    return made


def at_most(column: SQLColumnExpression[Any]) -> Make:
    """Return what makes a condition of the highest number that counts."""

    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        amount = an_amount(values[0])
        return None if amount is None else column <= literal(amount, Numeric())

    return made


def hers(asking: Asking) -> ColumnElement[bool]:
    """Return the condition of leads that somebody has to do with herself."""
    me = asking.actor.id
    own = [
        select(Lead.id).where(person == me)
        for person in (Lead.owner_id, Lead.qualifier_id, Lead.holder_id)
    ]
    return Lead.id.in_(union(*own, worked_on(asking.actor)))


# -- what may be asked -----------------------------------------------------------------------

STATES = (
    ("captured", _l("To qualify")),
    ("qualifying", _l("Being qualified")),
    ("qualified", _l("Ready")),
    ("offered", _l("On offer")),
    ("held", _l("Held")),
    ("returned", _l("Came back")),
    ("recalled", _l("Taken back")),
    ("closed", _l("Closed")),
    ("disqualified", _l("Disqualified")),
    ("nurture", _l("In nurture")),
    ("direct", _l("Sold direct")),
)
TEMPERATURES = (("hot", _l("Hot")), ("warm", _l("Warm")), ("cold", _l("Cold")))
KINDS = (("end_customer", _l("End customer")), ("partner_recruit", _l("Future partner")))
ANSWERS = (
    (Status.NOT_CONTACTED, _l("Not made contact yet")),
    (Status.WAITING, _l("Waiting for their answer")),
    (Status.PROPOSAL, _l("Proposal in progress")),
)
YES_NO = (("yes", _l("Yes")), ("no", _l("No")))
SORTS = (("products", _l("Products")), ("services", _l("Services")))


def _spans(
    key: str, label: Any, column: SQLColumnExpression[Any], part: Field | None = None
) -> Iterator[Filter]:
    yield Filter(key, label, "choice", within(column), part, SPANS)
    yield Filter(f"{key}_from", _l("%(what)s, from", what=label), "day", since(column), part)
    yield Filter(f"{key}_to", _l("%(what)s, to", what=label), "day", until(column), part)


def _range(
    key: str, label: Any, column: SQLColumnExpression[Any], part: Field | None = None
) -> Iterator[Filter]:
    yield Filter(f"{key}_from", _l("%(what)s, from", what=label), "number", at_least(column), part)
    yield Filter(f"{key}_to", _l("%(what)s, to", what=label), "number", at_most(column), part)


POINTS: SQLColumnExpression[Any] = BY_KEY["points"].read
STATE = Filter("state", _l("State"), "ticks", among(Lead.state, tuple(LeadState)), None, STATES)
TEMPERATURE = Filter(
    "temperature",
    _l("Temperature"),
    "ticks",
    among(Lead.temperature, tuple(Temperature)),
    None,
    TEMPERATURES,
)
MINE = Filter("mine", _l("Mine"), "choice", ticked(hers), None, YES_NO)
OPENED = Filter(
    "open", _l("Still open"), "choice", ticked(lambda _asking: Lead.state.in_(OPEN)), None, YES_NO
)
LATE = Filter(
    "late",
    _l("Answer overdue"),
    "choice",
    ticked(lambda asking: and_(Lead.state == "held", Pickup.feedback_due_at <= asking.at)),
    Field.PROGRESS,
    YES_NO,
)
OWNER = Filter("owner", _l("Owner"), "person", of_people(Lead.owner_id))

GROUPS: tuple[tuple[Any, tuple[Filter, ...]], ...] = (
    ("", (STATE, TEMPERATURE, MINE, OPENED, OWNER)),
    (
        _l("What it is"),
        (
            Filter("type", _l("Type"), "type", of_keys(Lead.type_id, LeadType)),
            Filter("kind", _l("Kind"), "choice", among(Lead.kind, tuple(LeadKind)), None, KINDS),
            Filter("status", _l("Status"), "status", of_keys(Lead.status_id, LeadStatus)),
            Filter("source", _l("Source"), "entry", of_ids(Lead.source_id), of_kind="source"),
            Filter("brand", _l("Brand"), "entry", of_ids(Lead.brand_id), of_kind="brand"),
            Filter("product", _l("Product"), "entry", of_product, of_kind="product"),
            Filter("sort", _l("Products or services"), "choice", of_sort, None, SORTS),
            Filter(
                "industry", _l("Industry"), "entry", of_ids(Lead.industry_id), of_kind="industry"
            ),
            Filter("size", _l("Size"), "entry", of_ids(Lead.size_band_id), of_kind="size_band"),
            Filter(
                "band",
                _l("Expected value"),
                "entry",
                of_ids(Lead.value_band_id),
                of_kind="value_band",
            ),
            *_range("people", _l("Number of people"), Lead.people),
            *_range("amount", _l("Target amount"), Lead.target_amount),
            *_range("priority", _l("Priority"), Lead.priority),
            *_range("importance", _l("Importance"), Lead.importance),
            Filter("frame", _l("Time frame"), "text", containing(Lead.time_frame)),
            Filter("expectation", _l("Expectation"), "text", containing(Lead.expectation)),
        ),
    ),
    (
        _l("Opportunity"),
        (
            Filter(
                "category",
                _l("Category"),
                "entry",
                of_ids(Lead.category_id),
                Field.PROGRESS,
                of_kind="category",
            ),
            Filter(
                "competitor",
                _l("Who else is asked"),
                "entry",
                of_competitor,
                Field.PROGRESS,
                of_kind="competitor",
            ),
            *_range("chance", _l("Probability to win"), Lead.probability, Field.PROGRESS),
            Filter(
                "long_term",
                _l("A long-term opportunity"),
                "choice",
                ticked(lambda _asking: Lead.long_term.is_(True)),
                Field.PROGRESS,
                YES_NO,
            ),
            Filter(
                "kept",
                _l("In the archive"),
                "choice",
                ticked(lambda _asking: Lead.id.in_(select(ArchivedLead.lead_id))),
                None,
                YES_NO,
            ),
        ),
    ),
    (
        _l("Where"),
        (
            Filter("country", _l("Country"), "text", lambda values, _asking: of_country(values)),
            Filter("region", _l("Region"), "text", containing(Lead.subdivision)),
            Filter("city", _l("City"), "text", containing(Lead.city)),
            Filter("language", _l("Language"), "text", containing(Lead.language)),
        ),
    ),
    (
        _l("With whom"),
        (
            Filter("qualifier", _l("Qualifier"), "person", of_people(Lead.qualifier_id)),
            Filter(
                "firm",
                _l("Held by the firm"),
                "text",
                called(Lead.holder_organisation_id, Organisation),
                Field.HOLDER,
            ),
            Filter("holder", _l("Held by"), "text", called(Lead.holder_id, User), Field.HOLDER),
            Filter(
                "answer",
                _l("Last answer"),
                "choice",
                among(Pickup.last_status, tuple(Status)),
                Field.PROGRESS,
                ANSWERS,
            ),
            LATE,
            *_range("round", _l("Round"), Lead.round),
        ),
    ),
    (
        _l("When"),
        (
            *_spans("captured", _l("Came in"), Lead.captured_at),
            *_spans("since", _l("In this state since"), Lead.state_since),
            *_spans("qualified", _l("Qualified"), Lead.qualified_at),
            *_spans("picked", _l("Picked up"), Lead.picked_at, Field.HOLDER),
            *_spans("sql", _l("Interest confirmed"), Lead.sql_at, Field.PROGRESS),
            *_spans("closed", _l("Closed"), Lead.closed_at),
        ),
    ),
    (
        _l("Where from"),
        (
            Filter("origin", _l("Came from"), "text", containing(Lead.source_system)),
            Filter("external", _l("Number there"), "text", containing(Lead.external_id)),
            Filter(
                "campaign",
                _l("Campaign"),
                "text",
                called(Lead.campaign_id, Campaign),
                Field.ANSWERS,
            ),
            Filter("term", _l("Searched for"), "text", containing(Lead.search_term), Field.ANSWERS),
            Filter(
                "basis",
                _l("Legal basis"),
                "choice",
                among(Lead.basis, tuple(WORDS)),
                Field.ANSWERS,
                tuple(WORDS.items()),
            ),
            *_range("points", _l("Points"), POINTS, Field.ANSWERS),
            Filter(
                "reason",
                _l("Disqualified because"),
                "entry",
                of_ids(Lead.disqualified_reason_id),
                of_kind="reason",
            ),
            Filter(
                "suppressed",
                _l("Not to be called"),
                "choice",
                ticked(lambda _asking: Lead.suppressed.is_(True)),
                None,
                YES_NO,
            ),
        ),
    ),
)


def of_country(values: tuple[str, ...]) -> ColumnElement[bool] | None:
    """Make the condition of a country by its code."""
    codes = [value.upper() for value in values if len(value) == 2]
    return Lead.country.in_(codes) if codes else None


FILTERS: Mapping[str, Filter] = {one.key: one for _words, group in GROUPS for one in group}


def own_filters() -> dict[str, Filter]:
    """Return what may be asked of the programme's own fields, by key."""
    locale = str(get_locale())
    return {
        one.place: Filter(
            one.place,
            one.label,
            one.kind,
            _kept(one),
            Field.OWN,
            one.choices,
            open=_open(one) if own.teaser else None,
        )
        for own in own_fields.in_use()
        for one in questions(own, locale)
    }


def _kept(one: Question) -> Make:
    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        found = one.made(LeadFields.custom, values[0])
        return None if found is None else Lead.id.in_(select(LeadFields.lead_id).where(found))

    return made


def _open(one: Question) -> Make:
    def made(values: tuple[str, ...], _asking: Asking) -> ColumnElement[bool] | None:
        return one.made(Lead.open_custom, values[0])

    return made


def every_filter() -> dict[str, Filter]:
    """Return all filters by key, those of the programme's own fields last."""
    return {**FILTERS, **own_filters()}


# -- what was asked --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see: words, filters, columns and order."""

    text: str = ""
    values: Values = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    order: str = "newest"

    @property
    def narrowed(self) -> bool:
        """True where it is not simply everything."""
        return bool(self.text or self.values)

    def one(self, key: str) -> str:
        """Return the first value of a filter, empty where there is none."""
        return self.values.get(key, ("",))[0]

    def as_address(self) -> dict[str, Any]:
        """Return it as it stands in an address; what goes without saying is left out."""
        parts: dict[str, Any] = {"q": [self.text]} if self.text else {}
        parts |= {key: list(values) for key, values in self.values.items()}
        if self.columns and self.columns != USUAL:
            parts["column"] = list(self.columns)
        if self.order != "newest":
            parts["order"] = [self.order]
        return parts


def read_asked(given: MultiDict[str, str], eyes: Eyes) -> Asked:
    """Read what an address asks for, as far as this reader may ask it."""
    values = {}
    for key, one in every_filter().items():
        said = tuple(
            dict.fromkeys(clean(raw) for raw in given.getlist(key)[:MOST_OF_ONE] if clean(raw))
        )
        if said and (one.open is not None or eyes.ever(one.field)):
            values[key] = said
    chosen = set(given.getlist("column"))
    columns = tuple(column.key for column in eyes.columns() if column.key in chosen)
    orders = {order.key: order for order in eyes.orders()}
    order = orders.get(given.get("order", ""))
    return Asked(
        text=clean(given.get("q", "")),
        values=values,
        columns=columns or tuple(key for key in USUAL if eyes.ever(BY_KEY[key].field)),
        order=order.key if order else "newest",
    )


def clean(raw: str) -> str:
    """Return a value as it counts: without NUL bytes and the spaces around, not too long."""
    return raw.replace("\x00", "").strip()[:LONGEST]


def conditions(asked: Asked, asking: Asking, eyes: Eyes) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of what was asked, apart from words."""
    filters = every_filter()
    for key, values in asked.values.items():
        one = filters[key]
        made = one.made(values, asking)
        if made is None:
            continue
        if one.field is not None:
            made = and_(eyes.sees(one.field), made)
        open_part = one.open(values, asking) if one.open is not None else None
        yield made if open_part is None else or_(made, open_part)


def without_odd(asked: Asked, asking: Asking) -> Asked:
    """Return what was asked without what nobody understands."""
    filters = every_filter()
    kept = {
        key: values
        for key, values in asked.values.items()
        if filters[key].made(values, asking) is not None
    }
    return replace(asked, values=kept)
