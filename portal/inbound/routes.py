"""The pages behind the links of mails: `/m/<token>`.

Opening renders and nothing more; a press carries the token in its body and the sign of a page that
we showed. Who is signed in plays no part: the link names the person.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from portal.accounts.actor import Actor
from portal.accounts.queries import find_actor_of
from portal.core import circumstances, clock, logs
from portal.core.db import session
from portal.core.errors import DomainError, Forbidden, Invalid, NotFound
from portal.core.events import record, record_apart
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.models import MailLink
from portal.core.mail.rendering import speaking
from portal.hearing import away
from portal.hearing import pages as wishing
from portal.hearing.away import Away
from portal.hearing.operations import FAIRNESS, MONDAYS_LIST, REPORT, SHEET
from portal.hearing.pages import Shown
from portal.inbound import (
    agreeing,
    confirming,
    deeds,
    firm_hours,
    firm_profile,
    nonces,
    operations,
    own_leads,
    pages,
    queries,
    skilled,
)
from portal.inbound.events import MailActionDoubted, MailLinkMisused, MailPickLost
from portal.inbound.filling import NO_COOKIE
from portal.inbound.page import Beside, Page, Reader
from portal.inbound.rules import ChangedMeanwhile, PageTooOld, doubt, is_prefetch
from portal.offers.rules import AlreadyTaken
from portal.pickup import photo_finish
from portal.web.access import forget_who_comes, public
from portal.web.boundary import keep_work
from portal.web.forms import Form, strip
from portal.web.limits import limiter

log = logs.get(__name__)
blueprint = Blueprint("inbound", __name__)
forget_who_comes(blueprint, largest_body=200_000, most_parts=40)


@blueprint.after_request
def hide(response: Response) -> Response:
    """Keep the page out of search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@blueprint.errorhandler(413)
@blueprint.errorhandler(429)
def turn_away(error: HTTPException) -> ResponseReturnValue:
    """Say in the frame of these pages that it was too large or too often."""
    often = error.code == 429
    page = Page(
        heading=_("That was a bit too often") if often else _("That was too large"),
        sentence=_("Nothing was changed. Please wait a minute and try again.")
        if often
        else _("Nothing was changed. Please keep it shorter."),
        code="too_often" if often else "too_large",
    )
    return render_template("inbound/page.html", page=page, token=""), error.code or 400


def no_such_link(_response: Response) -> bool:
    """Count an attempt only where the link leads nowhere."""
    return bool(g.get("no_such_link"))


def link_key() -> str:
    """Return what presses of one link are counted by; the token itself is kept nowhere."""
    token = str((request.view_args or {}).get("token", ""))
    return "link:" + hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:24]


guessing = limiter.shared_limit("30/minute;300/hour", "mail-links", deduct_when=no_such_link)


@blueprint.get("/m/<token>")
@public
@guessing
def open_link(token: str) -> ResponseReturnValue:
    return opened(token)


@blueprint.get("/m/<token>/stop")
@public
@guessing
def open_stop(token: str) -> ResponseReturnValue:
    return opened(token)


def opened(token: str) -> ResponseReturnValue:
    """Show what a link is about, for people and scanners alike."""
    at = clock.now()
    found = find(token, at)
    if found is None:
        return nowhere(unknown=True)
    link, actor = found
    if request.method == "GET" and not is_prefetch(dict(request.headers)):
        operations.note_look(link, at)
    chosen = request.args.get("s")
    reader = Reader(link, actor, at, chosen if chosen in pages.CHOICES else None)
    with speaking(actor.locale, actor.timezone):
        if link.purpose == Purpose.STOP:
            return hearing(reader, token, wishing.show(actor, at, **NO_COOKIE), 200)
        try:
            page, status = pages.show(reader)
        except (NotFound, Forbidden):
            return nowhere()
        return render(page, actor, token), status


