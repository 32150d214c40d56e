"""How tests open links of mails and press their buttons."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

from sqlalchemy import delete, func, select, update

from portal.core import clock
from portal.core.db import db, session
from portal.core.events import EventRow
from portal.core.mail import links
from portal.core.mail.models import LinkView, MailLink
from portal.inbound import nonces
from tests.factories import factory

FIVE_SECONDS = timedelta(seconds=5)


@factory
def issue(purpose, user, at=None, **about):
    """Issue a link as a mail holds it, an hour old, and return its path."""
    return links.issue(purpose, user.id, at or clock.now() - timedelta(hours=1), **about)


class Forms(HTMLParser):
    """The forms of a page: fields by name, and what its buttons say."""

    def __init__(self, html):
        super().__init__()
        self.forms, self.html, self._open = [], html, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self._open = {"to": attrs["action"], "fields": {}, "buttons": []}
            self.forms.append(self._open)
        elif self._open is not None and tag == "input" and attrs.get("type") == "hidden":
            self._open["fields"][attrs["name"]] = attrs.get("value", "")
        elif self._open is not None and tag == "button" and "name" in attrs:
            self._open["buttons"].append((attrs["name"], attrs["value"]))

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None

    def for_(self, action, status=None):
        """Return what the form of an action sends; of several the one of this answer."""
        for form in self.forms:
            fields = form["fields"]
            if fields.get("action") != action:
                continue
            if status in (None, fields.get("status")) or ("status", status) in form["buttons"]:
                return dict(fields)
        raise AssertionError(f"no form for {action} {status or ''} in:\n{text_of(self.html)}")

    def all_actions(self):
        return [form["fields"].get("action") for form in self.forms]


def text_of(html):
    """Return what a person reads on a page."""
    body = re.sub(r"(?s)<(head|style|script).*?</\1>", " ", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def waited(app, fields, seconds=5, page=nonces.LINK):
    """Return the fields as if the page had been open for some seconds."""
    if "nonce" not in fields:
        return fields
    with app.app_context():
        link = nonces._signer(page).loads(fields["nonce"])
        link[2] -= int(seconds * 1000)
        return {**fields, "nonce": nonces._signer(page).dumps(link)}


def press(client, path, action, status=None, seconds=5, query="", **typed):
    """Open a link, wait, and press the button of an action."""
    page = client.get(path + query)
    assert page.status_code == 200, text_of(page.text)
    fields = waited(client.application, Forms(page.text).for_(action, status), seconds)
    if status:
        fields["status"] = status
    return client.post(path, data={**fields, **typed})


@factory
def events(*names):
    """Return what was recorded under these names, the oldest first, with who and how."""
    rows = session().scalars(select(EventRow).where(EventRow.name.in_(names)).order_by(EventRow.id))
    return [(row.name, row.actor_id, row.channel, row.data) for row in rows]


@factory
def forget_looks():
    session().execute(delete(LinkView))


@factory
def looks():
    return session().scalar(select(func.count()).select_from(LinkView))


@factory
def change(model, id_, **values):
    session().execute(update(model).where(model.id == id_).values(**values))


@factory
def link_of(path):
    return (
        session()
        .scalars(select(MailLink).where(MailLink.secret_hash == links.hash_secret(path[3:])))
        .one()
    )


@factory
def get(model, id_):
    found = session().get_one(model, id_, populate_existing=True)
    session().expunge(found)
    return found


APART_FROM = {"link_views", "alembic_version"}


@factory
def snapshot():
    """Return every row of every table but the looks at links."""
    return {
        table.name: sorted(map(repr, session().execute(select(table)).all()))
        for table in db.metadata.sorted_tables
        if table.name not in APART_FROM
    }
