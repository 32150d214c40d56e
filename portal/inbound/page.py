"""What the pages behind links are drawn from, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.core.mail.models import MailLink
from portal.inbound import nonces, queries
from portal.inbound.nonces import Nonce
from portal.pickup.models import Pickup
from portal.pickup.questions import Question
from portal.timeline.rules import Planned
from portal.web.forms import Form


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the sign that its answer must carry."""

    question: Question
    nonce: str
    chosen: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The view model of `templates/inbound/page.html`; `body` names what stands below.

    `deed` is what the body of a `Deed` is drawn from, and `deeds` are the words and the address of
    each that can be done.
    """

    heading: str
    sentence: str = ""
    number: str | None = None
    title: str | None = None
    facts: Sequence[str] = field(default_factory=tuple)
    code: str | None = None
    body: str | None = None
    action: str | None = None
    nonce: str = ""
    button: str = ""
    chosen: str | None = None
    may_pick: bool = False
    may_decline: bool = False
    may_confirm: bool = False
    for_firm: bool = False
    reasons: Sequence[tuple[str, str]] = field(default_factory=tuple)
    error: str | None = None
    asked: Sequence[Asked] = field(default_factory=tuple)
    kept: Mapping[str, str] = field(default_factory=dict)
    onward: tuple[str, str] | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    most_days: int = 0
    deed: Any = None
    deeds: Sequence[tuple[str, str]] = field(default_factory=tuple)


def page_about(lead_id: int, **more: Any) -> Page:
    """Return a page about a lead, named as far as whoever opens a passed-on link may read it."""
    number, title = queries.title_of(lead_id)
    return Page(heading=title or number, number=number, **more)


def thanks(*, again: bool, sentence: str, **more: Any) -> Page:
    """Return the page after a press; `again` where it was done before. `more` as in `Page`."""
    return Page(
        heading=_("Already recorded") if again else _("Thank you"), sentence=sentence, **more
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who opened which link when, and what she typed or chose so far.

    `mark` is the state that the page showed on which she pressed.
    """

    link: MailLink
    actor: Actor
    at: datetime
    chosen: str | None = None
    action: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    planned: Sequence[Planned] = field(default_factory=tuple)
    mark: str = ""

    def sign(self, mark: str, again: bool = False) -> str:
        """Return the sign of a page that shows the thing in this state."""
        return nonces.issue(Nonce(self.link.id, mark, self.at, again))


@dataclass(frozen=True, slots=True)
class Deed:
    """What can be done about a lead in hand behind the mails about it, on a page of its own.

    The page of a link shows it for `?s=<name>`, and what is pressed there carries `name` as its
    action. `open` says whether it can be done now. `show` makes the page; where it was sent
    (`reader.action` is `name` then) with what was typed and `reader.errors`. `press` does it by the
    operation of the portal, raises what that raises, and returns the page that says so. `recorded`
    is the sentence of the mail that confirms it. `instead` names what is shown where it can't be
    done because it was, and `words_now` returns what it is called where that is not always `words`.
    """

    name: str
    words: Any
    open: Callable[[Reader, Pickup], bool]
    show: Callable[[Reader, Pickup], Page]
    press: Callable[[Reader, Pickup], Page]
    recorded: Any
    instead: str | None = None
    words_now: Callable[[Reader, Pickup], str] | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What a person says of herself or of her firm on the page where she chooses her mails.

    `may` says whether it is hers to say. `show` makes the form of the portal, its field names
    beginning with `action` and a hyphen, as it was `sent` or with what holds. `save` does it by the
    operation of the portal, and raises what that raises. `saved` is what the page says then.
    """

    action: str
    may: Callable[[Actor], bool]
    show: Callable[[Actor, bool], Form]
    save: Callable[[Any, Actor, datetime], None]
    saved: Any