@blueprint.post("/m/<token>")
@public
@guessing
@limiter.limit("60/minute", key_func=link_key)
def press(token: str) -> ResponseReturnValue:
    at = clock.now()
    found = find(token, at)
    if found is None:
        return nowhere(unknown=True)
    if found[0].lead_id is not None and photo_finish.decide_due(found[0].lead_id, at):
        # that was a unit of work of its own
        found = find(token, at)
        if found is None:
            return nowhere()
    link, actor = found
    typed = {
        name: str(strip(value))
        for name, value in request.form.items()
        if name not in ("token", "nonce")
    }
    reader = Reader(link, actor, at, action=typed.get("action"), typed=typed)
    with (
        circumstances.under(actor_id=actor.id, channel="mail"),
        speaking(actor.locale, actor.timezone),
    ):
        try:
            return pressed(reader, token)
        except (NotFound, Forbidden):
            return nowhere()


def find(token: str, at: datetime) -> tuple[MailLink, Actor] | None:
    """Return link and person of a token, None where either is not good any more."""
    link = links.find(token, at)
    actor = find_actor_of(link.user_id, at) if link else None
    return (link, actor) if link and actor else None


def nowhere(*, unknown: bool = False) -> ResponseReturnValue:
    """Answer every link that leads nowhere alike; only an unknown one may be a guess."""
    g.no_such_link = unknown
    return render_template("inbound/page.html", page=pages.unusable(), token=""), 404


def render(page: Page, actor: Actor, token: str) -> str:
    return render_template("inbound/page.html", page=page, token=token, theme=actor.theme)


def pressed(reader: Reader, token: str) -> ResponseReturnValue:
    """Check that the press comes from our page and from a person, then do it."""
    link, actor, at, action = reader.link, reader.actor, reader.at, reader.action or ""
    check_target(reader)
    wishes = action in WISHES and link.purpose == Purpose.STOP
    deed = deeds.find(link, action, actor)
    if not wishes and deed is None and not operations.may_press(link, actor, action):
        raise NotFound()
    if wishes and not may_wish(action, actor):
        raise NotFound()
    nonce = None
    if hmac.compare_digest(
        request.form.get("token", "").encode("utf-8", "surrogatepass"),
        token.encode("utf-8", "surrogatepass"),
    ):
        nonce = nonces.read_of_any_age(request.form.get("nonce", ""), link.id, at)
    if nonce is None or at - nonce.issued_at > nonces.LASTS:
        # what she left as it was is measured by what she saw, not by what stands now
        return too_old(replace(reader, mark=nonce.mark if nonce else ""), token)
    why = doubt(
        at - nonce.issued_at,
        queries.count_seen_links(link, nonce.issued_at),
        is_prefetch(dict(request.headers)),
        again=nonce.again,
    )
    if why is not None:
        record_apart(MailActionDoubted(at=at, link_id=link.id, user_id=actor.id, why=why))
        if wishes:
            look = wishing.try_out if action == "hearing" else wishing.show
            shown = look(actor, at, **NO_COOKIE)
            return with_wishes(pages.asked_again(reader, nonce.mark), reader, token, shown), 409
        page, status = pages.press_again(reader, nonce.mark)
        return render(page, actor, token), status
    if wishes:
        if action in BESIDES:
            return set_beside(reader, token, BESIDES[action])
        return set_hearing(reader, token) if action == "hearing" else set_away(reader, token)
    page, status = act(reader, nonce.mark)
    return render(page, actor, token), status


