"""Links in mails: random, hashed, with an end."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from portal.core.db import session
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.models import LinkView, MailLink
from tests.factories import AT

SECOND = timedelta(seconds=1)


def test_the_secret_stands_in_the_mail_and_its_hash_in_the_row(ctx):
    path = links.issue(Purpose.OFFER, 7, AT, lead_id=3, round_=1)
    secret = path.removeprefix("/m/")
    assert len(secret) == links.LENGTH
    row = session().scalars(select(MailLink)).one()
    assert row.secret_hash == links.hash_secret(secret)
    assert secret not in repr([row.purpose, row.topic, row.secret_hash])
    assert (row.user_id, row.lead_id, row.round) == (7, 3, 1)


def test_a_link_is_good_until_its_end_and_not_a_second_longer(ctx):
    secret = links.issue(Purpose.UNDO, 7, AT, feedback_id=1, lasts=timedelta(hours=72))[3:]
    end = AT + timedelta(hours=72)
    assert links.find(secret, end - SECOND) is not None
    assert links.find(secret, end) is None
    assert links.find(secret, end + SECOND) is None


def test_a_newer_link_leaves_the_older_one_alone_and_leaving_ends_them_all(ctx):
    old, new = (links.issue(Purpose.OFFER, 7, AT, lead_id=3)[3:] for _ in range(2))
    other = links.issue(Purpose.OFFER, 8, AT, lead_id=3)[3:]
    assert links.find(old, AT) is not None
    assert links.find(new, AT) is not None
    links.revoke_all(7, AT)
    assert links.find(old, AT) is None
    assert links.find(new, AT) is None
    assert links.find(other, AT) is not None


def test_what_is_no_secret_finds_nothing(ctx):
    secret = links.issue(Purpose.OFFER, 7, AT, lead_id=3)[3:]
    for odd in ("", secret + ".", secret + ">", secret[:-1], "x" * 100_000, "\x00" * 43, "é" * 43):
        assert links.find(odd, AT) is None


def test_links_are_forgotten_long_after_their_end(ctx):
    old = links.issue(Purpose.OFFER, 7, AT, lead_id=3)[3:]
    new = links.issue(Purpose.OFFER, 7, AT + links.KEPT, lead_id=3)[3:]
    link = links.find(old, AT)
    session().add(LinkView(link_id=link.id, user_id=7, at=AT))
    session().flush()
    links.forget_links({}, AT + links.LASTS + links.KEPT - SECOND)
    assert session().scalar(select(func.count()).select_from(MailLink)) == 2
    links.forget_links({}, AT + links.LASTS + links.KEPT + SECOND)
    left = session().scalars(select(MailLink)).one()
    assert left.secret_hash == links.hash_secret(new)
    assert session().scalar(select(func.count()).select_from(LinkView)) == 0
