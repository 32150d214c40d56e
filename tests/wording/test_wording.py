"""Own words of the programme in mails: what they may be, and what becomes of them."""

from __future__ import annotations

import html
import importlib
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.mail import rendering
from portal.core.mail.models import MailLink, OutgoingEmail
from portal.inbound.keeping import keep_reading
from portal.inbound.models import InboundMessage
from portal.pickup import operations as pickup
from portal.wording import mails, operations, queries, rules, samples
from portal.wording.kinds import KEPT, KINDS, LANGUAGES, examples_of, values_of
from portal.wording.models import WordingDraft, WordingVersion
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.notifications import kinds as approved

ROOT = Path(__file__).resolve().parents[2]
OFFERED = KINDS["lead_offered"]
CONTEXTS = {
    **approved.KINDS,
    "form_confirm": {"form": "Ask us", "path": "/form-confirmation/" + "5ec" * 9, "until": AT},
    "address_check": {**approved.NAME, "path": "/address-check/" + "5ec" * 9, "until": AT},
}
TEXTS = {
    "en": {
        "subject": "{{ number }}: {{ title }}",
        "body": "Dear {{ name }},\n\nthis is <b>one</b> for you. {{ teaser }} It ends {{ ends }}."
        "\n\n{{ buttons }}\n\nYour {{ programme }}\nKarl",
    },
    "de": {
        "subject": "{{ number }}: {{ title }}",
        "body": "Guten Tag {{ name }},\n\ndas ist einer für Sie: {{ title }}, bis {{ ends }}."
        "\n\n{{ buttons }}",
    },
}

LARGE = "&" * 12_500
SINCE = ("own_people", "came_in")
"""Groups of mails that could be worded only after a body was one text."""

REFUSED = {
    "{% if firms > 1e999 %}x{% endif %}": "refused",
    "{{ name|truncate(1e999) }}": "refused",
    "{% for i in range(10**9) %}x{% endfor %}": "refused",
    "{{ 'x' * 10**9 }}": "refused",
    "{{ 2 + 2 }}": "refused",
    "{{ [1, 2] }}": "refused",
    "{{ name.__class__.__mro__ }}": "refused",
    "{{ ''['__class__'] }}": "refused",
    "{{ name[0:1] }}": "refused",
    "{{ '{0.__class__}'.format(name) }}": "refused",
    "{{ '%s' % name }}": "refused",
    "{{ lipsum() }}": "refused",
    "{{ name is defined }}": "refused",
    "{{ name|default(title) }}": "refused",
    "{% set name = 1 %}": "refused",
    "{% macro a() %}{% endmacro %}": "refused",
    "{% include 'emails/base.html' %}": "refused",
    "{% extends 'emails/base.html' %}": "refused",
    "{% filter upper %}x{% endfilter %}": "refused",
    "{{ name|center(10**9) }}": "filter",
    "{{ name|safe }}": "filter",
    "{{ name|attr('x') }}": "filter",
    "{{ '%s'|format(name) }}": "filter",
    "{{ name|replace('a', 'aaaa') }}": "filter",
    "{{ self }}": "unknown",
    "{{ config }}": "unknown",
    "{{ nmae }}": "unknown",
    "{{ teaser|upper }}": "block",
    "{{ teaser ~ name }}": "block",
    "{{ teaser if name else why }}": "block",
    "{% if teaser == 'x' %}x{% endif %}": "block",
    "{{ name|default(teaser) }}": "refused",
    "{{ teaser }} {% if name %}{{ teaser }}{% endif %}": "twice",
    "{% if firms > 9 and waited_for %}{{ teaser }}{% endif %}{{ teaser }}": "twice",
    "{% if firms > 99 %}{% if name %}{{ why }}{% endif %}{{ why }}{% endif %}": "twice",
    "{{ contact }}": "unknown",
    "{{ part_teaser }}": "unknown",
    "{{ name": "unreadable",
    "{% if name %}": "unreadable",
    "{{ " + "(" * 9_000 + "1" + ")" * 9_000 + " }}": "unreadable",
    "{{ 9" + "9" * 5_000 + " }}": "unreadable",
    "{{ " + "title ~ " * 2_500 + "title }}": "tangled",
    "{{ firms < name }}": "fails",
    "x" * 43_009: "long",
    "&" * 20_000: "large",
    "{{ '##- Please reply above' }}": "ours",
    "Ref: fb-" + "a" * 26: "ours",
    "a\n\n" * 201: "paragraphs",
}


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: source[:40])
def test_what_could_reach_further_or_take_long_is_refused(source):
    found = rules.problems_of(source, OFFERED.names, examples_of(OFFERED), blocks=OFFERED.parts)
    assert [one.code for one in found][:1] == [REFUSED[source]]


