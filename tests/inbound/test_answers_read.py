"""What an answer by mail is understood as: own words out of what mail programs make of them."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache

import pytest

from portal.core.mail import rendering
from portal.feedback.rules import Status
from portal.inbound.intent import Reader, read_reply, understand
from portal.inbound.keywords import ANSWERS, CHOICES, Action
from portal.inbound.parsing import read, text_in
from portal.inbound.replies import own_part
from portal.inbound.written import LONGEST_LINE, MOST_BYTES, MOST_LINES, own_words
from tests.inbound.clients import ADDRESS, CLIENTS, DE, EN, marked
from tests.notifications.kinds import KINDS

GERMAN, ENGLISH = (Reader(locale, "EUR", date(2026, 11, 16)) for locale in (DE, EN))
READERS = {DE: GERMAN, EN: ENGLISH}


@cache
def our_mail(kind, locale):
    """Return text and HTML, as text, of a mail of ours that can be answered."""
    words = ", ".join((CHOICES if kind == "lead_offered" else ANSWERS)[locale])
    context = {**KINDS[kind], "reply_to": ADDRESS, "reply_hint": f"Answer with a word: {words}."}
    mail = rendering.render(kind, context, locale, "Europe/Berlin")
    assert mail.text.startswith(rendering.SENTINEL)
    assert words in mail.text
    assert words in mail.html
    return f"{mail.text}\nRef: fb-k7qz2k7qz2k7qz2k7qz2k7qz2\n", text_in(mail.html)


WRITTEN = {
    DE: "GEWONNEN, 12.500,00 EUR\n\nDer Kunde hat am Freitag unterschrieben.",
    EN: "WON 12,500.00\n\nThey signed on Friday.",
}


def test_an_answer_is_read_whatever_program_wrote_it(ctx):
    for locale, client in CLIENTS.values():
        own, lost = WRITTEN[locale], ANSWERS[locale][4]
        parts = our_mail("feedback_due", locale)
        # as text or as HTML, and from before there was a line to answer above
        for quoted in (*parts, *(part.replace(rendering.SENTINEL, "") for part in parts)):
            sent = "\n".join(parts)
            found = read_reply(client(own, quoted), sent, READERS[locale])
            assert found.words == own, client
            assert (found.status, found.doubts) == (Status.WON, ()), client
            assert found.told.value == Decimal("12500.00"), client
            assert found.comment == own.splitlines()[-1], client
            # one word is enough, and none is no answer, whatever stands in the quote
            bare = read_reply(client(lost, quoted), sent, READERS[locale])
            assert (bare.words, bare.status, bare.doubts) == (lost, Status.LOST, ()), client
            nothing = read_reply(client("", quoted), sent, READERS[locale])
            assert (nothing.words, nothing.suggested) == ("", None), client
            assert (nothing.status, nothing.doubts) == (None, ("empty",)), client


def test_without_knowing_what_was_sent_an_answer_is_never_read_wrong():
    outlook, below = CLIENTS["outlook_new_de"][1], CLIENTS["thunderbird_bottom_de"][1]
    options = "1. Noch kein Kontakt\n2. Warten auf Rückmeldung des Kunden\n4. Gewonnen"
    assert read_reply(outlook("VERLOREN", options), None, GERMAN).status == Status.LOST
    assert read_reply(outlook("Danke!", options), None, GERMAN).status is None
    answered = read_reply(below("VERLOREN", options), None, GERMAN)
    assert (answered.suggested, answered.doubts) == (Status.LOST, ("second_reading",))
    assert read_reply(options, None, GERMAN).doubts == ("two_statuses",)


CASES = {
    # 79: where the answer stands; every program in the test above
    "79 two lines of attribution, nothing between": (
        "Am 12.11. da\nAm Mo., 16. Nov. 2026 um 10:00 schrieb Firstcome <\na@in.test>:\n> 4. Won",
        ("Am 12.11. da", None, ("no_keyword",)),
    ),
    "79 an earlier answer below does not count": (
        "\nVon: Fi\nDatum: heute\nAn: A\n\n{sent}\n\nVon: A\nDatum: gestern\nAn: F\n\nVERLOREN",
        ("", None, ("empty",)),
    ),
    "79 nor does one that is quoted twice": (
        "Danke!\n\nAm 16.11.2026 schrieb Firstcome:\n> Hallo\n> > VERLOREN\n> > Preis",
        ("Danke!", None, ("no_keyword",)),
    ),
    "79 our choice copied below a quote that is marked": (
        "{quoted}\n\n2. Waiting for their answer",
        ("2. Waiting for their answer", Status.WAITING, ()),
    ),
    "79 and below one that is not it may be ours": (
        "{sent}\n\n2. Waiting for their answer",
        ("", None, ("empty",)),
    ),
    # 80: nothing of his own
    "80 only what is quoted": ("{quoted}", ("", None, ("empty",))),
    "80 only a signature": ("-- \nAlice Ainsworth\nGEWONNEN. Immer.", ("", None, ("empty",))),
    "80 only what a phone writes": ("Von meinem iPhone gesendet", ("", None, ("empty",))),
    "80 nothing": ("  \n\u200b\n", ("", None, ("empty",))),
    "80 a thumb": ("👍\n\n{quoted}", ("👍", None, ("reaction",))),
    "80 a thumb as Gmail tells it": (
        "👍 Alice hat per Gmail reagiert\n\n{quoted}",
        ("👍 Alice hat per Gmail reagiert", None, ("reaction",)),
    ),
    # 81: denied, asked, hoped for, two at once
    "81 noch nicht": ("noch nicht gewonnen", (..., None, ("no_keyword", "negated"))),
    "81 nicht verloren": ("Nicht verloren!", (..., None, ("no_keyword", "negated"))),
    "81 not won": ("not won yet", (..., None, ("no_keyword", "negated"))),
    "81 we won't": ("We won't get it", (..., None, ("no_keyword",))),
    "81 won't": ("Won't be in the office", (..., None, ("no_keyword",))),
    "81 won, but not yet": ("WON - not yet", (..., None, ("negated",))),
    "81 a question": ("Haben Sie schon gewonnen?", (..., None, ("no_keyword", "question"))),
    "81 asked behind": ("GEWONNEN?", (..., "won", ("question",))),
    "81 either": ("gewonnen oder verloren", (..., None, ("sentence", "two_statuses"))),
    "81 both": ("ANGEBOT / GEWONNEN", (..., None, ("two_statuses",))),
    "81 soon": ("GEWONNEN wird es bald", (..., "won", ("sentence", "future"))),
    "81 hoped": ("won, hopefully", (..., "won", ("future",))),
    "81 going to": ("WON, they are going to sign", (..., "won", ("future",))),
    "81 a remark": ("WARTEN, ich melde mich, wenn er antwortet", (..., Status.WAITING, ())),
    "81 not sure": ("ÜBERNEHMEN, falls noch frei", (..., "pick", ("sentence", "future"))),
    "81 not the lead, the answer": ("VERLOREN, kein Budget", (..., Status.LOST, ())),
    # 81: what turns, or hangs on something else
    "81 subject to": ("WON 12500, subject to contract", (..., "won", ("future",))),
    "81 as soon as": (
        "GEWONNEN: 12500, sobald der Chef unterschreibt",
        (..., "won", ("future",)),
    ),
    "81 cancelled": ("GEWONNEN 12500 EUR, dann storniert", (..., None, ("two_statuses",))),
    "81 of others": ("Won 12500, by our competitor", (..., None, ("two_statuses",))),
    "81 but": (
        "GEWONNEN 12.500 EUR, aber vom Wettbewerb",
        (..., None, ("sentence", "two_statuses")),
    ),
    "81 refused": ("ANGEBOT abgelehnt", (..., None, ("sentence", "two_statuses"))),
    "81 sent and refused": (
        "Angebot verschickt, Kunde hat abgesagt.",
        (..., None, ("two_statuses",)),
    ),
    "81 sent and declined": ("Proposal sent, customer declined.", (..., None, ("two_statuses",))),
    "81 sent and signed": (
        "Proposal sent. They signed yesterday!",
        (..., None, ("two_statuses",)),
    ),
    "81 but for a signature": (
        "OFFEN ist nur noch die Unterschrift",
        (..., None, ("sentence", "two_statuses")),
    ),
    "81 gone": (
        "Warten: hat sich erledigt, Kunde ist abgesprungen",
        (..., None, ("two_statuses",)),
    ),
    "81 no more": ("Waiting: no longer", (..., None, ("two_statuses",))),
    "81 open, and offered": (
        "Offen, Angebot geht morgen raus",
        (..., None, ("two_statuses",)),
    ),
    "81 lost to others": ("LOST: they went with a competitor", (..., Status.LOST, ())),
    "81 not answered yet": (
        "Angebot verschickt, Kunde hat noch nicht geantwortet",
        (..., Status.PROPOSAL, ()),
    ),
    # 82: words of others
    "82 a slogan": (
        "Danke, ich melde mich.\n\nViele Grüße\nAlice\nGEWONNEN: Partner des Jahres",
        ("Danke, ich melde mich.", None, ("no_keyword",)),
    ),
    "82 a disclaimer": (
        "Diese E-Mail ist vertraulich.\nGEWONNEN hat, wer sie nicht liest.",
        ("", None, ("empty",)),
    ),
    "82 a firm like a greeting": (
        "LOST\nLG Electronics\nReason: price\nDecided by: Ada\n\nLG Tom\nTom Ltd",
        ("LOST\nReason: price\nDecided by: Ada", Status.LOST, ()),
    ),
    "82 a sentence like a greeting": (
        "LOST\nYours were dearer.\nReason: price\n\nYours\nTom",
        ("LOST\nYours were dearer.\nReason: price", Status.LOST, ()),
    ),
    # 83: words that are something else
    "83 a company": ("Angebot GmbH hat angerufen", (..., "proposal", ("company_name",))),
    "83 in capitals": ("WON Systems Ltd called", (..., "won", ("company_name",))),
    "83 with a partner": ("Angebot & Söhne GmbH", (..., "proposal", ("company_name",))),
    "83 joined": ("Won-Systems called", (..., "won", ("sentence",))),
    "83 a rest": ("WARTEN bis 3. Dezember", (..., "waiting", ("sentence",))),
    "83 a sentence": ("Lost the phone number", (..., "lost", ("sentence",))),
    "83 an idiom": ("Offen gesagt: keine Ahnung", (..., "not_contacted", ("sentence",))),
    "83 a sentence in capitals": ("LOST my notes", (..., "lost", ("sentence",))),
    "83 taken as given": (
        "I take it, the customer has a budget.",
        (..., "pick", ("sentence",)),
    ),
    "83 taken off": ("TAKE me off this list", (..., "pick", ("sentence",))),
    "83 somebody else": ("PICK someone else", (..., "pick", ("sentence",))),
    "83 on a condition": (
        "Nehme ich, aber nur mit 10 % Rabatt",
        (..., "pick", ("sentence",)),
    ),
    "83 later": ("ÜBERNEHMEN kann ich erst ab Januar", (..., "pick", ("sentence",))),
    "83 passed on": (
        "PASS it on to Bob, he'll take it",
        (..., "decline", ("sentence",)),
    ),
    "83 for a colleague": (
        "Nicht für mich, sondern für meinen Kollegen",
        (..., None, ("sentence", "two_statuses")),
    ),
    "83 a day": ("4. 12. Termin beim Kunden", (..., "won", ("sentence",))),
    "83 a day alone": ("4. 12.", (..., "won", ("sentence",))),
    "83 a day with its year": ("4. 12. 2026 Termin", (..., "won", ("sentence",))),
    "83 two digits": ("4, 5", (..., "won", ("sentence",))),
    "83 from to": ("4 - 5", (..., "won", ("sentence",))),
    "83 a list": ("1. Kunde angerufen\n2. Termin", (..., "not_contacted", ("sentence",))),
    "83 a number": ("5 Tage noch", (..., "lost", ("sentence",))),
    "83 a time": ("4:30 pm", (..., None, ("no_keyword",))),
    # 84: two leads
    "84 two leads": ("L-1 WON\nL-2 LOST", (..., None, ("two_leads", "two_statuses"))),
    "84 another answer below": ("GEWONNEN\n\nVERLOREN", (..., None, ("two_statuses",))),
    # 85: what is written is kept as it is
    "85 markup": (
        "LOST\n<script>alert(1)</script> {{{{7*7}}}} =cmd|' /C calc'!A0 %s 🎉",
        ("LOST\n<script>alert(1)</script> {{{{7*7}}}} =cmd|' /C calc'!A0 %s 🎉", Status.LOST, ()),
    ),
    # 88: a cross in what we offered to choose from
    "88 in the quote": (
        "Am 16.11.2026 schrieb Firstcome:\n> 3. Proposal in progress\n> [x] 4. Won\n> Hallo",
        ("[x] 4. Won", "won", ("ticked",)),
    ),
    "88 behind it": (
        "> 3. Proposal in progress\n> 4. Won  X\n> 5. Lost / not interested",
        ("4. Won X", "won", ("ticked",)),
    ),
    "88 without a quote": ("[x] Gewonnen", (..., "won", ("ticked",))),
    # 89: what stands in a mail and nobody wrote
    "89 a banner": (
        "[EXTERNAL]\nCAUTION: This email came from outside. Do not click.\n\nWON 12500\n\n{quoted}",
        ("WON 12500", Status.WON, ()),
    ),
    "89 a German one": (
        "ACHTUNG: externe E-Mail!\nÖffnen Sie keine Links.\n\nVERLOREN\n\nVirenfrei. www.avast.com",
        ("VERLOREN", Status.LOST, ()),
    ),
    "89 a warning of his own": (
        "VERLOREN\nAchtung: der Kunde liest keine Mail.",
        (..., Status.LOST, ()),
    ),
    "89 translated": ("Übersetzt aus dem Englischen\n\nGEWONNEN", ("GEWONNEN", Status.WON, ())),
    "89 a quote that a program spoiled": (
        "Won: htt\np://127.0.0.1:8000/m/k7Qzk7Qz\nk7Qz?s=won",
        (..., "won", ("ours_left",)),
    ),
    # 76: letters that only look so
    "76 wide": ("ＷＯＮ", (..., "won", ("lookalike",))),
    "76 Cyrillic": ("Wоn", (..., "won", ("lookalike",))),
    "76 long s": ("loſt", (..., "lost", ("lookalike",))),
    "76 parted": ("W\u200bON", (..., "won", ("lookalike",))),
    "76 turned round": ("\u202eWON", (..., "won", ("lookalike",))),
    "76 harmless": ("\ufeffWON\u200b", ("WON", Status.WON, ())),
    # and what is plain
    "greeted": ("Hallo Frau Lindner,\n\nwarten auf Rückmeldung", (..., Status.WAITING, ())),
    "a digit": ("2", (..., Status.WAITING, ())),
    "a digit and a sum": ("4. 12.500", (..., Status.WON, ())),
    "a digit and its word": ("2. Waiting for their answer", (..., Status.WAITING, ())),
    "of two languages": ("Verloren an Rittal", (..., Status.LOST, ())),
    "our choice copied": ("Waiting for their answer\n\n{quoted}", (..., Status.WAITING, ())),
    "picked": ("nehme ich!", (..., Action.PICK, ())),
    "picked with thanks": ("Übernehme ich gerne, vielen Dank!", (..., Action.PICK, ())),
    "declined": ("Nicht für mich, zu weit weg", (..., Action.DECLINE, ())),
    "given back": ("ZURÜCKGEBEN keine Kapazität", (..., Action.GIVE_BACK, ())),
    "given back, as said": ("I give it back, no time", (..., Action.GIVE_BACK, ())),
    "perhaps": ("Maybe give it back", (..., None, ("no_keyword", "future"))),
    "undone": ("UNDO", (..., Action.UNDO, ())),
    "stopped": ("Stop", (..., Action.STOP, ())),
    "one lead of many": ("L-20418: ANGEBOT verschickt", (..., Status.PROPOSAL, ())),
}
"""What comes, and what is read: own words (... for all of it), the answer or, with its doubts, the
suggestion that is left."""


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_cases_of_text_and_intent(case, sent_mail):
    body, (words, meant, doubts) = case
    quoted = f"On 16/11/2026 Firstcome wrote:\n{marked(sent_mail)}"
    found = read_reply(body.format(sent=sent_mail, quoted=quoted), sent_mail, GERMAN)
    assert found.words == (body.partition("\n\n{quoted}")[0] if words is ... else words).format()
    assert found.doubts == doubts
    assert (found.suggested if doubts else found.status or found.action) == meant
    if doubts:
        assert (found.status, found.action) == (None, None)


# these put around an answer themselves what a program does, or have no more than that
FRAMED = ("79 ", "80 ", "82 ", "88 in", "88 behind", "89 ")
# and this is a line of ours as well, which below a quote without marks is taken for it (79)
OURS = "a digit and its word"


def test_whatever_is_written_is_read_alike_whatever_program_wrote_it(ctx):
    texts = {
        name: case
        for name, case in CASES.items()
        if "{quoted}" not in case[0] and not name.startswith((*FRAMED, OURS))
    }
    wrong, read_by = [], Counter()
    for turn, (name, (body, (_words, meant, doubts))) in enumerate(texts.items()):
        # each text by every fifth program, so that each program writes every fifth text
        for client_name, (locale, client) in list(CLIENTS.items())[turn % 5 :: 5]:
            parts = our_mail("feedback_due", locale)
            quoted = parts[turn // 5 % 2]
            found = read_reply(client(body.format(), quoted), "\n".join(parts), GERMAN)
            got = found.suggested if found.doubts else found.status or found.action
            read_by[client_name] += 1
            if (got, found.doubts) != (meant, doubts):
                wrong.append((name, client_name, got, found.doubts))
    assert not wrong
    assert len(texts) > 40
    assert set(read_by) == set(CLIENTS)
    assert min(read_by.values()) >= len(texts) // 5


@pytest.fixture
def sent_mail():
    """What we sent, short."""
    return (
        f"{rendering.SENTINEL}\n\nHello Alice Ainsworth,\n\nyour answer about L-20418 is due.\n\n"
        "1. Not made contact yet\n   http://127.0.0.1:8000/m/k7Qz?s=not_contacted\n"
        "2. Waiting for their answer\n3. Proposal in progress\n4. Won\n5. Lost / not interested\n\n"
        "Thank you!\nFirstcome"
    )


def test_amounts_are_taken_where_they_can_be_read_in_one_way_only():
    def read(text, reader=GERMAN, word="GEWONNEN"):
        found = understand(f"{word}\nBetrag: {text}", reader)
        return found.told.value if not found.doubts else found.doubts[0]

    for text in (
        "12.500,00 EUR",
        "12500",
        "12.500",
        "€ 12.500,-",
        "12 500 €",
        "12'500",
        "12,500.00",
    ):
        assert read(text) == Decimal("12500"), text
    assert read("12,500", ENGLISH, "WON") == read("1.250.000") / 100
    assert understand("WON -5", ENGLISH).doubts == ("value_refused",)
    # 86: three digits behind the mark of the other language, or in an answer in the other one
    for text in ("12,500", "12.5k", "12,5", "ca. 12500", "12500 USD", "12500 / 13000", "1.25.000"):
        assert read(text) == "value_ambiguous", text
    assert read("12.500", ENGLISH, "WON") == read("12.500", GERMAN, "WON") == "value_ambiguous"
    for text in ("1e9999", "-5", "NaN", "inf", "zwölftausend", "１２５００", "9" * 15, "(5)"):
        assert read(text) == "value_refused", text
    # what may be a day, a year or a count, and behind no label
    for text in ("20.11.", "2026", "2026. Lieferung im Januar", "0171", "3", "12", "3, Lizenzen"):
        assert understand(f"GEWONNEN {text}", GERMAN).doubts == ("value_ambiguous",), text
    for text in ("20,11 EUR", "2026 EUR", "100", "4 400"):
        assert understand(f"GEWONNEN {text}", GERMAN).status == Status.WON, text
    assert (read("2026"), read("12"), read("0171")) == (2026, 12, "value_ambiguous")
    kept = understand("GEWONNEN\nBetrag: 12,500", GERMAN)
    assert (kept.status, kept.suggested, kept.told.value_text) == (None, Status.WON, "12,500")
    # of an answer that is no end it is a remark
    assert read("12.5k", word="ANGEBOT") is None


def test_labelled_lines_fill_fields_and_the_rest_is_the_comment():
    lost = understand(
        "VERLOREN\n\nWarum? zu teuer\nWer hat entschieden? Frau Adler\nSchade.", GERMAN
    )
    assert (lost.told.reason, lost.told.decision_maker) == ("zu teuer", "Frau Adler")
    assert (lost.status, lost.comment) == (Status.LOST, "Schade.")
    won = understand("WON\n\nValue of the order, EUR: 12,500.00\nThey signed.", ENGLISH)
    assert (won.told.value, won.comment) == (Decimal("12500.00"), "They signed.")
    won = understand("Gewonnen mit 12.500 EUR, Lieferung folgt", GERMAN)
    assert (won.told.value, won.comment) == (Decimal("12500.00"), "Lieferung folgt")
    out = understand(
        "PROPOSAL\nValue: 12500\nDecided by: Ada\nWaiting since: 12.11.\nThey compare.", ENGLISH
    )
    assert (out.told.value, out.told.decision_maker) == (None, "Ada")
    assert out.comment == "Value: 12500\nWaiting since: 12.11.\nThey compare."
    lost = understand("LOST: too expensive", ENGLISH)
    assert (lost.told.reason, lost.comment) == ("too expensive", "too expensive")
    days = {
        "2. Dezember anrufen": date(2026, 12, 2),
        "call on Dec 2": date(2026, 12, 2),
        "Anruf am 3.2.": date(2027, 2, 3),
        "2026-12-02": date(2026, 12, 2),
        "12/24/2026": date(2026, 12, 24),
        "11/12/2026": None,
        "5 marketing calls": None,
        "31.2.": None,
    }
    for text, day in days.items():
        told = understand(f"OFFEN\nNächster Schritt: {text}", GERMAN).told
        assert (told.next_step, told.next_step_on) == (text, day)
    assert understand("WARTEN seit 12.11.", GERMAN).told.waiting_since == date(2026, 11, 12)
    assert understand("OFFEN\nWiedervorlage: bald", GERMAN).doubts == ("day_unclear",)


def test_every_word_that_a_mail_names_is_understood():
    for locale, words in ANSWERS.items():
        assert [understand(word, READERS[locale]).status for word in words] == list(Status)
    for words in CHOICES.values():
        meant = [understand(word, GERMAN).action for word in words]
        assert meant == [Action.PICK, Action.DECLINE]


def test_an_answer_to_a_mail_with_an_offer_or_many_leads_is_read(ctx):
    offer, digest = our_mail("lead_offered", DE)[0], our_mail("digest", EN)[0]
    for name, (_locale, client) in CLIENTS.items():
        picked = read_reply(client("ÜBERNEHMEN", offer), offer, GERMAN)
        assert (picked.action, picked.doubts) == (Action.PICK, ()), name
        many = read_reply(client("L-20418 LOST", digest), digest, ENGLISH)
        assert (many.number, many.status, many.doubts) == ("L-20418", Status.LOST, ()), name


HTML = """<html><head><style>VERLOREN</style></head><body><!-- VERLOREN -->
<!--[if mso]><p>VERLOREN</p><![endif]--><div style="display:none">VERLOREN</div>
<p style="color:#FFFFFF">VERLOREN</p><font color="white">VERLOREN</font><p hidden>VERLOREN</p>
<p style="font-size:0px">VERLOREN</p><p style="overflow:hidden; max-height:0">VERLOREN</p>
<p style="background:white;color: rgb(255, 255, 255)">VERLOREN</p><p style="opacity:0">VERLOREN</p>
<div style="color:#fff"><p style="color:#000">GEWONNEN</p>VERLOREN</div>
<div style="background-color:#242424;color:#fff">im Dunkeln</div>
<blockquote type="cite"><div>Wie weit sind Sie?</div>VERLOREN</blockquote></body></html>"""


def test_of_html_only_what_people_see_is_read_and_what_is_quoted_is_marked():
    seen = " ".join(text_in(HTML).split())
    assert seen == "GEWONNEN im Dunkeln > Wie weit sind Sie? > VERLOREN"
    found = read_reply(text_in(HTML), "Wie weit sind Sie?", GERMAN)
    assert (found.status, found.comment) == (Status.WON, "im Dunkeln")


def test_what_cannot_be_seen_within_a_word_is_known_of():
    mail = EmailMessage(policy=policy.SMTP)
    mail.set_content("W\u200bON\n")
    parsed = read(message_from_bytes(mail.as_bytes(), policy=policy.default))
    assert (parsed["text"], parsed["written"]) == ("WON", "W\u200bON")
    assert read_reply(parsed["written"], None, ENGLISH).doubts == ("lookalike",)


HOSTILE = {
    name: (line * MOST_BYTES)[:MOST_BYTES]
    for name, line in {
        "attributions": "On " * 130 + "\n",
        "attributions without an end": "Am 16.11.2026 schrieb " * 18 + "\n",
        "attributions with an end": "Am 16.11.2026 10:00 schrieb a@b" + " x" * 180 + ":\n",
        "headers": "From: x\n",
        "headers apart": "Von: a\nAn: b\n\n",
        "quotes": ">\n",
        "quotes in quotes": "> ",
        "links": "<http://a" * 44 + "\n",
        "warnings": "CAUTION: " + "mail " * 78 + "\n",
        "externals": "external " * 44 + "\n",
        "rules": "_" * 399 + "\n",
        "david": "[Original Message processed by david" + "x" * 300 + "\n",
        "phones": "Sent from my" + " a" * 190 + "\n",
        "labels": "Betrag" + " " * 300 + "\n",
        "labels with hyphens": "WON\n" + "a-b " * 95 + "\n",
        "answers": "WON\n",
        "amounts": "WON 1.234 ",
        "crosses": "x ",
        "spaces": " ",
        "letters": "a",
        "marks on letters": "\u0301",
        "nothing to see": "\u200b",
        "greetings": "freundlich" * 39 + "\n",
    }.items()
}


def test_no_text_takes_long(ctx):
    sent = "\n".join(our_mail("feedback_due", EN))
    for name, body in HOSTILE.items():
        for known in (sent, None, body):
            began = time.process_time()
            read_reply(body * 100, known, ENGLISH)
            assert time.process_time() - began < 0.25, name
        began = time.process_time()
        own_part(body * 10)
        assert time.process_time() - began < 0.25, name
    assert len(own_words("word " * 100_000, None).words) <= MOST_BYTES
    kept = own_words("word\n" * 10_000 + "WON", None)
    assert (kept.words.count("\n") < MOST_LINES, kept.doubts) == (True, ("cut",))
    long = own_words("WON\n" + "word " * 200, None).words.splitlines()
    assert max(len(line) for line in long) <= LONGEST_LINE
    assert sum(line.split().count("word") for line in long) == 200
