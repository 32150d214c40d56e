"""What a new form of a kind begins with: its texts in both languages, its fields, its source."""

from __future__ import annotations

from portal.web_forms.models import FormKind
from portal.web_forms.rules import Asked

Words = dict[str, dict[str, str]]

START_SOURCE = {
    FormKind.CONTACT: "web_registration",
    FormKind.TRIAL: "web_registration",
    FormKind.EVENT: "trade_show",
}

START_WORDS: dict[FormKind, Words] = {
    FormKind.CONTACT: {
        "en": {
            "title": "Talk to us",
            "intro": "Tell us what it is about. Somebody who knows the subject calls you back.",
            "button": "Please call me",
            "thanks": "Thank you. We have your message and come back to you soon.",
            "mail_subject": "Thank you for your interest",
            "mail_text": "Hello {first_name} {last_name},\n\nthank you for your interest. "
            "We have your message and come back to you soon.",
        },
        "de": {
            "title": "Sprechen Sie mit uns",
            "intro": "Sagen Sie uns, worum es geht. Jemand vom Fach ruft Sie zurück.",
            "button": "Bitte rufen Sie mich an",
            "thanks": "Vielen Dank. Ihre Nachricht ist da, wir melden uns bald bei Ihnen.",
            "mail_subject": "Vielen Dank für Ihr Interesse",
            "mail_text": "Guten Tag {first_name} {last_name},\n\nvielen Dank für Ihr Interesse. "
            "Ihre Nachricht ist da, wir melden uns bald bei Ihnen.",
        },
    },
    FormKind.TRIAL: {
        "en": {
            "title": "Try it for free",
            "intro": "Thirty days, at no cost and without an obligation.",
            "button": "Start my trial",
            "thanks": "Thank you. How your trial begins is on its way to you by mail.",
            "mail_subject": "Your free trial",
            "mail_text": "Hello {first_name} {last_name},\n\nthank you for trying us. "
            "Somebody gets in touch within a working day and sets your trial up with you.",
        },
        "de": {
            "title": "Kostenlos testen",
            "intro": "Dreißig Tage, kostenlos und unverbindlich.",
            "button": "Test beginnen",
            "thanks": "Vielen Dank. Wie Ihr Test beginnt, steht in der Mail an Sie.",
            "mail_subject": "Ihr kostenloser Test",
            "mail_text": "Guten Tag {first_name} {last_name},\n\nvielen Dank, dass Sie uns testen. "
            "Wir melden uns binnen eines Arbeitstages und richten Ihren Test mit Ihnen ein.",
        },
    },
    FormKind.EVENT: {
        "en": {
            "title": "Register for the event",
            "intro": "We look forward to meeting you.",
            "button": "Register",
            "thanks": "Thank you. Your registration is in; the details come by mail.",
            "mail_subject": "Your registration: {form}",
            "mail_text": "Hello {first_name} {last_name},\n\nyou are registered. "
            "We look forward to seeing you.\n\nWhen: {event_date}\nWhere: {event_place}",
        },
        "de": {
            "title": "Zur Veranstaltung anmelden",
            "intro": "Wir freuen uns auf Sie.",
            "button": "Anmelden",
            "thanks": "Vielen Dank. Sie sind angemeldet; alles Weitere kommt per Mail.",
            "mail_subject": "Ihre Anmeldung: {form}",
            "mail_text": "Guten Tag {first_name} {last_name},\n\nSie sind angemeldet. "
            "Wir freuen uns auf Sie.\n\nWann: {event_date}\nWo: {event_place}",
        },
    },
}

_WHO = (Asked("company"), Asked("first_name"), Asked("last_name", required=True))

START_FIELDS: dict[FormKind, tuple[Asked, ...]] = {
    FormKind.CONTACT: (
        *_WHO,
        *(Asked("email", required=True), Asked("phone"), Asked("country"), Asked("message")),
    ),
    FormKind.TRIAL: (
        *_WHO,
        *(Asked("email", required=True), Asked("phone"), Asked("country"), Asked("product")),
    ),
    FormKind.EVENT: (*_WHO, Asked("email", required=True), Asked("country")),
}