def test_a_text_names_its_fields_and_asks_about_them(ctx):
    source = (
        "{% if firms == 1 %}\nOnly you.\n{% else %}\n{{ firms }} firms.\n{% endif %}\n\n"
        "{{ name|upper }}{{ brand|default(' – ', true) }}{# unread #}\x00\u202e{{ '\\x07' }}"
    )
    assert not rules.problems_of(source, OFFERED.names, examples_of(OFFERED))
    values = {**examples_of(OFFERED)[0], "firms": 1, "brand": ""}
    said = rules.write(source, values)
    assert rules.paragraphs_of(said) == (("Only you.",), ("ALICE AINSWORTH –",))


def test_a_block_may_stand_in_both_halves_and_what_a_mail_is_about_must_stand_in_it():
    body = (
        "{{ title }} {{ ends }} {% if firms == 1 %}{{ buttons }}{% else %}{{ buttons }}{% endif %}"
    )
    calls = "{{ person }} calls. {{ no_calls }}"
    for key, source, missing in (
        ("lead_offered", body + "{{ note }}", [("buttons",)]),
        ("lead_offered", "{{ buttons }}", [("teaser", "title"), ("ending", "ends")]),
        ("who_calls", calls, [("caller", "firm"), ("caller", "call_by")]),
        ("who_calls", calls + "{{ caller }}", []),
        ("digest", "\n\n".join(["a" * 90] * 120) + KINDS["digest"].skeleton + "b\n\n" * 80, []),
    ):
        kind = KINDS[key]
        found = rules.problems_of(
            source, kind.names, examples_of(kind), blocks=kind.parts, needed=kind.needed["body"]
        )
        assert [one.facts.get("names") for one in found] == missing, source[:40]


def test_a_block_stands_apart_and_where_it_was_asked_for():
    source = "Hi {{ teaser }} there\n{% if firms == 1 %}{{ why }}{% endif %} {{ note }}"
    for firms, more in ((1, ["why"]), (2, [])):
        values = {**examples_of(OFFERED)[0], "firms": firms}
        laid = rules.lay_out(source, values, OFFERED.parts)
        assert laid == [(("Hi",),), "teaser", (("there",),), *more, "note"]


@pytest.mark.parametrize("key", KINDS)
def test_no_field_is_more_than_words_and_none_can_be_a_block(ctx, key):
    kind, context = KINDS[key], {**CONTEXTS[key], "programme": "Arvena"}
    values = values_of(kind, context)
    assert {type(one) for one in values.values()} <= {str, int, bool}
    contact = context.get("contact", {})
    assert not {one for one in contact.values() if one} & set(values.values())
    assert not set(kind.names) & set(kind.parts)
    for names in (names for needed in kind.needed.values() for names in needed):
        assert set(names) <= {*kind.names, *kind.parts}

    forged = dict.fromkeys(kind.names, "\x00buttons\x00{{ buttons }}\n{% block part_contact %}")
    everything = " ".join("{{ " + name + " }}" for name in kind.names)
    (said,) = rules.lay_out(everything, forged, kind.parts)
    assert not isinstance(said, str), "what a field says is text"


@pytest.mark.parametrize("key", KINDS)
def test_a_body_of_all_blocks_says_what_our_words_say_and_one_without_leaves_them_out(ctx, key):
    kind = KINDS[key]
    ours, made = composed(key), composed(key, kind.skeleton)
    assert tight(made.html) == tight(ours.html)
    assert made.subject == ours.subject
    order = sorted if key == "weekly_sheet" else list  # its text has the button below the leads
    assert order(lines_of(made.text)) == order(lines_of(ours.text))
    assert operations.cleaned(kind, {"en": {"body": f"\r\n{kind.skeleton} "}}) == {}

    bare = composed(key, "Mine & <script>x</script></style>\nsecond\n\nlast")
    assert in_the_middle(bare.html) == (
        '<p class="greeting">Mine &amp; &lt;script&gt;x&lt;/script&gt;&lt;/style&gt;<br>second</p>'
        '<p class="greeting">last</p>'
    )
    below = bare.text.partition("Mine & <script>x</script></style>\nsecond\n\nlast\n\n")[2]
    assert below
    assert ours.text.endswith("\n" + below), "why and how to get fewer stay"
    assert bare.html.partition('<td class="foot"')[2] == ours.html.partition('<td class="foot"')[2]


