"""The mails that the programme may word, the fields each can name, and those that keep our words.

A field is read from what the room that writes the mail has made of it: words, numbers, yes or no.
None of a mail to partners carries contact data: whom to call stands in its own block of one mail,
and that block is ours (`blocks`). Who asked may be greeted by the name that he gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.mail.rendering import moment
from portal.wording import blocks
from portal.wording.blocks import Block, skeleton_of
from portal.wording.rules import Value

LANGUAGES = ("en", "de")
SUBJECT, BODY = "subject", "body"
SLOTS = (SUBJECT, BODY)
LONGEST_FIELD = 2_000
"""Signs that a field brings into a mail at most."""

Read = Callable[[Mapping[str, Any]], Value]
Needed = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """What a text can name: its meaning, examples, and how it is read of a mail's context."""

    name: str
    meaning: Any
    examples: Sequence[Value]
    read: Read


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail: who gets it when, what of it may be worded, and what a text must name.

    What is `needed` says what the mail is about, or lets its reader act; of each group one is
    enough.
    """

    key: str
    group: str
    name: Any
    when: Any
    fields: Sequence[Field]
    blocks: Sequence[Block]
    needed: Mapping[str, Needed] = field(default_factory=dict)
    slots: Sequence[str] = SLOTS

    @property
    def names(self) -> list[str]:
        """Return the names of the fields."""
        return [one.name for one in self.fields]

    @property
    def parts(self) -> list[str]:
        """Return the names of the blocks."""
        return [one.name for one in self.blocks]

    @property
    def kept(self) -> frozenset[str]:
        """Return the fields that no subject may lose."""
        return frozenset(name for group in self.needed.get(SUBJECT, ()) for name in group)

    @property
    def skeleton(self) -> str:
        """Return the body that says what our words do."""
        return skeleton_of(self.blocks)


def values_of(kind: Kind, context: Mapping[str, Any]) -> dict[str, Value]:
    """Return the fields of a mail, in the language and zone that is spoken."""
    return {one.name: one.read(context) for one in kind.fields}


def examples_of(kind: Kind) -> list[dict[str, Value]]:
    """Return what a text is tried with: each example of its fields once, and nothing known."""
    most = max(len(one.examples) for one in kind.fields)
    tried = [
        {one.name: one.examples[number % len(one.examples)] for one in kind.fields}
        for number in range(most)
    ]
    return [*tried, {one.name: type(one.examples[0])() for one in kind.fields}]


# -- how fields are read ------------------------------------------------------------------------


def _found(context: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = context
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(*path: str) -> Read:
    return lambda context: str(_found(context, path) or "")[:LONGEST_FIELD]


def _count(*path: str) -> Read:
    return lambda context: int(_found(context, path) or 0)


def _number_of(*path: str) -> Read:
    return lambda context: len(_found(context, path) or ())


def _flag(*path: str) -> Read:
    return lambda context: bool(_found(context, path))


def _moment(*path: str) -> Read:
    def read(context: Mapping[str, Any]) -> Value:
        at = _found(context, path)
        return moment(at) if at else ""

    return read


def _temperature(context: Mapping[str, Any]) -> Value:
    words = {"hot": _("Hot"), "warm": _("Warm"), "cold": _("Cold")}
    return str(words.get(_found(context, ("lead", "temperature")), _("Not rated")))


DAY = "Friday, November 20, 2026, 9:00\u00a0AM (Berlin time)"
PERSON = Field(
    "name", _l("Who gets the mail"), ("Alice Ainsworth", "O’Brien & <Søn>"), _words("name")
)
PROGRAMME = Field(
    "programme", _l("What your programme is called"), ("Arvena Leads",), _words("programme")
)
PEOPLE = (PERSON, PROGRAMME)
NUMBER = Field("number", _l("The number of the lead"), ("L-20418",), _words("lead", "number"))
LEAD = (
    NUMBER,
    Field(
        "title",
        _l("The title of the lead, as partners read it before they pick it up"),
        ("Replace 14 ageing network cabinets", "Cabinets & <switches>"),
        _words("lead", "title"),
    ),
    Field("temperature", _l("Hot, warm or cold, as a word"), ("Hot", "Warm", "Cold"), _temperature),
    Field("brand", _l("The brand; may be empty"), ("Arvena", ""), _words("lead", "brand")),
    Field(
        "source",
        _l("Where the lead comes from, where its type shows it; may be empty"),
        ("Called us after the trade fair", ""),
        _words("lead", "source"),
    ),
    Field(
        "expectation",
        _l("What the contact expects, where its type shows it; may be empty"),
        ("expects a call this week", ""),
        _words("lead", "expectation"),
    ),
)
OFFER = (
    Field("firms", _l("How many firms have the lead on offer"), (4, 1), _count("lead", "firms")),
    Field("ends", _l("When the offer ends"), (DAY,), _moment("lead", "ends_at")),
    Field("left", _l("How much time is left"), ("3 days", "20 hours"), _words("lead", "left")),
    Field(
        "waited_for",
        _l("Whether it is back and the reader stood by for it"),
        (False, True),
        _flag("lead", "alone_until"),
    ),
    Field(
        "before_others",
        _l("Whether the reader sees it before other firms"),
        (False, True),
        _flag("lead", "more_from"),
    ),
)
ANSWER = (
    Field("due", _l("When it is or was due"), (DAY,), _moment("due_at")),
    Field("late", _l("Whether that is over"), (False, True), _flag("late")),
    Field("picked", _l("When the lead was picked up"), (DAY,), _moment("picked_at")),
    Field(
        "last",
        _l("The last answer; empty before the first"),
        ("Waiting for their answer", ""),
        _words("last"),
    ),
    Field(
        "in_place_of",
        _l("For whom the reader answers while he is away; empty where the lead is his own"),
        ("", "Alan Archer"),
        _words("instead_of"),
    ),
)
WHAT = Field(
    "what",
    _l("The sentence that says what has happened"),
    ("the vendor has taken L-20418 back.", "another firm was faster: L-20418 is gone."),
    _words("what"),
)

GREETED = "greeting"
BY_NUMBER = (("number",),)
WHAT_HAPPENED = ("what", GREETED)
BUTTONS, ANSWERS = ("buttons",), ("answers",)
ON_OFFER = (("teaser", "title"), ("ending", "ends"), BUTTONS)
CALLER = (("caller", "person"), ("caller", "firm"), ("caller", "call_by"))
VALID = ("validity", "until")
NO_CALLS = (blocks.NO_CALLS,)
COMPANY = Field("company", _l("The firm that asked"), ("Alpha Systems",), _words("company"))


CALLED = (
    Field(
        "name",
        _l("The first name of who gets the mail, in German the whole name; may be empty"),
        ("Maria", ""),
        _words("name"),
    ),
    PROGRAMME,
    Field("person", _l("Who calls"), ("Alice Ainsworth",), _words("person")),
    Field("firm", _l("From which firm"), ("Alpha Systems",), _words("firm")),
    Field("call_by", _l("By when"), (DAY,), _moment("call_by")),
)
FIRST_CALLED = (
    *CALLED,
    Field(
        "asked_for",
        _l("Whether the customer asked to be approached, or agreed to it"),
        (True, False),
        _flag("asked_for"),
    ),
    Field(
        "instead", _l("Whether somebody else was to call before"), (False, True), _flag("instead")
    ),
)


def _until(meaning: Any) -> Field:
    return Field("until", meaning, (DAY,), _moment("until"))


# -- the mails ----------------------------------------------------------------------------------

GROUPS: Mapping[str, Any] = {
    "offers": _l("Leads on offer"),
    "in_hand": _l("Leads in hand"),
    "answers": _l("Answers and deadlines"),
    "regular": _l("What comes regularly"),
    "firms": _l("Firms and people"),
    "customers": _l("Who asked you"),
    "own_people": _l("For your own people"),
    "came_in": _l("Answers to mails"),
}


def _asks(key: str, name: Any, when: Any, *more: Field) -> Kind:
    """Return a mail to the holder of a lead that asks how far it is."""
    needed = {SUBJECT: BY_NUMBER, BODY: (("due", GREETED), ANSWERS)}
    return Kind(key, "answers", name, when, (*PEOPLE, *LEAD, *ANSWER, *more), blocks.ASKS, needed)


def _tells(key: str, group: str, name: Any, when: Any) -> Kind:
    """Return a mail that tells of one thing in a sentence."""
    needed = {BODY: (WHAT_HAPPENED, BUTTONS)}
    return Kind(key, group, name, when, (*PEOPLE, WHAT), blocks.NEWS, needed)


_KINDS = (
    Kind(
        "lead_offered",
        "offers",
        _l("A lead for you"),
        _l("To each who may pick a lead up, when it is offered."),
        (*PEOPLE, *LEAD, *OFFER),
        blocks.OFFER,
        {SUBJECT: BY_NUMBER, BODY: ON_OFFER},
    ),
    Kind(
        "offer_ends",
        "offers",
        _l("An offer ends"),
        _l("The last call: the lead is still there, and its offer ends soon."),
        (*PEOPLE, *LEAD, *OFFER),
        blocks.OFFER,
        {SUBJECT: BY_NUMBER, BODY: ON_OFFER},
    ),
    _tells(
        "offer_changed",
        "offers",
        _l("Offer taken back or extended"),
        _l("To a firm that has a lead on offer, when that ends early or lasts longer."),
    ),
    Kind(
        "not_yours",
        "offers",
        _l("Not yours"),
        _l("To who pressed or took part, and somebody else got the lead."),
        (*PEOPLE, *LEAD, WHAT),
        blocks.NOT_YOURS,
        {SUBJECT: BY_NUMBER, BODY: (WHAT_HAPPENED,)},
    ),
    Kind(
        "yours_now",
        "in_hand",
        _l("Yours now"),
        _l("To the holder, with the contact data and what is expected."),
        (
            *PEOPLE,
            *LEAD,
            Field(
                "handed_by",
                _l("Who handed the lead on; empty for who picked it up"),
                ("", "Arno Amann"),
                _words("handed_by"),
            ),
            Field("due", _l("When the first answer is due"), (DAY,), _moment("due_at")),
            Field("days", _l("After how many days we ask again"), (7, 1), _count("rhythm_days")),
        ),
        blocks.YOURS,
        {SUBJECT: BY_NUMBER, BODY: (("contact",), ANSWERS)},
    ),
    Kind(
        "recorded",
        "in_hand",
        _l("Recorded"),
        _l("After an answer by mail or by a button: what was written down."),
        (*PEOPLE, *LEAD, WHAT),
        blocks.RECORDED,
        {SUBJECT: BY_NUMBER, BODY: (("what", "recorded"), ("undo",))},
    ),
    _tells(
        "recalled",
        "in_hand",
        _l("Taken back by the vendor"),
        _l("To who held a lead that you have taken back."),
    ),
    _tells(
        "closed_for_you",
        "in_hand",
        _l("Closed by the vendor"),
        _l("To the holder of a lead that you have closed or opened again."),
    ),
    _tells(
        "asked_again",
        "in_hand",
        _l("Asked again"),
        _l("To who works on a lead, when its contact has asked once more."),
    ),
    _tells(
        "activity_due",
        "in_hand",
        _l("Reminder of an activity"),
        _l("To who planned a call, an appointment or a task."),
    ),
    _tells(
        "help_answered",
        "in_hand",
        _l("Help or a price answered"),
        _l("To who asked you for help or a special price."),
    ),
    _tells(
        "letter_back",
        "in_hand",
        _l("Mail to a customer did not arrive"),
        _l("To who wrote to a customer, when the mail came back."),
    ),
    _tells(
        "more_time",
        "in_hand",
        _l("More time"),
        _l("When more time is asked for or decided on."),
    ),
    _tells(
        "knowledge",
        "in_hand",
        _l("Who knew the customer"),
        _l("When a firm says it knew a customer before, and when that is decided."),
    ),
    _asks(
        "feedback_soon",
        _l("Feedback soon due"),
        _l("Before an answer is due."),
    ),
    _asks("feedback_due", _l("Feedback due"), _l("When an answer is due.")),
    _asks("feedback_overdue", _l("Feedback overdue"), _l("When an answer is late.")),
    _asks("contact_wanted", _l("First contact due"), _l("When the customer waits for a call.")),
    _asks("completion_wanted", _l("End of a lead due"), _l("When a lead is to come to its end.")),
    _asks(
        "reminded",
        _l("Reminded by hand"),
        _l("When one of you asks how far it is."),
        Field(
            "asked_by",
            _l("Who asks; may be empty"),
            ("Arno Amann", ""),
            _words("asked_by"),
        ),
    ),
    Kind(
        "call_missed",
        "answers",
        _l("The customer says nobody called"),
        _l("To the holder, when the customer answers that nobody has called."),
        (*PEOPLE, *LEAD, *ANSWER),
        blocks.ASKS,
        {SUBJECT: BY_NUMBER, BODY: (ANSWERS,)},
    ),
    _tells(
        "not_called",
        "answers",
        _l("A customer was not called"),
        _l("To who answers for a holder whose customer says that nobody has called."),
    ),
    _tells(
        "not_wanted",
        "answers",
        _l("The customer wants no call"),
        _l("To the holder, and to who answers for her."),
    ),
    _tells(
        "paused",
        "answers",
        _l("Picking up pauses"),
        _l("To who may not pick up for a while."),
    ),
    _tells(
        "team_late",
        "answers",
        _l("Late in the firm"),
        _l("To who leads a firm in which something is late."),
    ),
    Kind(
        "digest",
        "regular",
        _l("Digest"),
        _l("To who wants to hear once an hour, a day or a week."),
        (
            *PEOPLE,
            Field(
                "summary",
                _l("What is in it, in short"),
                ("2 answers owed, 1 new lead", "1 new lead"),
                _words("summary"),
            ),
        ),
        blocks.DIGEST,
        {BODY: (("note",), ANSWERS, ("offers",), ("rest",))},
    ),
    Kind(
        "weekly_report",
        "regular",
        _l("Report of the week"),
        _l("On Mondays, to each with his own figures."),
        (
            *PEOPLE,
            Field("week", _l("Of which days"), ("Nov 9, 2026 to Nov 15, 2026",), _words("week")),
        ),
        blocks.REPORT,
        {BODY: (("week", GREETED), ANSWERS, ("figures", "buttons"))},
    ),
    Kind(
        "shared_out",
        "regular",
        _l("Figures about fairness"),
        _l("Once a month, to who wants to know how leads were shared out."),
        (
            *PEOPLE,
            Field("month", _l("Of which month"), ("October 2026",), _words("month")),
        ),
        blocks.SHARED_OUT,
        {BODY: (("month", GREETED), ("figures", "buttons"))},
    ),
    Kind(
        "weekly_sheet",
        "regular",
        _l("Feedback sheet of the week"),
        _l("To who fills his answers into a sheet. How to give it back follows."),
        (*PEOPLE, Field("count", _l("How many leads are in it"), (22, 1), _count("count"))),
        blocks.SHEET,
        {BODY: (("how", GREETED), BUTTONS)},
    ),
    Kind(
        "invitation",
        "firms",
        _l("Invitation"),
        _l("To a new person: with the button to begin."),
        (
            *PEOPLE,
            Field(
                "inviter", _l("Who invites; may be empty"), ("Mara Lindner", ""), _words("inviter")
            ),
            Field("firm", _l("For which firm"), ("Alpha Systems",), _words("firm")),
            _until(_l("Until when the invitation can be taken up")),
        ),
        blocks.INVITATION,
        {BODY: (BUTTONS, VALID)},
    ),
    Kind(
        "sign_up_confirm",
        "firms",
        _l("New partner: confirm the address"),
        _l("To who asked to become a partner: with the button that confirms."),
        (*PEOPLE, COMPANY, _until(_l("Until when the address can be confirmed"))),
        blocks.CONFIRMATION,
        {BODY: (BUTTONS, VALID)},
    ),
    Kind(
        "sign_up_declined",
        "firms",
        _l("New partner: turned down"),
        _l("To who can’t become a partner now, with your answer as it was written."),
        (*PEOPLE, COMPANY),
        blocks.DECLINED,
        {BODY: (("answer",),)},
    ),
    _tells(
        "terms_new",
        "firms",
        _l("New terms"),
        _l("To who leads a firm, when there are new terms of the programme."),
    ),
    _tells(
        "terms_agreed",
        "firms",
        _l("Agreed to terms"),
        _l("To who agreed for a firm behind a mail, or by an answer to it."),
    ),
    _tells(
        "stands_in",
        "firms",
        _l("Stands in for a colleague"),
        _l("To who was named to answer while a colleague is away."),
    ),
    Kind(
        "inquiry_thanks",
        "customers",
        _l("Thanks for a mail"),
        _l("Once, to who wrote to the address for leads."),
        (
            Field(
                "name",
                _l("Who wrote, as he calls himself; may be empty"),
                ("Maria Muster", ""),
                _words("name"),
            ),
            PROGRAMME,
        ),
        blocks.THANKS,
    ),
    Kind(
        "who_calls",
        "customers",
        _l("Who calls"),
        _l("To the customer, after a lead is picked up: who calls, from which firm, by when."),
        FIRST_CALLED,
        blocks.CALLS,
        {BODY: (*CALLER, NO_CALLS)},
    ),
    Kind(
        "did_they_call",
        "customers",
        _l("Did they call?"),
        _l("To the customer, once: with the buttons for yes and no."),
        CALLED,
        blocks.CALLED,
        {BODY: (("person", GREETED), ("firm", GREETED), BUTTONS, NO_CALLS)},
    ),
    Kind(
        "form_confirm",
        "customers",
        _l("Form: confirm the address"),
        _l("To who filled in a form: with the button that confirms."),
        (
            PROGRAMME,
            Field("form", _l("The title of the form"), ("Ask for an offer",), _words("form")),
            _until(_l("Until when it can be confirmed")),
        ),
        blocks.CONFIRMATION,
        {BODY: (("form", GREETED), BUTTONS, VALID)},
    ),
    Kind(
        "nurture",
        "customers",
        _l("Mails of nurture"),
        _l("What stands around each of them. Subject and text are written with the mail itself."),
        (PROGRAMME,),
        blocks.LETTER,
        {BODY: (("letter",),)},
        slots=(BODY,),
    ),
    _tells(
        "answer_wanted",
        "own_people",
        _l("The vendor’s answer due"),
        _l("To who owes a partner help, a price or a call."),
    ),
    _tells(
        "partner_late",
        "own_people",
        _l("A partner is late"),
        _l("To who looks after a firm in which something is late."),
    ),
    _tells(
        "help_asked",
        "own_people",
        _l("Help or a price asked for"),
        _l("To who is to help with a lead, or to decide on a special price."),
    ),
    _tells(
        "lead_waits",
        "own_people",
        _l("Found nobody, to be decided"),
        _l("To the channel managers, when a lead has found nobody and is theirs to decide on."),
    ),
    Kind(
        "round_unpicked",
        "own_people",
        _l("Nobody picked it up"),
        _l("To the channel managers, when an offer ends and nobody has picked the lead up."),
        (*PEOPLE, *LEAD, WHAT),
        blocks.UNPICKED,
        {SUBJECT: BY_NUMBER, BODY: (WHAT_HAPPENED, ("next",), BUTTONS)},
    ),
    _tells(
        "lead_step",
        "own_people",
        _l("What became of a lead"),
        _l("To who answers for it, when a lead is picked up, answered or given back."),
    ),
    _tells(
        "lead_stirs",
        "own_people",
        _l("A lead has become active"),
        _l("To who knows a lead, when its contact visits, downloads or answers."),
    ),
    _tells(
        "leads_cooled",
        "own_people",
        _l("Leads that have cooled"),
        _l("To who answers for leads of which nothing was heard for long."),
    ),
    _tells(
        "handed_back",
        "own_people",
        _l("Back from operations"),
        _l("To who answers for a lead that operations hand back."),
    ),
    Kind(
        "drafts_stale",
        "own_people",
        _l("Inquiries that wait"),
        _l("To who began to qualify inquiries and has not finished them."),
        (*PEOPLE, Field("count", _l("How many inquiries wait"), (3, 1), _number_of("drafts"))),
        blocks.DRAFTS,
        {BODY: (("drafts",),)},
    ),
    Kind(
        "overdue_list",
        "own_people",
        _l("List of the overdue"),
        _l("On Mondays, to who wants the leads that were to be closed by Sunday."),
        (
            *PEOPLE,
            Field("count", _l("How many leads are over"), (12, 1), _count("count")),
            Field("day", _l("Which Sunday"), ("November 15, 2026",), _words("day")),
        ),
        blocks.OVERDUE,
        {BODY: (("leads", "buttons"),)},
    ),
    _tells(
        "sign_up_waits",
        "own_people",
        _l("New partner: waits for an answer"),
        _l("To who looks after the partners, when a firm wants to become one."),
    ),
    Kind(
        "reply_back",
        "came_in",
        _l("Asked back about a mail"),
        _l("To who answered by mail, where it was doubtful, incomplete or could not be done."),
        (*PEOPLE, NUMBER, WHAT),
        blocks.ANSWERED,
        {BODY: (WHAT_HAPPENED, ("quoted",), ("details",), ANSWERS, BUTTONS)},
    ),
    Kind(
        "mail_taken",
        "came_in",
        _l("Mail to the lead address"),
        _l("To one of your people who sent an inquiry: its number, or why it waits."),
        (*PEOPLE, WHAT),
        blocks.TAKEN,
        {BODY: (WHAT_HAPPENED, ("details",), BUTTONS)},
    ),
    Kind(
        "sheet_report",
        "came_in",
        _l("Feedback sheet: what became of it"),
        _l("To who sent a feedback sheet: what was recorded, and what was not taken."),
        PEOPLE,
        blocks.REPORTED,
        {BODY: (("note",), ("mending",), ("rows",))},
    ),
    Kind(
        "sheet_problem",
        "came_in",
        _l("Feedback sheet: could not be read"),
        _l("To who sent a file that we could not read."),
        (
            *PEOPLE,
            Field(
                "problem",
                _l("Why it could not be read"),
                ("feedback.pdf: This is no sheet of ours: no column is called Status.",),
                _words("problem"),
            ),
        ),
        blocks.UNREAD,
        {BODY: (("problem", "note"), BUTTONS)},
    ),
    Kind(
        "address_check",
        "came_in",
        _l("Does your address work again?"),
        _l("To an address to which no mails go any more, when its owner asks for them."),
        (*PEOPLE, _until(_l("Until when it can be confirmed"))),
        blocks.CHECK,
        {BODY: (BUTTONS, VALID)},
    ),
)

KINDS: Mapping[str, Kind] = {one.key: one for one in _KINDS}


@dataclass(frozen=True, slots=True)
class Kept:
    """Mails that keep our words, and why."""

    names: Any
    why: Any
    keys: frozenset[str]


KEPT = (
    Kept(
        _l("Sign-in links, new passwords, new devices, changes of the sign-in"),
        _l("Their words warn and protect; who knows them notices a forged one."),
        frozenset({"sign_in_link", "password_reset", "new_device", "sign_in_changed"}),
    ),
    Kept(
        _l("What people write to each other"),
        _l("The words are theirs."),
        frozenset({"commented", "customer_letter", "customer_wrote"}),
    ),
    Kept(
        _l("Thanks for a form"),
        _l("Their text is written with the form."),
        frozenset({"form_thanks"}),
    ),
    Kept(
        _l("Own words that could not be written"),
        _l("It tells that own words failed, so it has none."),
        frozenset({"wording_failed"}),
    ),
)
