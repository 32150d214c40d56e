"""The pages that everybody sees: a form, its thanks, the press that confirms an address.

They carry no cookie and need none. A page of ours is known by its mark, which also says when it was
opened; whoever looks like a robot is asked once more, and nobody is turned away.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh
from redis import RedisError
from werkzeug.exceptions import HTTPException

from portal.campaigns import consent
from portal.core import clock
from portal.core.config import Settings
from portal.core.errors import Invalid, NotFound
from portal.core.jobs import client
from portal.leads.basis import tidy_origin
from portal.web.access import forget_who_comes, public
from portal.web.boundary import let_frame
from portal.web.htmx import go
from portal.web.limits import is_too_often, limiter, visitor_key
from portal.web_forms import marks, operations, queries, rules
from portal.web_forms.marks import Mark
from portal.web_forms.models import WebForm
from portal.web_forms.operations import Sent
from portal.web_forms.public_forms import PublicForm, agree, public_form

blueprint = Blueprint("form", __name__)
forget_who_comes(blueprint, largest_body=100_000, most_parts=80)

SEARCHED = ("utm_term", "search_term", "keyword")
TOLD = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "page")
"""What an address or a foreign form may say of the way on which somebody came."""
SEARCH_ENGINES = ("q", "query", "p", "wd", "text")


@blueprint.errorhandler(413)
def too_large(error: HTTPException) -> ResponseReturnValue:
    """Say it in the frame of these pages."""
    said = _("That was too large. Please go back and keep it shorter.")
    return render_template("web_forms/said.html", form=None, heading=said, text=""), 413


@blueprint.get("/f/<key>")
@public
def page(key: str) -> ResponseReturnValue:
    """Show a form; opening it changes nothing."""
    web_form, at = get_form(key), clock.now()
    if not queries.is_open(web_form, at):
        return closed(web_form)
    return show(web_form, public_form(web_form, sent=False), new_mark(web_form, at))


def get_form(key: str) -> WebForm:
    """Return a form, speak the visitor's language and let its sites frame it. Raises `NotFound`."""
    web_form = queries.find_form(key)
    if web_form is None:
        raise NotFound()
    let_frame(web_form.sites)
    spoken = rules.speaks(web_form.words)
    wished = request.values.get("lang", "")
    if wished not in spoken:
        wished = request.accept_languages.best_match(spoken) or (spoken or ["en"])[0]
    g.locale = wished
    refresh()
    return web_form


def words_of(web_form: WebForm) -> dict[str, str]:
    """Return the texts of a form in the visitor's language, those that it lacks in another."""
    texts = {}
    for name in rules.WORDS:
        by_language = {code: words.get(name, "") for code, words in web_form.words.items()}
        texts[name] = rules.said(by_language, g.locale)
    return texts


def new_mark(web_form: WebForm, at: datetime) -> Mark:
    """Return the mark of a page that is opened now, with the way on which its reader came."""
    told = {name: request.args.get(name, "") for name in TOLD}
    told["referrer"] = request.args.get("referrer") or foreign_referrer()
    newest = consent.find_newest(web_form.consent_key)
    return Mark(
        web_form.key,
        at,
        tidy_origin(told) or {},
        search_term(),
        marks.new_nonce(),
        consent=newest.name if newest else None,
    )


def foreign_referrer() -> str:
    """Return the page somebody comes from, where it is none of ours."""
    settings: Settings = current_app.config["SETTINGS"]
    referrer = request.referrer or ""
    ours = rules.origin_of(settings.public_url), rules.origin_of(request.host_url)
    return "" if rules.origin_of(referrer) in ours else referrer


def search_term() -> str:
    """Return what somebody searched for, as the address or the search engine tells it."""
    for name in SEARCHED:
        if found := request.values.get(name):
            return found[:400]
    try:
        asked = parse_qs(urlsplit(request.referrer or "").query)
    except ValueError:
        return ""
    return next((asked[name][0][:400] for name in SEARCH_ENGINES if name in asked), "")


def show(
    web_form: WebForm, form: PublicForm, mark: Mark, *, again: bool = False, status: int = 200
) -> ResponseReturnValue:
    """Render a form as it is filled in; `again` asks whether a person sent it."""
    question = None
    if again:
        first, second = secrets.randbelow(8) + 2, secrets.randbelow(8) + 2
        mark = Mark(
            mark.key,
            clock.now(),
            mark.origin,
            mark.search_term,
            marks.new_nonce(),
            first + second,
            mark.consent,
        )
        question = _("How much is %(first)s plus %(second)s?", first=first, second=second)
    agreed = consent.find_named(mark.consent)
    return (
        render_template(
            "web_forms/page.html",
            web_form=web_form,
            words=words_of(web_form),
            form=form,
            mark=marks.issue(mark),
            question=question,
            consent=rules.said(agreed.words, g.locale) if agreed else None,
            languages=rules.speaks(web_form.words),
            lang=g.locale,
        ),
        status,
    )