def test_whom_to_call_is_told_with_the_number_and_the_title_of_the_lead(ctx):
    made = composed("yours_now", "{{ contact }}")
    for part in (made.text, made.html):
        assert re.search("L-20418.*Replace 14 ageing.*zephyrine@", part, re.S)


def in_the_middle(part):
    middle = re.search(r'<td class="sheet"[^>]*>(.*)</td></tr>\s*<tr><td class="foot"', part, re.S)
    return tight(re.sub(r' style="[^"]*"', "", middle[1])).strip()


def composed(key, body=""):
    own = mails.OwnWords(KINDS[key], {"body": body}) if body else None
    return rendering.compose(key, CONTEXTS[key], "en", "Europe/Berlin", own)


def tight(part):
    return re.sub(r"\s+", " ", part).replace("> <", "><")


def lines_of(part):
    return [line for line in part.splitlines() if line.strip()]


def addresses_in(part):
    return re.findall(r"(?:https?|mailto|tel):[^\s\"<]+", html.unescape(part))


def test_of_each_mail_it_is_said_whether_it_can_be_worded():
    kept = [key for one in KEPT for key in one.keys]
    made = {path.name for path in (ROOT / "templates" / "emails").iterdir() if path.is_dir()}
    assert sorted([*kept, *KINDS]) == sorted(made)


def test_the_manual_lists_the_fields_of_each_mail():
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in KINDS.values():
        needed = ["` or `".join(names) for slot in one.slots for names in one.needed.get(slot, ())]
        named = tuple(
            ", ".join(f"`{name}`" for name in names) for names in (needed, one.parts, one.names)
        )
        rows.setdefault(named, []).append(str(one.name))
    table = [f"| {', '.join(mails)} | {' | '.join(named)} |" for named, mails in rows.items()]
    for kind in ("blocks", "fields"):
        meanings: dict[str, list[str]] = {}
        for named in (named for one in KINDS.values() for named in getattr(one, kind)):
            said = meanings.setdefault(named.name, [])
            said += [] if str(named.meaning) in said else [str(named.meaning)]
        table += [f"| `{name}` | {'; '.join(said)} |" for name, said in meanings.items()]
    manual = (ROOT / "docs" / "channel-manager.md").read_text().splitlines()
    assert not [line for line in table if line not in manual], "\n".join(table)


def manager():
    return make_person(make_vendor(), "channel_manager")


@pytest.fixture
def karl(ctx):
    karl = manager()
    session().flush()
    return get_actor(karl.id)


def write(kind, texts, karl, *, use=True):
    """Write own words, and let them count."""
    operations.save(kind, texts, queries.mark_of(kind.key), karl, clock.now())
    if use:
        operations.activate(kind, queries.mark_of(kind.key), karl, clock.now())


def offer_mail(locale="en"):
    return rendering.render("lead_offered", CONTEXTS["lead_offered"], locale, "Europe/Berlin")


def test_own_words_count_in_both_languages_until_they_are_reset(karl):
    before = offer_mail()
    write(OFFERED, TEXTS, karl, use=False)
    assert offer_mail() == before, "a draft counts for nothing"
    write(OFFERED, TEXTS, karl)
    english, german = offer_mail(), offer_mail("de")
    assert (
        english.subject == "L-20418: Replace 14 ageing network cabinets before the audit in March"
    )
    assert english.text.startswith(
        "Dear Alice Ainsworth,\n\nthis is <b>one</b> for you.\n\nHot · Arvena · L-20418\n"
    )
    assert "this is &lt;b&gt;one&lt;/b&gt; for you." in english.html
    assert "Why you" not in english.text
    assert "Good luck!" not in english.text
    assert addresses_in(english.html) == addresses_in(before.html)
    assert german.text.startswith("Guten Tag Alice Ainsworth,")
    # what a lead is called is nobody's fault
    lead = {**approved.OFFERED, "title": "Reports in C##-style"}
    odd = rendering.render("lead_offered", {**approved.NAME, "lead": lead}, "en", "UTC")
    assert odd.text.startswith("Dear Alice Ainsworth,")
    operations.reset(OFFERED, queries.mark_of("lead_offered"), karl, clock.now())
    assert offer_mail() == before
    operations.restore(OFFERED, 1, queries.mark_of("lead_offered"), karl, clock.now())
    assert offer_mail() == english
    versions = queries.list_versions("lead_offered")
    assert [(one.number, one.origin, one.restores) for one in versions] == [
        (3, "restored", 1),
        (2, "reset", None),
        (1, "written", None),
    ]


