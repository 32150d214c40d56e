"""Terms behind the link of a mail, read whole and agreed to for the firm; and by one word."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.core.mail.models import OutgoingEmail
from portal.programme import operations as programme
from portal.programme import queries
from portal.programme.models import TermsKind
from tests.factories import AT, factory, make_manager, make_partner, make_person
from tests.inbound.pressing import Forms, events, issue, press, text_of, waited
from tests.inbound.replying import come_in, newest, reply, told, written

DAY = timedelta(days=1)
WORDS = {"en": "Answer within a week.", "de": "Antworten Sie binnen einer Woche."}


@factory
def publish(kind=TermsKind.PROGRAMME, words=WORDS, binding_from=None, at=None):
    at = at or clock.now() - timedelta(hours=2)
    return programme.publish_terms(kind, words, binding_from, get_actor(make_manager().id), at)


@factory
def is_agreed(terms, user):
    if terms.kind == TermsKind.REFERRAL:
        return queries.find_referral(user.organisation_id) is not None
    return queries.find_acceptance(terms.id, user.organisation_id) is not None


@factory
def mails(user, kind):
    """Return what was mailed to somebody of a kind, once events are passed on."""
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    query = select(OutgoingEmail).where(
        OutgoingEmail.user_id == user.id, OutgoingEmail.kind == kind
    )
    return [one.text for one in session().scalars(query.order_by(OutgoingEmail.id))]


@pytest.fixture
def firm(app):
    return make_partner("Alpha Systems")


@pytest.fixture
def anna(firm):
    return make_person(firm, "partner_manager", name="Anna")


def link_for(user, kind=TermsKind.PROGRAMME):
    about = {"topic": kind, "organisation_id": user.organisation_id}
    return issue(Purpose.TERMS, user, **about)


@pytest.mark.parametrize(
    ("kind", "button", "said", "event"),
    [
        (
            TermsKind.PROGRAMME,
            "We agree",
            "You have agreed for your firm: today",
            "TermsAccepted",
        ),
        (
            TermsKind.REFERRAL,
            "We agree and refer leads",
            "Your firm refers leads since today",
            "ReferralJoined",
        ),
    ],
    ids=lambda one: one if isinstance(one, TermsKind) else "",
)
def test_who_leads_a_firm_reads_terms_whole_and_agrees_once(
    client, anna, kind, button, said, event
):
    terms, path = publish(kind), link_for(anna, kind)
    page = text_of(client.get(path).text)
    assert WORDS["en"] in page
    assert button in page
    assert not is_agreed(terms, anna), "opening changes nothing"
    shown = waited(client.application, Forms(client.get(path).text).for_("agree"))
    for heading in ("Thank you", "Already recorded"):
        answer = client.post(path, data=shown)
        assert answer.status_code == 200, text_of(answer.text)
        assert heading in text_of(answer.text)
        assert said in text_of(answer.text)
    assert is_agreed(terms, anna)
    assert [(actor, channel) for _n, actor, channel, _d in events(event)] == [(anna.id, "mail")]
    page = client.get(path).text
    assert WORDS["en"] in page
    assert Forms(page).forms == []
    (mailed,) = mails(anna, "terms_agreed")
    assert "version 1" in mailed
    # who refers keeps to what was promised then; to new terms of the programme a firm agrees anew
    publish(kind, {**WORDS, "en": "Answer within a day."})
    page = client.get(path).text
    keeps = kind == TermsKind.REFERRAL
    assert (WORDS["en"] in page, "your firm keeps to this one" in page) == (keeps, keeps)
    assert len(Forms(page).forms) == (not keeps)


def test_a_colleagues_yes_and_newer_terms_are_told_and_nothing_is_agreed_to_unread(
    client, firm, anna
):
    first, path = publish(), link_for(anna)
    other = make_person(firm, "partner_manager", name="Quirin")
    open_page = waited(client.application, Forms(client.get(path).text).for_("agree"))
    second = publish(words={**WORDS, "en": "Answer within three days."})
    stale = client.post(path, data=open_page)
    assert stale.status_code == 409
    for words in ("There is a newer version meanwhile.", "Answer within three days."):
        assert words in stale.text
    assert not is_agreed(first, anna)
    assert press(client, link_for(other), "agree").status_code == 200
    assert is_agreed(second, anna)
    for answer in (client.get(path), client.post(path, data=open_page)):
        assert "Quirin" not in answer.text
    assert "A colleague has agreed for your firm" in client.get(path).text
    # what a robot presses at once is asked again
    third = publish(words={**WORDS, "en": "Answer within a day."})
    fast = press(client, path, "agree", seconds=0)
    assert fast.status_code == 409
    assert "Please press once more" in fast.text
    assert not is_agreed(third, anna)
    again = waited(client.application, Forms(fast.text).for_("agree"))
    assert client.post(path, data=again).status_code == 200
    assert is_agreed(third, anna)
    # so is one that opened every link of the mail
    fourth, at = publish(words={**WORDS, "en": "Answer at once."}), clock.now() - DAY
    about = {"topic": TermsKind.PROGRAMME, "organisation_id": firm.id}
    links = [issue(Purpose.TERMS, anna, at, **about) for _ in range(3)]
    for one in links:
        client.get(one)
    doubted = press(client, links[0], "agree")
    assert doubted.status_code == 409
    assert not is_agreed(fourth, anna)
    again = waited(client.application, Forms(doubted.text).for_("agree"))
    assert client.post(links[0], data=again).status_code == 200
    assert is_agreed(fourth, anna)


def test_the_page_says_what_hangs_on_the_day(client, firm, anna):
    today = clock.now().date()
    path = link_for(anna)
    assert client.get(path).status_code == 404, "there is nothing to agree to"
    publish(binding_from=today + timedelta(days=9))
    assert "or no leads are offered to your firm from then on" in client.get(path).text
    publish(words={**WORDS, "en": "Soon."}, binding_from=today)
    assert "No leads are offered to your firm until you agree" in client.get(path).text
    rep = make_person(firm, "partner_rep")
    assert client.get(link_for(rep)).status_code == 404


APPLIED = ("applied", "agree", True, ["terms_agreed"])
ASKED = (False, ["reply_back"])
READ_BY_PEOPLE = ("not_understood", "about_terms", False, ["reply_back"])
BESIDE = ("not_understood", "files_beside", False, ["reply_back"])
CONDITIONS = (b"%PDF-1.4 Only for Germany.", "application/pdf", "our-terms.pdf", "attachment")
PACKED = (b"x\x9f", "application/ms-tnef", "winmail.dat", "attachment")
SECOND_TEXT = (b"Only for Germany.", "text/plain", None, "inline")
LOGO = (b"GIF89a", "image/gif", "logo.gif", "inline")
MAIL_OF_THEIRS = EmailMessage()
MAIL_OF_THEIRS.set_content("Only for Germany.")
WRITTEN = {
    "the word": ({"body": "AGREE"}, *APPLIED),
    "in a sentence of ours": ({"body": "Hello,\n\nWe agree.\n\nBest regards\nAnna"}, *APPLIED),
    "in German": ({"body": "Guten Tag,\nwir stimmen zu!\n\nViele Grüße\nAnna"}, *APPLIED),
    "nobody vouches": ({"body": "AGREE", "verdict": ""}, "asked_back", "not_vouched", *ASKED),
    "our server objects": (
        {"body": "AGREE", "verdict": "fail"},
        *("asked_back", "not_vouched", *ASKED),
    ),
    "a colleague": (
        {"body": "AGREE", "sender": "boss@alpha.example"},
        *("asked_back", "colleague", *ASKED),
    ),
    "a condition": ({"body": "We agree, but not to 3."}, *READ_BY_PEOPLE),
    "a condition below": ({"body": "AGREE\n\nFor Germany only."}, *READ_BY_PEOPLE),
    "a question": ({"body": "Agree?"}, *READ_BY_PEOPLE),
    "a no": ({"body": "We do not agree."}, *READ_BY_PEOPLE),
    "letters of another script": ({"body": "\u0410GREE"}, *READ_BY_PEOPLE),
    "a word for something else": ({"body": "WON 500"}, *READ_BY_PEOPLE),
    "a file beside it": ({"body": "AGREE", "file": CONDITIONS}, *BESIDE),
    "a file that is too large": ({"body": "AGREE", "file": (b"", *CONDITIONS[1:])}, *BESIDE),
    "a mail beside it": ({"body": "AGREE", "file": MAIL_OF_THEIRS}, *BESIDE),
    "a file that a program packed": ({"body": "AGREE", "file": PACKED}, *BESIDE),
    "a text below a picture": ({"body": "AGREE", "file": SECOND_TEXT}, *BESIDE),
    "a file alone": ({"body": "", "file": CONDITIONS}, *READ_BY_PEOPLE),
    "the logo of a signature": ({"body": "AGREE", "file": LOGO}, *APPLIED),
}


def answered(asked, anna, body, file=None, **how):
    """Answer a mail about terms, with a file where one is given; return what became of it."""
    if file is None:
        return reply(asked, body, anna, **how)
    made = written(asked, body, anna.email)
    if isinstance(file, EmailMessage):
        made.add_attachment(file)
    else:
        data, kind, name, place = file
        main, _, sub = kind.partition("/")
        made.add_attachment(data, maintype=main, subtype=sub, filename=name, disposition=place)
    return come_in(made, asked)


def test_a_bare_word_agrees_and_whatever_else_leads_to_the_page(inside):
    for number, (name, (how, state, reason, agreed, kinds)) in enumerate(WRITTEN.items()):
        anna = make_person(make_partner(), "partner_manager", email=f"anna{number}@alpha.example")
        terms = publish(words={**WORDS, "en": name}, at=AT)
        told()
        asked = newest(anna, "terms_new")
        assert "one word in its first line: AGREE" in asked.text
        message = answered(asked, anna, **how)
        assert (message.state, message.reason) == (state, reason), name
        assert is_agreed(terms, anna) == agreed, name
        mine = [mail for mail in told() if mail.user_id == anna.id]
        assert [mail.kind for mail in mine] == kinds, name
        for mail in mine:
            assert f"Read{' them again' if agreed else ' and agree'}: http" in mail.text
            stands_beside = "What came along may be a condition, so people read it, too."
            assert (stands_beside in mail.text) == (reason == "files_beside"), name


def test_an_old_mail_and_a_second_word_agree_to_nothing_new(inside):
    firm = make_partner()
    people = ("anna@alpha.example", "quirin@alpha.example")
    anna, other = (make_person(firm, "partner_manager", email=email) for email in people)
    first = publish(at=AT)
    told()
    for_other = newest(other, "terms_new")
    asked = newest(anna, "terms_new")
    # a program sends HTML besides, which has to say the same
    for shown, state in (("Call me", "asked_back"), ("AGREE", "applied")):
        made = written(asked, "AGREE", anna.email, Message_ID=f"<{state}@mail.example>")
        made.add_alternative(f"<p>{shown}</p><blockquote>{asked.html}</blockquote>", subtype="html")
        assert come_in(made, asked).state == state
        told()
    again = reply(asked, "We agree", anna)
    (mine,) = told()
    assert (again.state, mine.kind) == ("applied", "reply_back")
    assert "You have agreed for your firm" in mine.text
    assert reply(for_other, "AGREE", other).state == "applied"
    (theirs,) = told()
    assert "A colleague has agreed for your firm" in theirs.text
    second = publish(words={**WORDS, "en": "Answer within a day."}, at=AT)
    told()
    late = reply(asked, "I agree", anna)
    assert (late.state, late.reason) == ("asked_back", "newer_terms")
    assert (is_agreed(first, anna), is_agreed(second, anna)) == (True, False)
    (led,) = told()
    assert "There is a newer version meanwhile." in led.text
