"""What every kind of mail is made of, for tests that look at all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from portal.core.mail.links import LENGTH
from tests.factories import AT

NAME = {"name": "Alice Ainsworth"}
HOME = "http://127.0.0.1:8000"
LINK = "/m/" + "k7Qz" * 10 + "k7Q"
assert len(LINK) == 3 + LENGTH

LEAD: dict[str, Any] = {
    "lead_id": 418,
    "number": "L-20418",
    "temperature": "hot",
    "title": "Replace 14 ageing network cabinets before the audit in March",
    "text": "The IT manager of a food producer runs two plants and has a budget signed off.\n\n"
    "He compared us with <one> competitor & likes the ten-year warranty.",
    "source": "Called us after the trade fair",
    "expectation": "expects a call this week",
    "brand": "Arvena",
    "facts": [
        ("Place", "Lower Saxony, about 35 km away"),
        ("Size", "200–500 people"),
        ("Value", "€ 50–100 k"),
        ("Time frame", "within 3 months"),
        ("Industry", ""),
        ("Products", "Cabinets, Switches"),
    ],
    "why": ["certified: Cabinets", "about 35 km away"],
}
OFFERED = {
    **LEAD,
    "ends_at": AT + timedelta(days=3),
    "left": "3 days",
    "firms": 4,
    "alone_until": None,
    "more_from": None,
    "suits_you": False,
    "pick_path": f"{LINK}?s=pick",
    "decline_path": f"{LINK}?s=decline",
}
ANSWERS = [
    {
        "label": label,
        "url": f"{HOME}{LINK}?s={status}",
        "mailto": "mailto:fb+bm1c2a3b4c5d6e7f2g3h4i5j6k@in.firstcome.example"
        f"?subject=Re%3A%20L-20418&body={word}",
    }
    for status, label, word in (
        ("not_contacted", "Not made contact yet", "OPEN"),
        ("waiting", "Waiting for their answer", "WAITING"),
        ("proposal", "Proposal in progress", "PROPOSAL"),
        ("won", "Won", "WON%0D%0A%0D%0AValue%20of%20the%20order%2C%20EUR%3A%20"),
        ("lost", "Lost / not interested", "LOST%0D%0A%0D%0AWhy%3F%20%0D%0AWho%20decided%3F%20"),
    )
]
FEEDBACK = {
    **NAME,
    "lead": LEAD,
    "due_at": AT + timedelta(days=1),
    "picked_at": AT - timedelta(days=6),
    "instead_of": None,
    "last": "Not made contact yet",
    "asked": ["Not made contact yet: You said so last time, too. When do you try next?"],
    "gate": {
        "why": "The answer about L-20377 was due Saturday, November 14, 2026, 9:00\u00a0AM "
        "(Berlin time).",
        "way_out": "2 answers and you can pick again.",
    },
    "late": False,
    "asked_by": None,
    "coming": [
        "Tuesday, November 17, 2026, 10:00\u202fAM (Berlin time): the firm’s manager hears of it.",
        (
            "Friday, November 20, 2026, 10:00\u202fAM (Berlin time): the lead goes back and to "
            "another firm, unless there is work on it."
        ),
    ],
    "answer_rows": ANSWERS,
    "interest_path": "/m/" + "k3ep" * 10 + "k3e?s=interest",
    "more_time_path": "/m/" + "t1me" * 10 + "t1m",
    "give_back_path": "/m/" + "k3ep" * 10 + "k3e?s=give_back",
    "more_path": "/m/" + "k3ep" * 10 + "k3e?s=more",
}
LATE_NEWS = {
    **NAME,
    "lead": LEAD,
    "details": [
        LEAD["title"],
        "In the hands of Bob Brandt since Monday, November 9, 2026, 10:00\u202fAM (Berlin time).",
        "The last answer: Waiting feedback from end user.",
    ],
    "coming": FEEDBACK["coming"],
    "other": ("See all that sits", "/neglected"),
    "path": "/leads/418",
    "press": "Open the lead",
}
CUSTOMER = {
    "name": "Zephyrine",
    "person": "Bob Brandt",
    "firm": "Alpha Systems",
    "phone": "+49 30 1234567",
    "asked_for": True,
    "products": ["Cabinets", "Switches"],
    "call_by": AT + timedelta(days=1),
    "instead": False,
    "path": "/your-inquiry/" + "k7qz" * 6 + "k7",
}
ROUND = {
    "lead": LEAD,
    "what": "the time for L-20418 is over, and nobody has picked it up.",
    "next": "It is on the board under “Came back”: change the text, offer it to others, or call "
    "yourself.",
    "offered_again": False,
    "round": {
        "facts": [
            ("Round", "2"),
            ("Offered to", "6 firms"),
            ("Said no", "3 firms"),
            ("Silent", "3 firms"),
        ],
        "refusals": [
            ("Too far away", "Alpha Systems, Beta Networks"),
            ("No time", "Gamma IT"),
        ],
    },
}
DRAFTS = [
    {
        "number": "L-20381",
        "title": "Switches for a school",
        "since": AT - timedelta(days=4),
        "path": "/qualify/381",
    },
    {
        "number": "L-20390",
        "title": "A question about racks",
        "since": AT - timedelta(days=3),
        "path": "/qualify/390",
    },
]

KINDS: dict[str, dict[str, Any]] = {
    "lead_offered": {**NAME, "lead": OFFERED},
    "yours_now": {
        **NAME,
        "lead": LEAD,
        "contact": {
            "company": "Kanarienwerke AG",
            "name": "Zephyrine Quastenflosser",
            "role": "Head of IT",
            "phone": "+49 511 7654321",
            "tel": "+495117654321",
            "email": "zephyrine@kanarienwerke.example",
            "domain": "kanarienwerke.example",
            "address": "Papageienallee 77, 30987 Hanover",
        },
        "its_own": "l+k3ep@in.firstcome.example",
        "handed_by": None,
        "due_at": AT + timedelta(days=7),
        "rhythm_days": 7,
        "deadlines": [
            {
                "word": "First contact",
                "due_at": AT + timedelta(days=3),
                "counts": "working time",
            }
        ],
        "expected": (
            "Please contact the customer within 24 hours of working time of picking a lead up.",
            "Your answer is due 7 days after you pick a lead up, and 7 days after each answer.",
        ),
        "answer_rows": ANSWERS,
        "interest_path": "/m/" + "k3ep" * 10 + "k3e?s=interest",
        "known_path": "/m/" + "k3ep" * 10 + "k3e?s=known",
        "give_back_path": "/m/" + "k3ep" * 10 + "k3e?s=give_back",
        "more_path": "/m/" + "k3ep" * 10 + "k3e?s=more",
    },
    "feedback_soon": FEEDBACK,
    "feedback_due": {**FEEDBACK, "due_at": AT, "last": None},
    "feedback_overdue": {**FEEDBACK, "due_at": AT - timedelta(days=1)},
    "contact_wanted": {**FEEDBACK, "last": None, "asked": []},
    "completion_wanted": {**FEEDBACK, "due_at": AT, "late": True},
    "reminded": {**FEEDBACK, "asked_by": "Arno Amann"},
    "call_missed": {**FEEDBACK, "asked": []},
    "not_called": {
        **LATE_NEWS,
        "subject": "The customer says nobody called: L-20418",
        "what": "the customer of L-20418 tells us that nobody has called.",
        "details": [
            *LATE_NEWS["details"],
            "Bob Brandt was told, too, and can say how it stands.",
        ],
        "coming": [],
        "other": None,
        "reason": "You get this mail because you answer for whoever holds the lead.",
    },
    "not_wanted": {
        **LATE_NEWS,
        "subject": "The customer wants no call: L-20418",
        "what": "the customer of L-20418 asked not to be called.",
        "details": [LEAD["title"], "Please don’t call, and say as your answer how it ended."],
        "coming": [],
        "other": None,
        "reason": "You get this mail because it is about your leads.",
    },
    "who_calls": CUSTOMER,
    "did_they_call": {**CUSTOMER, "reply_to": "c+k7qzk7qzk7qzk7qzk7qzk7qzk7@in.firstcome.example"},
    "offer_ends": {**NAME, "lead": OFFERED},
    "team_late": {
        **LATE_NEWS,
        "subject": "Late: L-20418, Alpha Systems",
        "what": "Bob Brandt owes an answer about L-20418 since Monday, November 16, 2026, "
        "10:00\u202fAM (Berlin time).",
        "reason": "You get this mail because you lead whoever is to answer.",
    },
    "partner_late": {
        **LATE_NEWS,
        "subject": "Late: L-20418, Alpha Systems",
        "what": "Bob Brandt was to contact the customer of L-20418 by Monday, November 16, "
        "2026, 10:00\u202fAM (Berlin time).",
        "reason": "You get this mail because you look after this partner.",
    },
    "paused": {
        **NAME,
        "subject": "Picking up pauses",
        "what": "Picking up pauses until Monday, November 23, 2026, 10:00\u00a0AM (Berlin time): "
        "3 deadlines missed within 90 days.",
        "details": ["2 answers and the pause is over."],
        "path": "/mine",
        "press": "To my leads",
        "reason": "You get this mail because it is about your leads.",
    },
    "answer_wanted": {
        **LATE_NEWS,
        "subject": "Your answer is due: L-20418",
        "what": "a partner waits for your help with L-20418.",
        "details": [
            LEAD["title"],
            "It is due on Monday, November 16, 2026, 6:00\u202fPM (Berlin time).",
        ],
        "coming": [],
        "other": None,
        "reason": "You get this mail because this is yours to answer.",
    },
    "not_yours": {
        **NAME,
        "lead": LEAD,
        "what": "another firm was faster: L-20418 is gone.",
        "details": [
            "It went on Monday, November 16, 2026, 9:12\u00a0AM (Berlin time).",
            "4 firms were offered it.",
        ],
        "stand_by_path": LINK,
        "entered": False,
    },
    "round_unpicked": {**NAME, **ROUND},
    "recorded": {
        **NAME,
        "lead": LEAD,
        "what": "Won, €12,500.",
        "details": ["Two plants, delivery in January."],
        "undo_path": LINK,
        "undo_until": AT + timedelta(hours=72),
    },
    "weekly_sheet": {
        "stop_path": "/m/stop",
        **NAME,
        "count": 22,
        "rows": [
            {
                "number": "L-20418",
                "title": LEAD["title"],
                "temperature": "hot",
                "path": "/leads/418",
                "said": "",
                "due": "November 18, 2026",
                "owed": True,
            },
            {
                "number": "L-20422",
                "title": "Switches for <two> plants & a depot",
                "temperature": "warm",
                "path": "/leads/422",
                "said": "Proposal in progress",
                "due": "November 23, 2026",
                "owed": False,
            },
        ],
        "more": 20,
        "path": "/sheet",
        "hearing_path": LINK,
    },
    "sheet_report": {
        **NAME,
        "short": ["1 answer recorded", "1 row not taken", "3 rows without a change"],
        "rows": [
            {
                "number": "L-20422",
                "row": 4,
                "title": "Switches for <two> plants & a depot",
                "fate": "refused",
                "said": "Value: Please give the value of the order.",
                "undo_path": None,
            },
            {
                "number": "L-20418",
                "row": 3,
                "title": LEAD["title"],
                "fate": "applied",
                "said": "Won, €12,500",
                "undo_path": LINK,
            },
        ],
        "more": 0,
        "undo_until": AT + timedelta(hours=72),
        "mended": True,
        "path": "/sheet/returns/7",
        "hearing_path": LINK,
    },
    "sheet_problem": {
        **NAME,
        "problem": "feedback.xlsx: The workbook is protected by a password. Please save it "
        "without one.",
        "path": "/sheet",
        "hearing_path": LINK,
    },
    "reply_back": {
        **NAME,
        "lead": LEAD,
        "what": "did you mean this?",
        "words": "WON 12,500 They loved it.",
        "details": ["We could not make sure that the mail is from you."],
        "answer_rows": ANSWERS,
        "reply_to": "fb+bm1c2a3b4c5d6e7f2g3h4i5j6k@in.firstcome.example",
        "reply_hint": "Or answer this mail with one word in its first line: OPEN, WAITING.",
        "ref": "fb-bm1c2a3b4c5d6e7f2g3h4i5j6k",
        "button": ("Yes: Won", LINK),
        "subject": "",
        "hearing_path": LINK,
    },
    "commented": {
        **NAME,
        "lead": LEAD,
        "subject": "Note about L-20418",
        "what": "Bob Berger wrote about L-20418.",
        "quote": "May I offer them the small model?\nThey ask.",
        "details": ["Files on the portal: plan.pdf"],
        "path": "/leads/20418",
        "press": "Open the lead",
        "reason": "You get this mail because this lead is yours to look after.",
        "hearing_path": LINK,
    },
    "customer_letter": {
        "subject": "Your inquiry L-20418",
        "text": "Dear Maria,\n\nmay I call on Tuesday?\nA quarter of an hour is enough.\n\nAda",
        "writer": "Ada Alpha",
        "firm": "Alpha Systems",
        "leave_path": "/no-more-mails/NDE4.k7Qzk7Qz",
    },
    "customer_wrote": {
        **NAME,
        "lead": LEAD,
        "subject": "The customer wrote: L-20418",
        "what": "the customer of L-20418 wrote.",
        "quote": "Maria Muster <maria@muster.example>\n\nRe: Your inquiry\n\nTuesday suits us.",
        "details": [
            "An answer to this mail does not reach the customer.",
        ],
        "answer_to": ("maria@muster.example", "l+fuo-1s-000@in.firstcome.example"),
        "path": "/leads/20418/letter",
        "press": "Write to the customer",
        "reason": "You get this mail because this lead is yours to look after.",
        "hearing_path": LINK,
    },
    "letter_back": {
        **NAME,
        "lead": LEAD,
        "subject": "Not arrived: mail to the customer of L-20418",
        "what": "a mail to the customer of L-20418 did not arrive.",
        "details": ["Please check the address, or call."],
        "path": "/leads/20418",
        "press": "Open the lead",
        "reason": "You get this mail because this lead is yours to look after.",
        "hearing_path": LINK,
    },
    "nurture": {
        "subject": "Ten questions before you buy",
        "text": "Hello Maria,\n\nten questions that pay.",
        "leave_path": "/no-more-mails/NDE4.k7Qzk7Qz",
    },
    "drafts_stale": {**NAME, "drafts": DRAFTS},
    "password_reset": {
        **NAME,
        "path": "/reset/" + "5ec2e7" * 10,
        "until": AT + timedelta(hours=1),
    },
    "sign_in_link": {
        **NAME,
        "path": "/sign-in/" + "5ec2e7" * 10,
        "until": AT + timedelta(minutes=15),
    },
    "invitation": {
        **NAME,
        "inviter": "Mara Lindner",
        "firm": "Alpha Systems",
        "path": "/invite/" + "5ec2e7" * 10,
        "until": AT + timedelta(days=14),
    },
    "sign_up_confirm": {
        **NAME,
        "company": "Alpha Systems",
        "path": "/partner-sign-up/" + "5ec2e7" * 10,
        "until": AT + timedelta(days=3),
    },
    "sign_up_declined": {
        **NAME,
        "company": "Alpha Systems",
        "answer": "We have three partners in Hanover already.",
        "path": "/partner-sign-up",
    },
    "new_device": {
        **NAME,
        "when": AT,
        "device": "Firefox on Windows",
        "address": "203.0.113.7",
    },
    "sign_in_changed": {
        **NAME,
        "what": "a second step was set up: besides the password, a code of an app.",
        "when": AT,
        "device": "Firefox on Windows",
        "address": "203.0.113.7",
        "by": None,
        "advice": "It was you? Then there is nothing to do. If not, choose a new password now, "
        "and ask an administrator to take the second step off.",
    },
    "activity_due": {
        **NAME,
        "lead": LEAD,
        "subject": "Phone call about L-20418",
        "what": "you planned something about L-20418: Phone call.",
        "details": [
            "Due: Tuesday, November 17, 2026, 10:00\u00a0AM (Berlin time)",
            "What it is about, and whom to call, stands on the portal.",
        ],
        "path": "/m/" + "pl4n" * 10 + "pl4?s=plan",
        "press": "Say what came of it",
        "other": ("Open it on the portal", "/leads/418/activities/12"),
        "reason": "You get this mail because the activity is yours.",
    },
    "recalled": {
        **NAME,
        "lead": LEAD,
        "subject": "Taken back: L-20418",
        "what": "the vendor has taken L-20418 back.",
        "details": [
            "Why: No answer in time",
            "What you did about it stays yours and counts for you.",
        ],
        "path": "/leads/418",
        "press": "Open the lead",
        "reason": "You get this mail because the lead was in your hands.",
    },
    "lead_waits": {
        **NAME,
        "lead": LEAD,
        "subject": "Your decision: L-20418",
        "what": "L-20418 found nobody, and its policy leaves it to you.",
        "details": ["Its page says where it has been."],
        "path": "/leads/418",
        "press": "Open the lead",
        "reason": "You get this mail because you look after the offers.",
    },
    "more_time": {
        **NAME,
        "lead": LEAD,
        "subject": "More time asked for: L-20418",
        "what": "Mara Lindner asks for 7 more days for L-20418.",
        "details": ["Why: The customer still decides"],
        "path": "/more-time",
        "press": "Decide",
        "reason": "You get this mail because the decision is yours.",
    },
    "closed_for_you": {
        **NAME,
        "lead": LEAD,
        "subject": "Closed: L-20418",
        "what": "the vendor has closed L-20418: Cancelled.",
        "details": [
            "By: Marta Vogel",
            "Why: Created by mistake",
            "You owe no answer on it any more, and what you had planned is cancelled.",
        ],
        "path": "/leads/418",
        "press": "Open the lead",
        "reason": "You get this mail because the lead was in your hands.",
    },
    "lead_stirs": {
        **NAME,
        "lead": LEAD,
        "subject": "Active again: L-20418",
        "what": "the contact of L-20418 has become active.",
        "details": ["Downloads: 2", "A call at this moment meets with interest."],
        "path": "/leads/418",
        "press": "Open the lead",
        "reason": "You get this mail because you know this lead.",
    },
    "leads_cooled": {
        **NAME,
        "lead": None,
        "subject": "2 leads have cooled",
        "what": "nothing was heard of 2 of your leads for long; they are marked a step colder.",
        "details": [
            "L-20418: Hot → Warm",
            "L-20377: Warm → Cold",
            "Partners now read them so. Who calls can make them ready anew.",
        ],
        "path": "/leads",
        "press": "See your leads",
        "reason": "You get this mail because you answer for these leads.",
    },
    "asked_again": {
        **NAME,
        "lead": LEAD,
        "subject": "Asked again: L-20418",
        "what": "the contact of L-20418 has asked again.",
        "details": [
            "What was asked stands in the lead’s timeline.",
            "Whoever asks twice is about to decide: a call today is the best answer.",
        ],
        "path": "/leads/418",
        "press": "Open the lead",
        "reason": "You get this mail because you work on this lead.",
    },
    "help_asked": {
        **NAME,
        "lead": LEAD,
        "subject": "Special price wanted: L-20418",
        "what": "Alice Archer of Alpha Systems asks you for a special price for L-20418.",
        "details": [
            "Please answer by Tuesday, November 17, 2026, 10:00\u00a0AM.",
            "What is asked stands on the portal.",
        ],
        "path": "/requests/7",
        "press": "Answer",
        "reason": "You get this mail because you are asked.",
    },
    "knowledge": {
        **NAME,
        "lead": LEAD,
        "subject": "Knew the customer before: L-20418",
        "what": "Alpha Systems says that it knew the customer of L-20418 before.",
        "details": ["Please decide; those concerned are told."],
        "path": "/knowledge-claims",
        "press": "Decide",
        "reason": "You get this mail because channel managers decide on this.",
    },
    "help_answered": {
        **NAME,
        "lead": LEAD,
        "subject": "Answered: L-20418",
        "what": "the special price for L-20418 is granted.",
        "details": [
            "The price holds until Monday, November 30, 2026.",
            "What was said stands in the lead’s timeline.",
        ],
        "path": "/m/" + "k3ep" * 10 + "k3e?s=asked",
        "press": "Read the answer",
        "other": ("Read it on the portal", "/requests/7"),
        "reply_to": "fb+aaaa@in.firstcome.example",
        "reply_hint": "Or simply answer this mail: it goes to whoever answers you.",
        "reason": "You get this mail because you asked, or because the lead is in your hands.",
    },
    "handed_back": {
        **NAME,
        "lead": LEAD,
        "subject": "Back from operations: L-20418",
        "what": "L-20418 is back from operations.",
        "details": ["Handed back by: Oskar Riedel", "Its number there: 4711-A"],
        "path": "/hand-overs/12",
        "press": "See what they say",
        "reason": "You get this mail because you answer for this lead.",
    },
    "lead_step": {
        **NAME,
        "lead": LEAD,
        "subject": "Picked up: L-20418",
        "what": "Rita Ramos of Alpha Systems has picked up L-20418.",
        "details": [],
        "path": "/leads/418",
        "press": "Open the lead",
        "reason": "You get this mail because you answer for this lead, its partner or the "
        "programme.",
    },
    "offer_changed": {
        **NAME,
        "lead": LEAD,
        "subject": "On offer for longer: L-20418",
        "what": "L-20418 is on offer to you until Friday, November 27, 2026 at 5:00 PM now.",
        "details": [],
        "path": "/leads/4711",
        "press": "Open the lead",
        "reason": "You get this mail because this lead is offered to your firm.",
    },
    "stands_in": {
        **NAME,
        "lead": None,
        "subject": "You stand in for Alan Archer",
        "what": "you stand in for Alan Archer from Monday, November 23, 2026 to Friday, "
        "November 27, 2026.",
        "details": [
            "Both days count. It ends by itself.",
            "Meanwhile the leads of Alan Archer stand in your list.",
        ],
        "path": "/mine",
        "press": "Open your list",
        "reason": "You get this mail because a colleague named you.",
    },
    "terms_new": {
        **NAME,
        "lead": None,
        "subject": "New terms of the programme",
        "what": "there are new terms of the programme. Please read them and agree for your firm.",
        "details": ["From Jan 5, 2027 on, no leads are offered to your firm without your yes."],
        "path": LINK,
        "press": "Read and agree",
        "reason": "You get this mail because you lead a firm that takes part.",
    },
    "terms_agreed": {
        **NAME,
        "lead": None,
        "subject": "Your firm has agreed",
        "what": "we recorded that your firm agrees to the terms of the programme.",
        "details": [
            "It is version 2. You agreed for it.",
            "If it was not you, please tell us.",
        ],
        "path": LINK,
        "press": "Read them again",
        "reason": "You get this mail because you answered one of our mails, or pressed a button "
        "in it.",
    },
    "wording_failed": {
        **NAME,
        "lead": None,
        "subject": "Words of a mail failed: A lead for you",
        "what": "your own words for “A lead for you” could not be written for a lead or a person; "
        "the mail went out in the original words.",
        "details": ["Nothing is lost. Look at what may be empty, and save a new version."],
        "path": "/mail-wording/lead_offered",
        "press": "Look at the words",
        "reason": "You get this mail because you run the programme.",
    },
    "sign_up_waits": {
        **NAME,
        "lead": None,
        "subject": "Alpha Systems wants to become a partner",
        "what": "Alpha Systems wants to become a partner and waits for an answer.",
        "details": ["Germany"],
        "path": "/sign-up-requests/7",
        "press": "See the request",
        "reason": "You get this mail because you look after the partners.",
    },
    "mail_taken": {
        **NAME,
        "subject": "L-20418 is in",
        "what": "your mail is in as L-20418.",
        "details": [],
        "path": "/leads/418",
        "press": "Open the lead",
    },
    "inquiry_thanks": {**NAME},
    "shared_out": {
        **NAME,
        "month": "October 2026",
        "leads": 214,
        "time": "3 hours",
        "ginis": [
            {"name": "Offers", "said": "0.21"},
            {"name": "Picked up", "said": "0.34"},
            {"name": "Hot ones picked up", "said": "–"},
        ],
        "headings": ["Firms", "Offers", "Picked up", "Hot ones picked up"],
        "chapters": [
            {
                "name": "By level",
                "groups": [
                    {"name": "Gold", "shares": ["20%", "31%", "35%", "41%"]},
                    {"name": "Others together", "shares": ["80%", "69%", "65%", "59%"]},
                ],
            }
        ],
        "own": {"offers": "42", "picks": "9", "hot": "2"},
        "path": "/fairness?month=2026-10",
        "stop_path": "/m/stop",
    },
    "weekly_report": {
        **NAME,
        "week": "Nov 9, 2026 to Nov 15, 2026",
        "path": "/reports?whose=firm&span=own&from=2026-11-09&to=2026-11-15",
        "stop_path": "/m/stop",
        "reply_hint": "",
        "pictures": [
            {
                "title": "Won and lost by month",
                "alt": "Oct 2026: 2 won, 1 lost; Nov 2026: 4 won, 3 lost",
                "cid": "months@leads.example",
            }
        ],
        "feedback": [
            {
                "lead": {"number": "L-20418", "title": "Cooling for two server rooms"},
                "state": "due Monday, November 16, 2026, 9:00 AM",
                "answer_rows": ANSWERS,
            }
        ],
        "chapters": [
            {
                "name": "Your firm",
                "share": "67%",
                "lines": [
                    {
                        "name": "Really processed",
                        "value": "67%",
                        "note": "4 of 6 leads",
                        "before": "50%",
                    },
                    {"name": "Won", "value": "2", "note": "", "before": "1"},
                    {"name": "Average deal size", "value": "–", "note": "", "before": ""},
                ],
                "owed": 3,
                "rows": [
                    {
                        "number": "L-20377",
                        "title": "",
                        "path": "/leads/377",
                        "due": "Friday, November 13, 2026, 9:00 AM",
                        "whom": "Alice Ainsworth",
                    }
                ],
                "more": 2,
            }
        ],
    },
    "overdue_list": {
        **NAME,
        "count": 4,
        "more": 2,
        "day": "November 15, 2026",
        "path": "/neglected/overdue?until=2026-11-15",
        "stop_path": "/m/stop",
        "rows": [
            {
                "number": "L-20418",
                "title": "Cooling for two server rooms",
                "temperature": "hot",
                "path": "/leads/418",
                "over": "12 days over",
                "expected": "November 4, 2026",
                "whom": "Alice Ainsworth, Alpha Systems",
                "owner": "Pam Price",
            },
            {
                "number": "L-20377",
                "title": "",
                "temperature": None,
                "path": "/leads/377",
                "over": "1 day over",
                "expected": "November 15, 2026",
                "whom": "",
                "owner": "",
            },
        ],
    },
    "digest": {
        **NAME,
        "summary": "2 answers owed, 1 new lead, 1 not picked up, 2 not finished, "
        "You stand in for Alan Archer",
        "gate": FEEDBACK["gate"],
        "feedback": [
            {
                "lead": LEAD,
                "state": "the answer was due on Sunday, November 15, 2026, 9:00\u00a0AM.",
                "answer_rows": ANSWERS,
            },
            {
                "lead": {**LEAD, "number": "L-20377", "title": "Cabling for a new warehouse"},
                "state": "an answer is due on Tuesday, November 17, 2026, 9:00\u00a0AM.",
                "answer_rows": ANSWERS,
            },
        ],
        "offers": [OFFERED],
        "rounds": [ROUND],
        "drafts": DRAFTS,
        "news": [
            {
                "what": "you stand in for Alan Archer from Monday, November 23, 2026 to Friday, "
                "November 27, 2026.",
                "path": "/mine",
                "press": "Open your list",
            }
        ],
        "more": 3,
        "stop_path": "/m/" + "5t0p" * 10 + "5t0",
        "reason": "You get this mail because you want to hear once a day.",
    },
}

for kind in (
    "lead_offered",
    "contact_wanted",
    "completion_wanted",
    "reminded",
    "call_missed",
    "not_called",
    "not_wanted",
    "offer_ends",
    "team_late",
    "partner_late",
    "answer_wanted",
    "paused",
    "feedback_soon",
    "feedback_due",
    "feedback_overdue",
    "round_unpicked",
    "drafts_stale",
    "activity_due",
    "closed_for_you",
    "recalled",
    "lead_waits",
    "more_time",
    "lead_stirs",
    "leads_cooled",
    "asked_again",
    "help_asked",
    "help_answered",
    "knowledge",
    "handed_back",
    "lead_step",
    "stands_in",
    "offer_changed",
    "sign_up_waits",
    "terms_new",
    "terms_agreed",
    "wording_failed",
):
    KINDS[kind] = {**KINDS[kind], "hearing_path": "/m/" + "h3ar" * 10 + "h3a"}
