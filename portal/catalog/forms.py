"""The form of a catalogue entry; each kind shows the fields that it has."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from portal.catalog.bases import CHOICES
from portal.catalog.models import Entry
from portal.catalog.operations import EXTRA
from portal.web.forms import AmountField, Form, WholeField, needed

LONGEST_NAME = 120

KIND_NAMES: dict[str, Any] = {
    "brand": _l("Brands"),
    "product": _l("Products and services"),
    "industry": _l("Industries"),
    "source": _l("Sources"),
    "size_band": _l("Sizes of customers"),
    "value_band": _l("Expected values"),
    "reason": _l("Reasons"),
    "partner_level": _l("Partner levels"),
    "specialisation": _l("Specialisations"),
    "certification": _l("Certifications"),
    "customer_class": _l("Classes of customers"),
    "credit_rating": _l("Credit ratings"),
    "category": _l("Categories of leads"),
    "competitor": _l("Competitors"),
}
SORTS = [("products", _l("Products")), ("services", _l("Services"))]
"""What the entries of products and services are apart."""
PURPOSES = [
    ("decline", _l("Not for me")),
    ("give_back", _l("Give back")),
    ("lost", _l("Lost")),
    ("disqualify", _l("Disqualify")),
    ("cancel", _l("Cancel")),
    ("recall", _l("Take back")),
    ("extension", _l("More time")),
    ("pause", _l("Let it rest")),
]
BLAMES = [
    ("none", _l("nobody")),
    ("vendor", _l("the vendor: it counts against the source")),
    ("partner", _l("the partner")),
    ("market", _l("the market")),
]
AMOUNT = NumberRange(0, 999_999_999_999, _l("Please give a number from 0 to 999,999,999,999."))


class EntryForm(Form):
    name_en = StringField(_l("Name in English"), [needed(), Length(max=LONGEST_NAME)])
    name_de = StringField(_l("Name in German"), [Optional(), Length(max=LONGEST_NAME)])
    service = BooleanField(
        _l("It is a service"), description=_l("Something that is done, not something delivered.")
    )
    brand_id = SelectField(_l("Brand"), [Optional()], choices=[])
    price_book = StringField(
        _l("Price book"),
        [Optional(), Length(max=2000)],
        description=_l("The address where its prices stand; whoever works on a lead can open it."),
    )
    low = AmountField(_l("From"), [Optional(), AMOUNT])
    high = AmountField(
        _l("Up to, but not including"), [Optional(), AMOUNT], description=_l("Empty: no upper end")
    )
    rank = WholeField(
        _l("Rank"),
        [Optional(), NumberRange(0, 1000)],
        description=_l("A higher number is a higher level."),
    )
    purpose = SelectField(_l("For"), [Optional()], choices=[])
    blame = SelectField(_l("Counts against"), [Optional()], choices=[])
    expectation_en = TextAreaField(
        _l("With what expectation to call, in English"), [Optional(), Length(max=400)]
    )
    expectation_de = TextAreaField(
        _l("With what expectation to call, in German"), [Optional(), Length(max=400)]
    )
    basis = SelectField(
        _l("Legal basis"),
        [Optional()],
        choices=[],
        description=_l(
            "Why whoever comes this way may be approached, unless something else is said."
        ),
    )
    synonyms = TextAreaField(
        _l("Other spellings"),
        [Optional(), Length(max=10_000)],
        description=_l("One a line; imported files that use them are understood."),
    )
    position = WholeField(
        _l("Position in lists"),
        [Optional(), NumberRange(0, 1_000_000)],
        description=_l("Empty: at the end"),
    )
    active = BooleanField(
        _l("In use"), description=_l("Out of use, it stays where it is but can't be chosen.")
    )

    def fit(self, kind: str, brands: list[tuple[str, str]], *, new: bool) -> None:
        """Keep the fields that this kind has."""
        self.purpose.choices = PURPOSES
        self.blame.choices = BLAMES
        extra = EXTRA.get(kind, ())
        if "brand_id" in extra:
            self.brand_id.choices = [("", "–"), *brands]
        else:
            del self.brand_id
        self.basis.choices = [("", _l("It has to be said of each")), *CHOICES.items()]
        for name in ("low", "high", "rank", "blame", "synonyms", "price_book", "service", "basis"):
            if name not in extra:
                delattr(self, name)
        if "expectation" not in extra:
            del self.expectation_en
            del self.expectation_de
        if "purpose" not in extra or not new:
            del self.purpose

    def show(self, entry: Entry) -> None:
        """Fill the form with an entry."""
        self.name_en.data = entry.names.get("en", "")
        self.name_de.data = entry.names.get("de", "")
        self.position.data = entry.position
        self.active.data = entry.active
        for name in ("low", "high", "rank", "blame", "price_book", "service", "basis"):
            if name in self:
                self[name].data = getattr(entry, name)
        if "brand_id" in self:
            brand_id = getattr(entry, "brand_id", None)
            self.brand_id.data = str(brand_id) if brand_id else ""
        if "synonyms" in self:
            self.synonyms.data = "\n".join(getattr(entry, "synonyms", None) or ())
        if "expectation_en" in self:
            expectation = getattr(entry, "expectation", None) or {}
            self.expectation_en.data = expectation.get("en", "")
            self.expectation_de.data = expectation.get("de", "")

    def values(self) -> dict[str, Any]:
        """Return what was typed, as `operations` take it."""
        values: dict[str, Any] = {
            "names": _texts(self.name_en.data, self.name_de.data),
            "position": self.position.data,
            "active": bool(self.active.data),
        }
        for name in ("low", "high", "rank", "blame", "purpose"):
            if name in self:
                values[name] = self[name].data
        if "brand_id" in self:
            values["brand_id"] = int(self.brand_id.data) if self.brand_id.data else None
        if "service" in self:
            values["service"] = bool(self.service.data)
        for name in ("price_book", "basis"):
            if name in self:
                values[name] = self[name].data or None
        if "synonyms" in self:
            lines = (self.synonyms.data or "").splitlines()
            values["synonyms"] = list(dict.fromkeys(s.strip() for s in lines if s.strip()))
        if "expectation_en" in self:
            values["expectation"] = _texts(self.expectation_en.data, self.expectation_de.data)
        return values


def _texts(english: str | None, german: str | None) -> dict[str, str]:
    return {code: text for code, text in (("en", english), ("de", german)) if text}
