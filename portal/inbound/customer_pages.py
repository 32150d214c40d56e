"""The page behind a mail to a customer: `/your-inquiry/<token>`.

Opening renders and nothing more; a press carries the token in its body and the sign of a page that
we showed. It names who calls, and nothing of the customer.
"""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.core import circumstances, clock
from portal.core.db import session
from portal.core.errors import DomainError
from portal.core.events import record_apart
from portal.core.mail.rendering import speaking
from portal.inbound import nonces
from portal.inbound.events import CustomerPressDoubted
from portal.inbound.nonces import Nonce
from portal.inbound.routes import guessing, link_key
from portal.inbound.rules import ChangedMeanwhile, PageTooOld, PressAgain, doubt, is_prefetch
from portal.leads.models import Lead
from portal.pickup.models import Pickup
from portal.web.access import forget_who_comes, public
from portal.web.limits import limiter
from portal.witness import mails, operations, queries
from portal.witness.models import CustomerLetter, Said, Way
from portal.witness.rules import Asked

blueprint = Blueprint("customer_page", __name__, url_prefix="/your-inquiry")
forget_who_comes(blueprint, largest_body=20_000, most_parts=10)

DECLINE, OVER = "decline", "over"


@blueprint.after_request
def hide(response: Response) -> Response:
    """Keep the page out of search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@blueprint.get("/<token>")
@public
@guessing
def page(token: str) -> ResponseReturnValue:
    """Show who calls, or ask whether they did; a link may say which answer it is for."""
    letter = queries.find_letter(token, clock.now())
    if letter is None:
        return nowhere()
    with speaking(*mails.language_of(lead_of(letter))):
        return show(letter, token), 200


@blueprint.post("/<token>")
@public
@guessing
@limiter.limit("30/minute", key_func=link_key)
def press(token: str) -> ResponseReturnValue:
    at = clock.now()
    letter = queries.find_letter(token, at)
    action = request.form.get("action", "")
    if letter is None or action not in (*Said, DECLINE):
        return nowhere()
    with (
        circumstances.under(actor_id=None, channel="mail"),
        speaking(*mails.language_of(lead_of(letter))),
    ):
        try:
            check_press(letter, token, action)
            # whatever a refusal has begun is undone before the page says how things stand
            with session().begin_nested():
                if action == DECLINE:
                    operations.decline(letter.id, at)
                else:
                    operations.answer(letter.id, Said(action), Way.PAGE, at)
        except PressAgain as again:
            return show(letter, token, again, again=True), 409
        except DomainError as refusal:
            return show(letter, token, refusal), 409
        return show(letter, token), 200


def check_press(letter: CustomerLetter, token: str, action: str) -> None:
    """Refuse a press that does not come from our page, from a person, or from how things stand.

    Who wants no call wants none whatever was said, and whoever has the lead by now. Raises
    `PageTooOld`, `PressAgain`, `ChangedMeanwhile`.
    """
    at, given = clock.now(), request.form.get("token", "")
    nonce = None
    if hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode()):
        nonce = nonces.read(request.form.get("nonce", ""), letter.id, at, nonces.CUSTOMER)
    if nonce is None:
        raise PageTooOld(_("Please press once more."))
    why = doubt(at - nonce.issued_at, 0, is_prefetch(dict(request.headers)), again=nonce.again)
    if why is not None:
        record_apart(CustomerPressDoubted(at=at, letter_id=letter.id, why=why))
        raise PressAgain(_("Please press once more: so we know that it was you."))
    if action != DECLINE and nonce.mark != mark_of(queries.view(letter, at)):
        raise ChangedMeanwhile(_("Something else was said meanwhile. Please look once more."))


def mark_of(asked: Asked) -> str:
    """Return in which state somebody sees the page."""
    return OVER if asked.over else asked.said or ""


def lead_of(letter: CustomerLetter) -> Lead:
    """Return the lead that a mail to a customer is about."""
    return session().get_one(Lead, session().get_one(Pickup, letter.pickup_id).lead_id)


def show(
    letter: CustomerLetter, token: str, refusal: DomainError | None = None, *, again: bool = False
) -> str:
    """Render the page as things stand now, with what stood against a press."""
    at = clock.now()
    asked = queries.view(letter, at)
    chosen = request.args.get("s") or request.form.get("action")
    heading, sentence = told(asked)
    return render_template(
        "inbound/customer.html",
        asked=asked,
        heading=heading,
        sentence=sentence,
        token=token,
        nonce=nonces.issue(Nonce(letter.id, mark_of(asked), at, again), nonces.CUSTOMER),
        chosen=chosen if chosen in set(Said) else None,
        note=refusal.message if refusal else None,
        code=refusal.code if refusal else None,
    )


def told(asked: Asked) -> tuple[str, str]:
    """Say how things stand: a heading, and a sentence where there is one."""
    named = {"person": asked.person, "firm": asked.firm}
    if asked.declined and asked.over:
        return _("We leave you in peace"), _(
            "We noted that you don’t want to be called. Whoever deals with your inquiry by now "
            "knows it, and we send nobody else."
        )
    if asked.declined:
        return _("We leave you in peace"), _(
            "%(firm)s knows that you don’t want to be called. We send nobody else.", **named
        )
    if asked.over:
        return _("This is settled"), _(
            "%(firm)s has finished here. There is nothing to do for you.", **named
        )
    if asked.said == Said.YES:
        return _("Thank you"), _("We noted that %(person)s called you.", **named)
    if asked.said == Said.NO:
        return _("Thank you"), _(
            "We noted that nobody has called, and told %(firm)s and those who answer for them at "
            "once.",
            **named,
        )
    if asked.question:
        return _("Did %(person)s call you?", **named), ""
    return _("%(person)s will call you", **named), ""


def nowhere() -> ResponseReturnValue:
    """Answer every link that leads nowhere alike; it may have been a guess."""
    g.no_such_link = True
    page = render_template(
        "inbound/customer.html",
        asked=None,
        heading=_("This link does not work"),
        sentence=_("It has served its time, or was not copied whole. Nothing was changed."),
        note=None,
        code="not_found",
    )
    return page, 404
