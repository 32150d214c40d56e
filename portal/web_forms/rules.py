"""What a form may ask, how its texts are filled, who looks like a robot. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l

WORDS = ("title", "intro", "button", "thanks", "mail_subject", "mail_text")
"""The texts of a form, in each language that it speaks."""

LONGEST = {
    "title": 120,
    "intro": 2000,
    "button": 40,
    "thanks": 2000,
    "mail_subject": 120,
    "mail_text": 6000,
}
LANGUAGES = ("en", "de")

STANDARD: dict[str, Any] = {
    "company": _l("Company"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "role": _l("Role"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "street": _l("Street"),
    "postcode": _l("Postcode"),
    "city": _l("City"),
    "country": _l("Country"),
    "product": _l("Product"),
    "message": _l("Your message"),
}
REACHED_BY = ("email", "phone")
OWN = "own-"
EXTRA = "extra-"
MOST_EXTRAS = 6
MOST_CHOICES = 40

MERGE: dict[str, Any] = {
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "company": _l("Company"),
    "form": _l("Title of the form"),
    "programme": _l("Name of the programme"),
    "event_date": _l("Date and time of the event"),
    "event_place": _l("Place of the event"),
}
"""What may stand in braces in the thank-you mail."""
_BRACES = re.compile(r"\{([^{}\n]{0,40})\}")

LONGEST_NAME = 60
_ADDRESS = re.compile(r"(?i)https?:|www\.|[/\\@]|\.[a-z]{2,}(?:\s|$)|\d{5}")

FASTEST = timedelta(seconds=3)
"""Nobody reads a form and fills it in within that."""
OLDEST = timedelta(hours=24)
PER_ADDRESS = "10/minute"


class ExtraKind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    YES_NO = "yes_no"


class Doubt(StrEnum):
    """Why somebody is asked once more whether he is a person."""

    HONEYPOT = "honeypot"
    TOO_FAST = "too_fast"
    UNKNOWN_PAGE = "unknown_page"
    MANY_FROM_HERE = "many_from_here"
    MANY_AT_ALL = "many_at_all"


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of a form: one of `STANDARD`, `own-<key>` of the programme, or `extra-<n>`."""

    name: str
    required: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str = ExtraKind.TEXT
    choices: Sequence[Mapping[str, str]] = ()

    def label(self, locale: str) -> str:
        """Return what the form's own field is called."""
        return said(self.labels, locale)


def asked_of(fields: Collection[Mapping[str, Any]]) -> list[Asked]:
    """Return the fields of a form as it keeps them."""
    return [Asked(**one) for one in fields]


def said(words: Mapping[str, str], locale: str) -> str:
    """Return a text in a language, else in the first that there is."""
    found = words.get(locale[:2]) or words.get("en")
    return found or next((one for one in words.values() if one), "")


def speaks(words: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the languages in which a form has a title."""
    return [code for code in LANGUAGES if words.get(code, {}).get("title")]


def unknown_merge(text: str) -> list[str]:
    """Return what stands in braces and is no merge field."""
    return [name for name in _BRACES.findall(text) if name not in MERGE]


def merged(text: str, values: Mapping[str, str]) -> str:
    """Fill a text's merge fields; what is empty leaves no space before it or double behind."""
    filled = _BRACES.sub(lambda found: values.get(found[1], ""), text)
    filled = re.sub(r"[ \t]+([,.;:!?])", r"\1", filled)
    return re.sub(r"[ \t]{2,}", " ", filled)


def harmless(name: str) -> str:
    """Return a name that may stand in a mail to whom it names; nothing for what else was typed.

    Anybody may type another's address, and what he wants to say to him as his own name.
    """
    if len(name) > LONGEST_NAME or _ADDRESS.search(name):
        return ""
    return name


def origin_of(address: str) -> str | None:
    """Return scheme, host and port of a web address, None for what is none."""
    try:
        parts = urlsplit(address.strip().lower())
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(
        r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", host
    ):
        return None
    plain = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != plain else "")


def doubts(
    *,
    honeypot: bool,
    age: timedelta | None,
    from_site: bool,
    many_from_here: bool,
    many_at_all: bool,
) -> list[Doubt]:
    """Return why a sender may be a robot.

    `age` is that of the page that was sent, None where it is none of ours or too old; `from_site`
    says that it came from a page that may post to the form by itself.
    """
    unknown = age is None or age > OLDEST
    found = {
        Doubt.HONEYPOT: honeypot,
        Doubt.TOO_FAST: age is not None and age < FASTEST,
        Doubt.UNKNOWN_PAGE: unknown and not from_site,
        Doubt.MANY_FROM_HERE: many_from_here,
        Doubt.MANY_AT_ALL: many_at_all,
    }
    return [doubt for doubt, there in found.items() if there]
