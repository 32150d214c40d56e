"""Mails as they would read: written of the newest real thing, by whoever writes the real ones.

Rooms above name here what they show a kind of mail of. Nothing is written down by that, and nothing
in the mail can be pressed (`trials`). Where there is nothing real yet, the programme's own words
are shown alone, with the examples of their fields and the names of the blocks.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.core.mail import enclosures, outbox, trials
from portal.core.mail.outbox import Recipient
from portal.core.mail.rendering import Rendered, compose
from portal.wording import rules
from portal.wording.kinds import BODY, SUBJECT, Kind, examples_of
from portal.wording.mails import OwnWords

TEST = "wording_test"
BY_NIGHT = re.compile(r"\(prefers-color-scheme: dark\)")
SCHEMES = re.compile(r'(<meta name="(?:color-scheme|supported-color-schemes)" content=")[^"]*')


@dataclass(frozen=True, slots=True)
class Sample:
    """Of what a mail is shown: the context of its templates, and what that is, in words.

    Of what it encloses only `pictures` that stand in it are shown.
    """

    context: Mapping[str, Any]
    about: str
    timezone: str
    pictures: enclosures.Facts | None = None


Maker = Callable[[str, Actor, datetime], Sample | None]
"""Finds the newest thing that a person may see and a kind of mail could tell of."""

MAKERS: dict[str, Maker] = {}


def shows(*kinds: str) -> Callable[[Maker], Maker]:
    """Register who shows these kinds of mail."""

    def register(make: Maker) -> Maker:
        MAKERS.update(dict.fromkeys(kinds, make))
        return make

    return register


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail to look at; without `about` it is of nothing real, and has no HTML."""

    mail: Rendered
    about: str = ""
    pictures: enclosures.Facts | None = None


def show(kind: Kind, texts: Mapping[str, str], language: str, actor: Actor, at: datetime) -> Shown:
    """Return a mail with these words in a language. Raises `rules.Unsound` and `TooLarge`."""
    found = _made(kind, texts, language, actor, at)
    return found or Shown(_alone(kind, texts))


def _made(
    kind: Kind,
    texts: Mapping[str, str],
    language: str,
    actor: Actor,
    at: datetime,
    **more: Any,
) -> Shown | None:
    make = MAKERS.get(kind.key)
    with trials.trying(language):
        sample = make(kind.key, actor, at) if make else None
        if sample is None:
            return None
        own = OwnWords(kind, texts) if texts else None
        made = compose(kind.key, {**sample.context, **more}, language, sample.timezone, own)
    html, text = trials.dead(made.html, made.text)
    return Shown(Rendered(made.subject, text, html), sample.about, sample.pictures)


def _alone(kind: Kind, texts: Mapping[str, str]) -> Rendered:
    values = examples_of(kind)[0]
    subject = rules.write_subject(texts.get(SUBJECT, ""), values, kind.kept)
    body = rules.lay_out(texts.get(BODY, ""), values, kind.parts)
    return Rendered(subject, rules.said_in(body, "[ {} ]"), "")


def try_out(
    kind: Kind, texts: Mapping[str, str], language: str, actor: Actor, at: datetime
) -> bool:
    """Send a mail with these words to who asks for it, marked as a test; False: nothing to show.

    Raises `rules.Unsound` and `TooLarge`.
    """
    said = _("This is a test. Nothing in it can be pressed, and nobody else has got it.")
    shown = _made(kind, texts, language, actor, at, trial=str(said), reply_to="")
    if shown is None:
        return False
    subject = rules.cut(_("Test: %(subject)s", subject=shown.mail.subject))
    mail = replace(shown.mail, subject=subject, text=f"{said}\n\n{shown.mail.text}")
    to = Recipient(actor.id, actor.email, actor.name, language, actor.timezone)
    key = f"{TEST}:{kind.key}:{actor.id}:{at.isoformat()}"
    outbox.post_made(TEST, to, mail, at, key, shown.pictures)
    return True


def seen(shown: Shown, at: datetime, *, dark: bool) -> str:
    """Return the HTML of a mail with its pictures, by day or by night whatever the device says."""
    html = shown.mail.html
    for one in enclosures.make(shown.pictures, at) if shown.pictures else ():
        content = base64.b64encode(one.content).decode("ascii")
        html = html.replace(f"cid:{one.content_id}", f"data:{one.content_type};base64,{content}")
    html = BY_NIGHT.sub("all" if dark else "not all", html)
    return SCHEMES.sub(rf"\g<1>{'dark' if dark else 'light'}", html)
