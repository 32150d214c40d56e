"""From a kind of mail and plain values to subject, text and HTML.

One directory per kind in templates/emails. Both parts are written in the reader's language and
zone, and carry the same links. Nothing is fetched while a mail is made.

A room above may give words of the programme's own in place of ours (`worded_by`): a subject, and a
body that puts parts of ours where it likes. Where they can't be written ours go out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Protocol, cast

import css_inline
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_location
from flask import current_app, g
from flask_babel import get_locale, get_timezone, get_translations, refresh
from flask_babel import gettext as _
from markupsafe import Markup
from rq.timeouts import BaseTimeoutException

from portal.core.config import Settings
from portal.core.mail import trials
from portal.core.mail.addresses import one_line

MOST_PARAGRAPHS = 100
LARGEST = 100_000  # bytes of HTML: Gmail cuts longer ones off
SENTINEL = "##- Bitte oberhalb dieser Zeile antworten / Please reply above this line -##"
"""Stands on top of what can be answered, in both languages: a programme reads it, too."""

Paragraphs = tuple[tuple[str, ...], ...]
"""Plain text: paragraphs, each of lines."""
Piece = str | Paragraphs
"""What a body is made of: the name of a part that its templates mark, or text."""
Tokens = Callable[[str], Mapping[str, tuple[str, str]]]

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


class TooLarge(ValueError):
    """The HTML part would be cut off by the reader's mail client."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its headers."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a mail in place of ours, and ours where it is empty."""

    subject: str = ""
    body: Sequence[Piece] = ()


class Wording(Protocol):
    """Words of the programme's own for one kind of mail in one language."""

    def fill(self, context: Mapping[str, Any]) -> Words:
        """Return the words of a mail with this context; may raise anything."""
        ...

    def note_failure(self, error: Exception) -> None:
        """Hear that a mail went out with our words, and why."""
        ...


OURS = Words()

FindWording = Callable[[str, str], Wording | None]
"""Finds the wording of a kind of mail in a language."""

_finders: list[FindWording] = []


def worded_by(find: FindWording) -> FindWording:
    """Register, once, who knows words of the programme's own."""
    _finders[:] = [find]
    return find


def spoken(locale: str) -> str:
    """Return a language in which dates can be written: the programme's where this is none."""
    settings: Settings = current_app.config["SETTINGS"]
    return locale if _is_known(locale) else settings.default_locale


@lru_cache(maxsize=256)
def _is_known(locale: str) -> bool:
    try:
        Locale.parse(locale)
    except (UnknownLocaleError, ValueError):
        return False
    return True


@contextmanager
def speaking(locale: str, timezone: str) -> Iterator[None]:
    """Run a block in the language and zone of the person who will read what it writes.

    What is only tried out (`trials`) is written in the language it is tried out in, and what is for
    somebody of a language that nobody knows in the programme's.
    """
    before = g.get("locale"), g.get("timezone")
    g.locale, g.timezone = trials.language() or spoken(locale), timezone
    refresh()
    try:
        yield
    finally:
        g.locale, g.timezone = before
        refresh()


def render(kind: str, context: Mapping[str, Any], locale: str, timezone: str) -> Rendered:
    """Return subject, text and HTML of a mail, in the programme's own words if it has some.

    A mail is never lost by them: what goes wrong is told, and ours go out. Raises `TooLarge`.
    """
    locale = spoken(locale)
    wording = next((found for find in _finders if (found := find(kind, locale))), None)
    if wording is None:
        return compose(kind, context, locale, timezone)
    try:
        return compose(kind, context, locale, timezone, wording)
    except BaseTimeoutException:
        raise
    except Exception as error:  # noqa: BLE001 – it is told where the words are kept
        made = compose(kind, context, locale, timezone)
        wording.note_failure(error)
        return made


def compose(
    kind: str,
    context: Mapping[str, Any],
    locale: str,
    timezone: str,
    wording: Wording | None = None,
) -> Rendered:
    """Return subject, text and HTML of a mail in these words, else in ours. Raises `TooLarge`.

    Templates get `context`, `link(path)` for absolute addresses, `moment(at)` for a date that is
    still true tomorrow, `whole(number)` for what no line may part, `paragraphs(text)`,
    `programme`, `locale`, `sentinel`, and `tokens`: accent colours by day and by night.

    A `trial` in the context stands on top and says that the mail is none.

    A `reply_to` in the context says that the mail can be answered: then it begins with the line
    above which to do that, and says what is read of an answer: `reply_hint`.
    """
    settings: Settings = current_app.config["SETTINGS"]
    environment = current_app.jinja_env
    values = {
        **context,
        "link": lambda path: settings.public_url + path,
        "moment": moment,
        "whole": whole,
        "paragraphs": paragraphs,
        "programme": settings.programme_name,
        "tokens": cast(Tokens, environment.globals["mail_tokens"])(settings.accent),
        "locale": locale,
        "sentinel": SENTINEL,
    }

    def part(path: str, **more: Any) -> str:
        say = translator(Markup if path.endswith(".html") else str)
        return environment.get_template(f"emails/{path}").render(values, _=say, **more)

    def body(ending: str, words: Words) -> str:
        if words.body:
            return part(f"_worded.{ending}", mail_kind=kind, worded=words.body)
        return part(f"{kind}/body.{ending}")

    with speaking(locale, timezone):
        words = wording.fill(values) if wording else OURS
        subject = words.subject or part(f"{kind}/subject.txt")
        text, html = body("txt", words), body("html", words)
    html = _inliner.inline(html)
    if len(html.encode()) > LARGEST:
        raise TooLarge(f"{kind}: the HTML part is larger than {LARGEST} bytes")
    # what is left out leaves no hole
    text = re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text).strip() + "\n"
    if context.get("reply_to"):
        text = f"{SENTINEL}\n\n{text}"
    return Rendered(one_line(subject), text, html)


def translator(kind: type[str]) -> Callable[..., str]:
    """Return gettext as templates know it, bound to the reader's language.

    Jinja's own looks the language up for each of the many words of a mail.
    """
    translations = get_translations()

    def say(text: str, /, **values: Any) -> str:
        words = kind(translations.ugettext(text))
        return words % values if values or "%" in words else words

    return say


def whole(number: str) -> Markup:
    """Keep a number on one line, where narrow readers would part it at its hyphen."""
    return Markup('<span style="white-space: nowrap">{}</span>').format(number)


def paragraphs(text: str | None) -> list[str]:
    """Return the paragraphs of a text. Of very many the later ones run on in the last."""
    found = [line for line in (text or "").splitlines() if line.strip()]
    return [*found[:MOST_PARAGRAPHS], *filter(None, [" ".join(found[MOST_PARAGRAPHS:])])]


def moment(at: datetime) -> str:
    """Say a moment in full: a mail is read on another day than it is written."""
    return _moment_words(get_locale(), get_timezone(), at)


@lru_cache(maxsize=4096)
def _moment_words(locale: Locale, zone: tzinfo, at: datetime) -> str:
    # many mails name the same moment; `locale` is the one that is spoken now
    here = at.astimezone(zone)
    return str(
        _(
            "%(day)s, %(hour)s (%(city)s time)",
            day=format_date(here, "full", locale=locale),
            # many mail clients have no glyph for the narrow space of some languages
            hour=format_time(here, "short", tzinfo=zone, locale=locale).replace("\u202f", "\u00a0"),
            city=get_timezone_location(zone, locale=locale, return_city=True),
        )
    )