def act(reader: Reader, mark: str) -> tuple[Page, int]:
    """Do what was pressed and return the page that says what became of it."""
    link, actor, at, action = reader.link, reader.actor, reader.at, reader.action or ""
    deed, reader = deeds.find(link, action, actor), replace(reader, mark=mark)
    try:
        # whatever a refusal has begun is undone before the page asks how things stand
        with session().begin_nested():
            if deed is not None:
                return deeds.press(reader, deed)
            if link.purpose == Purpose.TERMS:
                return agreeing.press(reader)
            if link.purpose == Purpose.OWN_LEAD:
                return own_leads.press(reader)
            press_it = confirming.press if link.purpose == Purpose.CONFIRM else operations.press
            outcome = press_it(link, action, reader.typed, mark, actor, at)
    except Invalid as error:
        return pages.invalid(replace(reader, errors=error.errors))
    except (NotFound, Forbidden):
        raise
    except DomainError as refusal:
        if action in ("pick", "answer") and isinstance(refusal, AlreadyTaken):
            record_apart(MailPickLost(at=at, lead_id=link.lead_id, user_id=actor.id))
        if isinstance(refusal, ChangedMeanwhile) and action not in deeds.DEEDS:
            reader = replace(reader, typed={}, errors={})
        return pages.refuse(refusal, reader)
    if outcome.refusal is not None:
        # the answer stays although the pick was refused
        keep_work()
        if isinstance(outcome.refusal, AlreadyTaken):
            record(MailPickLost(at=at, lead_id=link.lead_id, user_id=actor.id))
        reader = replace(reader, typed={}, errors={})
    page, status = pages.answer(outcome, reader)
    return pages.tell_of_files(page, outcome), status


def check_target(reader: Reader) -> None:
    """Refuse a press that names another thing than the link's. Raises `NotFound`."""
    link, typed = reader.link, reader.typed
    expected = {"lead_id": link.lead_id, "feedback_id": link.feedback_id, "user_id": link.user_id}
    if link.pickup_id is not None:
        expected["pickup_id"] = link.pickup_id
    foreign = any(name in typed and typed[name] != str(value) for name, value in expected.items())
    on_offer = link.purpose in (Purpose.OFFER, Purpose.STAND_BY, Purpose.CONFIRM)
    if not foreign and on_offer and link.pickup_id is None and "pickup_id" in typed:
        foreign = not operations.owes(typed["pickup_id"], reader.actor)
    if foreign:
        record_apart(MailLinkMisused(at=reader.at, link_id=link.id, user_id=link.user_id))
        raise NotFound()


def too_old(reader: Reader, token: str) -> ResponseReturnValue:
    """Show the page afresh to a press that does not come from it."""
    if reader.link.purpose == Purpose.STOP:
        shown = wishing.show(reader.actor, reader.at, **NO_COOKIE)
        return hearing(reader, token, shown, 409, PageTooOld.code)
    page, status = pages.start_again(PageTooOld(), replace(reader, errors={}))
    return render(page, reader.actor, token), status


BESIDES = {one.action: one for one in (skilled.BESIDE, firm_hours.BESIDE, firm_profile.BESIDE)}
"""What else a person says of herself or of her firm where she chooses her mails."""
WISHES = ("hearing", "away", "back", *BESIDES)
"""What is pressed there."""


def may_wish(action: str, actor: Actor) -> bool:
    """Say whether this is the person's to say."""
    if action in BESIDES:
        return BESIDES[action].may(actor)
    return action == "hearing" or away.may_note(actor)


def hearing(
    reader: Reader,
    token: str,
    shown: Shown,
    status: int,
    code: str | None = None,
    days: Away | None = None,
    besides: Mapping[str, Form] | None = None,
) -> ResponseReturnValue:
    """Show what the person wishes to hear by mail."""
    page = Page(
        heading=_("Mails to you"),
        code=code,
        action="hearing",
        nonce=reader.sign(""),
    )
    return with_wishes(page, reader, token, shown, days, besides), status


def with_wishes(
    page: Page,
    reader: Reader,
    token: str,
    shown: Shown,
    days: Away | None = None,
    besides: Mapping[str, Form] | None = None,
) -> str:
    """Render a page with the form of what the person wishes to hear, and what stands beside it.

    `besides` holds what of that was tried already.
    """
    forms = {
        name: one.show(reader.actor, reader.action == name)
        for name, one in BESIDES.items()
        if one.may(reader.actor) and name not in (besides or {})
    }
    return render_template(
        "inbound/page.html",
        page=replace(page, body="_hearing.html"),
        token=token,
        theme=reader.actor.theme,
        shown=shown,
        form=shown.form,
        away=days or days_of(reader),
        besides={**forms, **(besides or {})},
    )