@pytest.mark.parametrize(
    ("source", "code"), [("{{ firms < name }}", "fails"), (LARGE + "{{ teaser }}", "TooLarge")]
)
def test_a_mail_is_never_lost_and_staff_is_told_once(karl, source, code):
    """Words that were sound when they were kept need not be for every lead."""
    write(OFFERED, TEXTS, karl)
    version = session().scalar(select(WordingVersion))
    version.texts = {"en": {"body": source}}
    session().flush()
    queries.forget_active()
    lead = {**approved.OFFERED, "text": "&" * 5_000}
    for _twice in range(2):
        mail = rendering.render("lead_offered", {**approved.NAME, "lead": lead}, "en", "UTC")
        assert mail.text.startswith("Hello Alice Ainsworth,")
    told = select(EventRow).where(EventRow.name == "WordingFailed")
    assert [one.data["code"] for one in session().scalars(told)] == [code]
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    told_by = session().scalars(select(OutgoingEmail)).one()
    assert (told_by.kind, told_by.user_id) == ("wording_failed", karl.id)


def test_a_long_title_never_pushes_the_number_off_the_subject():
    kind = KINDS["lead_offered"]
    values = {**examples_of(kind)[0], "title": "Cabinets and switches " * 20, "source": "s" * 900}
    said = rules.write_subject("{{ title }} ({{ number }})", values, kind.kept)
    assert (len(said) <= rules.LONGEST_SUBJECT, said.endswith("… (L-20418)")) == (True, True)
    assert said.startswith("Cabinets and switches Cabinets")
    assert len(rules.write_subject("word " * 99, values, kind.kept)) <= rules.LONGEST_SUBJECT


def test_a_line_break_in_a_subject_makes_no_second_header(karl):
    subject = "{{ number }}{{ '\\r\\nBcc: all@evil.example' }}\u2028x"
    write(OFFERED, {one: {"subject": subject} for one in LANGUAGES}, karl)
    assert offer_mail().subject == "L-20418 Bcc: all@evil.example x"


def test_a_mail_is_shown_of_a_real_lead_and_sent_as_a_test(app, client):
    person = manager()
    make_person(make_partner())
    lead = make_offered_lead(at=clock.now())
    sign_in(client, person)
    page = "/mail-wording/lead_offered"
    typed = {
        f"{slot}_{code}": text for code, slots in TEXTS.items() for slot, text in slots.items()
    }
    wrong = {**typed, "body_de": "Guten Tag\n{{ nmae }}", **signs(client, page)}
    answer = client.post(page, data=wrong)
    assert answer.status_code == 422
    assert "Line 2: there is no field “nmae”. Did you mean “name”?" in answer.text
    assert "Guten Tag\n{{ nmae }}" in html.unescape(answer.text)

    half = {**typed, "body_de": OFFERED.skeleton, **signs(client, page), "then": "use"}
    assert "Please write it in German, too" in client.post(page, data=half).text
    old = signs(client, page)
    assert client.post(page, data={**typed, **old}).status_code == 303
    late = client.post(page, data={**typed, "body_en": f"Mine\n{OFFERED.skeleton}", **old})
    assert late.status_code == 409
    assert "<ins>+ Mine</ins>" in late.text

    shown = client.get(f"{page}?language=de")
    assert f"{lead.number}, for " in shown.text
    frame = client.get(f"{page}/mail?language=de&dark=yes")
    assert "Guten Tag" in frame.text
    assert "href=" not in frame.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    client.post(f"{page}/test", data={"language": "de", **old})
    with app.app_context():
        sent = session().scalars(select(OutgoingEmail)).one()
        assert (sent.to_address, sent.kind) == (person.email, samples.TEST)
        assert sent.subject.startswith("Test: ")
        assert "http" not in sent.text
        assert "href=" not in sent.html
        assert session().scalar(select(MailLink.id)) is None


