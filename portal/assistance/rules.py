"""What may be asked for, and what an answer must say. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from portal.core.errors import Refused

LONGEST = 4000
MOST_LINES = 20
MOST_PIECES = 1_000_000
HIGHEST_PRICE = Decimal("999999999999.99")
APART = timedelta(hours=24)
"""Between two times that the same is asked."""
FURTHEST = timedelta(days=3 * 366)


class AskedAlready(Refused):
    """The same is asked about this lead and waits for its answer."""

    code = "asked_already"


class AskedLately(Refused):
    """It was asked less than a day ago, and its time is not over."""

    code = "asked_lately"


class NobodyToAsk(Refused):
    """There is nobody of the vendor who could answer."""

    code = "nobody_to_ask"


class Settled(Refused):
    """The request is settled meanwhile, or it is not this side's turn."""

    code = "settled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A special price as somebody wants it: pieces by product, and in which way how much off.

    `needed_on` is the day by which the customer decides.
    """

    pieces: Sequence[tuple[int, int]] = ()
    discount: Decimal | None = None
    price: Decimal | None = None
    competitor_id: int | None = None
    needed_on: date | None = None

    def as_terms(self) -> dict[str, Any]:
        """Return it as JSON keeps it, without what was left open."""
        return _kept(
            pieces=[list(line) for line in self.pieces],
            discount=self.discount,
            price=self.price,
            competitor_id=self.competitor_id,
            needed_on=self.needed_on,
        )


@dataclass(frozen=True, slots=True)
class Granted:
    """A special price as it is granted, and how long it holds."""

    discount: Decimal | None = None
    price: Decimal | None = None
    until: date | None = None

    def as_terms(self) -> dict[str, Any]:
        """Return it as JSON keeps it, without what was left open."""
        return _kept(discount=self.discount, price=self.price, until=self.until)


def _kept(**said: Any) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal | date) else value
        for name, value in said.items()
        if value not in (None, [])
    }


def check_words(text: str, *, needed: bool = True) -> dict[str, str]:
    """Return what is wrong with what was written, by field."""
    if needed and not text.strip():
        return {"text": str(_("Please write something."))}
    if len(text) > LONGEST:
        return {"text": str(_("Please keep it under %(most)d characters.", most=LONGEST))}
    return {}


def check_wanted(wanted: Wanted, products: Mapping[int, Any], today: date) -> dict[str, str]:
    """Return what is wrong with a wanted price, by field; `products` are those there are."""
    errors = check_figures(wanted.discount, wanted.price)
    if not wanted.pieces:
        errors["pieces"] = str(_("Please say how many of what."))
    elif len(wanted.pieces) > MOST_LINES:
        errors["pieces"] = str(_("At most %(most)d fit here.", most=MOST_LINES))
    elif any(product not in products for product, _count in wanted.pieces):
        errors["pieces"] = str(_("Please choose from the list."))
    elif not all(0 < count <= MOST_PIECES for _product, count in wanted.pieces):
        errors["pieces"] = str(_("Please give a whole number."))
    if wanted.discount is None and wanted.price is None and "price" not in errors:
        errors.setdefault("discount", str(_("Please say what you need: a discount or a price.")))
    if wanted.needed_on is not None and not today <= wanted.needed_on <= today + FURTHEST:
        errors["needed_on"] = str(_("Please choose a day ahead, within three years."))
    return errors


def check_granted(granted: Granted, today: date) -> dict[str, str]:
    """Return what is wrong with a price that is to be granted, by field."""
    errors = check_figures(granted.discount, granted.price)
    if granted.discount is None and granted.price is None:
        errors.setdefault("price", str(_("Please say what you grant: a discount or a price.")))
    if granted.until is None or not today <= granted.until <= today + FURTHEST:
        errors["until"] = str(_("Please choose a day ahead, within three years."))
    return errors


def check_figures(discount: Decimal | None, price: Decimal | None) -> dict[str, str]:
    """Return what is wrong with a discount in per cent and a price, by field."""
    errors = {}
    if discount is not None and not (discount.is_finite() and 0 < discount <= 100):
        errors["discount"] = str(_("Please give more than 0 and at most 100 per cent."))
    if price is not None and not (price.is_finite() and 0 < price <= HIGHEST_PRICE):
        errors["price"] = str(_("Please give an amount above 0."))
    return errors