def days_of(reader: Reader) -> Away | None:
    """Show when the person is away, with the days that she typed into that form."""
    sent = reader.action == "away"
    return away.show_days(reader.actor, reader.at, sent=sent, **NO_COOKIE)


def set_away(reader: Reader, token: str) -> ResponseReturnValue:
    """Note the days on which the person is away, or that she is back."""
    if reader.action == "back":
        away.end(reader.typed.get("absence_id", ""), reader.actor, reader.at)
        page = Page(heading=_("Noted"), sentence=_("The absence is over."))
        return render(page, reader.actor, token), 200
    days = days_of(reader)
    if days is None or not away.note(days, reader.actor, reader.at):
        shown = wishing.show(reader.actor, reader.at, **NO_COOKIE)
        return hearing(reader, token, shown, 422, days=days)
    page = Page(heading=_("Noted"), sentence=_("Nothing new is offered meanwhile."))
    return render(page, reader.actor, token), 200


def set_beside(reader: Reader, token: str, beside: Beside) -> ResponseReturnValue:
    """Keep what the person says of herself or of her firm."""
    form = beside.show(reader.actor, True)
    sound = form.validate()
    if sound:
        try:
            beside.save(form, reader.actor, reader.at)
        except Invalid as error:
            form.take(error)
            sound = False
    if not sound:
        shown = wishing.show(reader.actor, reader.at, **NO_COOKIE)
        return hearing(reader, token, shown, 422, besides={beside.action: form})
    page = Page(heading=_("Saved"), sentence=str(beside.saved))
    return render(page, reader.actor, token), 200


def set_hearing(reader: Reader, token: str) -> ResponseReturnValue:
    """Note what the person wishes to hear, or only show what would have come under it."""
    if "look" in reader.typed:
        shown = wishing.try_out(reader.actor, reader.at, **NO_COOKIE)
        return hearing(reader, token, shown, 422 if shown.form.errors else 200)
    shown = wishing.take(reader.actor, reader.at, **NO_COOKIE)
    if not shown.saved:
        return hearing(reader, token, shown, 422)
    page = Page(heading=_("Saved"), sentence=_("From now on you hear as you chose."))
    return render(page, reader.actor, token), 200


@blueprint.post("/m/<token>/stop")
@public
@guessing
def stop(token: str) -> ResponseReturnValue:
    """End the digests: what a mail program posts for one click, without cookie or page."""
    at = clock.now()
    found = find(token, at)
    if found is None:
        g.no_such_link = True
    else:
        link, actor = found
        with circumstances.under(actor_id=actor.id, channel="mail"):
            operations.stop_digests(link, at)
    sentence = _(
        "You find new leads on the portal from now on. What you owe, and what is taken out of "
        "your hands, is told once a day all the same. What you ordered to come by itself goes on: "
        "a sheet with your leads, the list of the overdue. If all of your mail came in digests, "
        "the report of the week and the figures about fairness end with them. Sign in to choose "
        "anew when you want to hear."
    )
    if found is not None and found[0].topic == SHEET:
        sentence = _("Your sheet can be had on the portal at any time. All other mails go on.")
    if found is not None and found[0].topic == REPORT:
        sentence = _("Your figures stand under “Report” on the portal. All other mails go on.")
    if found is not None and found[0].topic == MONDAYS_LIST:
        sentence = _("What is overdue stands on the portal at any time. All other mails go on.")
    if found is not None and found[0].topic == FAIRNESS:
        sentence = _("The figures stand under “Fairness” on the portal. All other mails go on.")
    page = Page(
        heading=_("These mails are off"),
        sentence=sentence,
        onward=(_("Sign in"), "/login"),
    )
    return render_template("inbound/page.html", page=page, token=""), 200