def test_mails_are_shown_of_what_is_real_and_of_no_contact_data(karl):
    assert set(samples.MAKERS) == set(KINDS)
    at, rep = clock.now(), make_person(make_partner())
    make_offered_lead(at=at)
    held = make_offered_lead(at=at)
    pickup.claim(held.id, get_actor(rep.id), at)
    make_lead(at=at, state="qualifying", qualifier_id=karl.id)
    doubted = InboundMessage(
        digest=b"1",
        recipient="x",
        received_at=at,
        size=1,
        adapter="test",
        lead_id=held.id,
        user_id=rep.id,
        answered="hint",
    )
    session().add(doubted)
    session().flush()
    keep_reading(doubted.id, {"words": f"Call {CONTACT['first_name']}: {CONTACT['phone']}"})
    shown = {
        key: samples.show(kind, {}, language, karl, at)
        for language in LANGUAGES
        for key, kind in KINDS.items()
    }
    assert {key for key, one in shown.items() if one.about} >= {
        *("lead_offered", "offer_ends", "yours_now", "feedback_due", "reminded", "digest"),
        *("weekly_sheet", "invitation", "inquiry_thanks", "who_calls", "did_they_call"),
        *("drafts_stale", "reply_back", "sheet_problem", "address_check"),
        *("partner_late", "mail_taken"),
    }
    whole = str(shown)
    for name in ("first_name", "last_name", "company", "email", "phone"):
        assert CONTACT[name] not in whole
    assert session().scalar(select(MailLink.id)) is None
    assert session().scalar(select(EventRow.id).where(EventRow.name == "ContactShown")) is None
    words = {"body": "{{ what|capitalize }}\n\n{{ buttons }}"}
    alone = samples.show(KINDS["more_time"], words, "en", karl, at)
    assert alone.mail.text.endswith("\n\n[ buttons ]")


def test_who_runs_no_programme_words_nothing_and_old_pages_change_nothing(app, client):
    sign_in(client, make_person(make_vendor(), "admin"))
    assert client.get("/mail-wording").status_code == 403
    boss = app.test_client()
    sign_in(boss, manager())
    page = "/mail-wording/lead_offered"
    old = signs(boss, page)
    typed = {f"body_{code}": OFFERED.skeleton + "\nBye" for code in LANGUAGES}
    boss.post(page, data={**typed, **old, "then": "use"})
    for verb in ("draft/removal", "reset", "versions/1/restoration"):
        assert boss.post(f"{page}/{verb}", data=old).status_code == 409, verb
    assert "counts now" in boss.get(page).text


def signs(client, page):
    """Return what a form of the page carries besides what is typed."""
    shown = client.get(page).text
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', shown)
    return {"csrf_token": csrf_of(shown), "seen": seen[1] if seen else ""}


def test_how_a_mail_began_and_closed_becomes_a_body_that_says_the_same(karl):
    moved = importlib.import_module("portal.migrations.versions.0111_bodies_in_own_words")
    began = "Dear all, {% if programme %}yes{% endif %}"
    worded = {key: kind for key, kind in KINDS.items() if kind.group not in SINCE}
    for key, kind in worded.items():
        facts = {name for names in kind.needed.get("body", ()) for name in names} & set(kind.names)
        opening = " ".join([began, *("{{ " + name + " }}" for name in facts)])
        slots = {"subject": "x", "opening": opening, "closing": "Bye"}
        texts = {"de": {"closing": "Bye"} if key == "nurture" else slots}
        both = {"kind": key, "by_user_id": karl.id}
        session().add(
            WordingVersion(**both, number=1, texts=texts, origin="written", created_at=AT)
        )
        session().add(WordingDraft(**both, texts={"en": {"closing": "Bye"}}, saved_at=AT))
    session().flush()
    moved.rewrite(session().connection(), moved.bodies)
    session().expire_all()
    for key, kind in worded.items():
        draft, texts = queries.find_draft(key).texts, queries.get_version(key, 1).texts
        ours = kind.skeleton.removesuffix("{{ closing }}").strip()
        assert draft == {"en": {"body": f"{ours}\n\nBye"}}, key
        operations.check(kind, {"de": {"body": texts["de"]["body"]}})
        if key != "nurture":
            assert texts["de"]["subject"] == "x"
            assert texts["de"]["body"].startswith(began)
            assert texts["de"]["body"].endswith(ours.removeprefix("{{ greeting }}") + "\n\nBye")
    sheet = queries.get_version("weekly_sheet", 1).texts
    assert "{{ how }}\n\n{{ buttons }}" in sheet["de"]["body"]
    assert moved.subjects("weekly_sheet", sheet) == {"de": {"subject": "x"}}