def closed(web_form: WebForm) -> ResponseReturnValue:
    """Say that a form takes nothing in any more."""
    over = web_form.event_at is not None and web_form.active
    heading = _("Registration is closed") if over else _("This form is not in use")
    text = _("It takes nothing in any more.")
    return (
        render_template("web_forms/said.html", form=web_form, heading=heading, text=text),
        410,
    )


@blueprint.post("/f/<key>")
@public
def send(key: str) -> ResponseReturnValue:
    """Take in what somebody filled in, here or on a page that posts here."""
    web_form, at = get_form(key), clock.now()
    if not queries.is_open(web_form, at):
        return closed(web_form)
    form, asked = public_form(web_form, sent=True), rules.asked_of(web_form.fields)
    mark = marks.read(request.form.get("mark", ""), key)
    shown = mark or new_plain_mark(web_form, at)
    valid = form.validate()
    errors = form.look_at(asked) if valid else {}
    form.take(Invalid(errors))
    agree(form, web_form.consent_key is not None)
    if not valid or errors or form.errors:
        return show(web_form, form, shown, status=422)
    sent = Sent(
        typed=form.typed(),
        agreed=shown.consent if web_form.consent_key else None,
        search_term=shown.search_term,
        origin=shown.origin,
        mark=mark.nonce if mark else "",
        locale=g.locale,
    )
    # a second press of the same page is no robot's
    if must_ask(web_form, mark, at) and not operations.is_taken(web_form, sent, at):
        return show(web_form, form, shown, again=True, status=422)
    try:
        operations.answer(web_form, sent, at)
    except Invalid as error:
        form.take(error)
        return show(web_form, form, shown, status=422)
    return go(url_for("form.thanks", key=key, lang=g.locale))


def new_plain_mark(web_form: WebForm, at: datetime) -> Mark:
    """Return the mark of what came from a page that is none of ours: its fields tell the way."""
    told = {name: request.form.get(name, "") for name in TOLD}
    told["page"] = told["page"] or foreign_referrer()
    newest = consent.find_newest(web_form.consent_key)
    return Mark(
        web_form.key,
        at,
        tidy_origin(told) or {},
        search_term(),
        consent=newest.name if newest else None,
    )


def must_ask(web_form: WebForm, mark: Mark | None, at: datetime) -> bool:
    """Say whether the sender is asked whether he is a person; his right answer settles it once."""
    here = visitor_key()
    often_here = is_too_often(rules.PER_ADDRESS, "web-form", web_form.key, here)
    if mark is not None and mark.sum is not None:
        right = request.form.get("answer", "").strip() == str(mark.sum)
        in_time = mark.age(at) <= rules.OLDEST
        return not (right and in_time and not request.form.get("fax") and is_unused(mark.nonce))
    site = rules.origin_of(request.headers.get("Origin", ""))
    found = rules.doubts(
        honeypot=bool(request.form.get("fax")),
        age=mark.age(at) if mark else None,
        from_site=site is not None and site in web_form.sites,
        many_from_here=often_here,
        many_at_all=False,
    )
    if found:
        return True
    # who is clear of all other doubts counts toward what the form gets in a calm minute
    return is_too_often(f"{web_form.calm}/minute", "web-form-all", web_form.key)


def is_unused(nonce: str) -> bool:
    """Use a right answer up: a robot that solved one question has not solved all."""
    try:
        return bool(client().set(f"web-form:{nonce}", 1, nx=True, ex=86_400))
    except RedisError:
        return True


@blueprint.get("/f/<key>/thanks")
@public
def thanks(key: str) -> ResponseReturnValue:
    """Thank whoever sent a form."""
    web_form = get_form(key)
    words = words_of(web_form)
    if web_form.confirms:
        heading = _("Please look into your mailbox")
        text = _("A mail with a button is on its way to you. With its press your message is ours.")
    else:
        heading, text = words["title"], words["thanks"] or _("Thank you. We have your message.")
    return render_template("web_forms/said.html", form=web_form, heading=heading, text=text)


@blueprint.get("/form-confirmation/<token>")
@public
def confirmation(token: str) -> ResponseReturnValue:
    """Opening confirms nothing: the page has a button."""
    return show_confirmation(token)


def show_confirmation(token: str) -> ResponseReturnValue:
    """Render what a mail's link confirms, or that it leads nowhere."""
    entry = queries.find_waiting(token, clock.now())
    web_form = queries.get_form(entry.form_id) if entry else None
    if entry and web_form:
        g.locale = entry.locale
        refresh()
    return (
        render_template(
            "web_forms/confirm.html",
            entry=entry,
            form=web_form,
            words=words_of(web_form) if web_form else {},
        ),
        200 if entry else 404,
    )


@blueprint.post("/form-confirmation/<token>")
@public
@limiter.limit("20/minute")
def confirm(token: str) -> ResponseReturnValue:
    try:
        operations.confirm(token, clock.now())
    except NotFound:
        return show_confirmation("")
    return go(url_for("form.confirmation", token=token))
