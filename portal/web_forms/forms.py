"""The editor of a web form: what is typed, and how it becomes a `FormDraft`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Optional

from portal.campaigns import consent
from portal.campaigns.queries import list_running
from portal.catalog.queries import book
from portal.leads import own_fields
from portal.leads.queries import get_definition
from portal.web.forms import Form, WholeField, needed
from portal.web_forms import rules
from portal.web_forms.models import FormKind, WebForm
from portal.web_forms.operations import FormDraft
from portal.web_forms.rules import Asked, ExtraKind

KINDS: dict[str, Any] = {
    FormKind.CONTACT: _l("Contact me"),
    FormKind.TRIAL: _l("Free trial"),
    FormKind.EVENT: _l("Registration for an event"),
}
EXTRA_KINDS: dict[str, Any] = {
    ExtraKind.TEXT: _l("One line"),
    ExtraKind.LONG_TEXT: _l("Several lines"),
    ExtraKind.CHOICE: _l("One of a list"),
    ExtraKind.YES_NO: _l("Yes or no"),
}
ASKED: dict[str, Any] = {
    "": _l("not asked"),
    "optional": _l("asked"),
    "required": _l("required"),
}
LABELS: dict[str, dict[str, Any]] = {
    "title": {"en": _l("Title in English"), "de": _l("Title in German")},
    "intro": {
        "en": _l("Words above the fields in English"),
        "de": _l("Words above the fields in German"),
    },
    "button": {"en": _l("Button in English"), "de": _l("Button in German")},
    "thanks": {"en": _l("Thanks on the page in English"), "de": _l("Thanks on the page in German")},
    "mail_subject": {"en": _l("Subject in English"), "de": _l("Subject in German")},
    "mail_text": {"en": _l("Mail in English"), "de": _l("Mail in German")},
}
LONG = ("intro", "thanks", "mail_text")


def listed(words: Mapping[str, Any]) -> list[SelectChoice]:
    """Return what there is to choose from."""
    return [SelectChoice(*each) for each in words.items()]


class NewFormForm(Form):
    kind = RadioField(
        _l("What for"),
        choices=listed(KINDS),
        validate_choice=False,
    )
    name = StringField(
        _l("Name"),
        [needed(), Length(max=120)],
        description=_l("For you, and the title of the leads that come by it."),
    )


class WebFormForm(Form):
    """The editor; texts, fields and own questions are added to a subclass."""

    version = HiddenField()
    name = StringField(_l("Name"), [needed(), Length(max=120)])
    active = BooleanField(_l("In use"))
    type_key = SelectField(_l("Kind of lead"), validate_choice=False)
    source_id = SelectField(_l("Where it comes from"), validate_choice=False)
    campaign_id = SelectField(
        _l("Campaign"),
        validate_choice=False,
        description=_l("An address that names another by utm_campaign wins."),
    )
    consent_key = SelectField(
        _l("What people agree to"),
        validate_choice=False,
        description=_l("The newest words of it are shown, and kept with each lead."),
    )
    confirms = BooleanField(
        _l("The address is confirmed first"),
        description=_l("A mail with a button goes out; only its press brings the inquiry in."),
    )
    thanks = BooleanField(_l("A mail of thanks follows"))
    sites = TextAreaField(
        _l("Sites that may show it"),
        [Optional()],
        description=_l("One a line, as https://www.example.com; they may also post to it."),
        render_kw={"rows": 3, "autocomplete": "off"},
    )
    event_at = DateTimeLocalField(
        _l("When"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
    )
    event_place = StringField(_l("Where"), [Optional(), Length(max=200)])
    calm = WholeField(
        _l("A calm minute"),
        [needed()],
        description=_l(
            "What more comes in a minute answers a question first, so that robots stay out."
        ),
    )

    def offer(self, web_form: WebForm) -> None:
        """Fill the lists; what is chosen stays choosable."""
        locale, entries = str(get_locale()), book()
        self.type_key.choices = [
            (one.key, rules.said(one.names, locale) or one.key)
            for one in get_definition().types.values()
        ]
        sources = entries.choices("source", locale, [web_form.source_id])
        self.source_id.choices = [("", _("not known")), *sources]
        campaigns = [(str(one.id), one.name) for one in list_running(also=web_form.campaign_id)]
        self.campaign_id.choices = [("", _("none")), *campaigns]
        self.consent_key.choices = [
            ("", _("nothing: they ask, and we answer")),
            *((one.key, one.name) for one in consent.list_newest()),
        ]
        if web_form.kind != FormKind.EVENT:
            del self.event_at
            del self.event_place

    def draft(self) -> FormDraft:
        """Return what was typed."""
        return FormDraft(
            name=self.name.data or "",
            active=bool(self.active.data),
            words={
                code: {name: self[f"{name}_{code}"].data or "" for name in rules.WORDS}
                for code in rules.LANGUAGES
            },
            fields=list(self._asked()),
            type_key=self.type_key.data or "",
            source_id=_number(self.source_id.data),
            campaign_id=_number(self.campaign_id.data),
            consent_key=self.consent_key.data or None,
            confirms=bool(self.confirms.data),
            thanks=bool(self.thanks.data),
            sites=(self.sites.data or "").splitlines(),
            event_at=_aware(self.event_at.data) if "event_at" in self else None,
            event_place=self.event_place.data if "event_place" in self else None,
            calm=self.calm.data or 0,
        )

    def _asked(self) -> Iterator[Asked]:
        for name in field_names():
            if wanted := self[f"ask-{name}"].data:
                yield Asked(name, wanted == "required")
        for number in range(1, rules.MOST_EXTRAS + 1):
            name = f"{rules.EXTRA}{number}"
            labels = {code: self[f"{name}-{code}"].data or "" for code in rules.LANGUAGES}
            labels = {code: text for code, text in labels.items() if text}
            if not labels:
                continue
            lines = (self[f"{name}-choices"].data or "").splitlines()
            pairs = (line.partition("|") for line in lines if line.strip())
            yield Asked(
                name,
                bool(self[f"{name}-required"].data),
                labels,
                self[f"{name}-kind"].data or ExtraKind.TEXT,
                [
                    {code: text for code, text in (("en", en.strip()), ("de", de.strip())) if text}
                    for en, _bar, de in pairs
                ],
            )

    @property
    def extras(self) -> list[tuple[int, list[Any]]]:
        """The rows of the form's own questions."""
        parts = ("en", "de", "kind", "choices", "required")
        return [
            (number, [self[f"{rules.EXTRA}{number}-{part}"] for part in parts])
            for number in range(1, rules.MOST_EXTRAS + 1)
        ]


def field_names() -> list[str]:
    """Return the names of all fields that a form may ask."""
    return [*rules.STANDARD, *(f"{rules.OWN}{one.key}" for one in own_fields.in_use())]


def _number(raw: Any) -> int | None:
    return int(raw) if isinstance(raw, str) and raw.isdecimal() and len(raw) < 16 else None


def _aware(typed: datetime | None) -> datetime | None:
    # as the clock on the wall of who types it
    zone = cast(ZoneInfo, get_timezone())
    return typed.replace(tzinfo=ZoneInfo(str(zone))).astimezone(UTC) if typed else None


def web_form_form(web_form: WebForm, *, sent: bool) -> WebFormForm:
    """Return the editor of a form, as it is kept or as it was `sent`."""
    locale = str(get_locale())
    more: dict[str, Any] = {}
    for name, labels in LABELS.items():
        for code, label in labels.items():
            field = TextAreaField if name in LONG else StringField
            shape = {"rows": 8 if name == "mail_text" else 3} if name in LONG else {}
            more[f"{name}_{code}"] = field(label, [Optional()], render_kw=shape)
    own = {f"{rules.OWN}{one.key}": one.label(locale) for one in own_fields.in_use()}
    for name, label in {**rules.STANDARD, **own}.items():
        more[f"ask-{name}"] = SelectField(label, choices=listed(ASKED), validate_choice=False)
    for number in range(1, rules.MOST_EXTRAS + 1):
        name = f"{rules.EXTRA}{number}"
        more[f"{name}-en"] = StringField(_l("Question in English"), [Optional()])
        more[f"{name}-de"] = StringField(_l("Question in German"), [Optional()])
        more[f"{name}-kind"] = SelectField(
            _l("Kind of answer"),
            choices=listed(EXTRA_KINDS),
            validate_choice=False,
        )
        more[f"{name}-choices"] = TextAreaField(
            _l("Choices"),
            [Optional(), Length(max=8000)],
            description=_l("One a line, German behind a bar: “Rented | Gemietet”."),
            render_kw={"rows": 3},
        )
        more[f"{name}-required"] = BooleanField(_l("Required"))
    asking = type("WebFormFormAsking", (WebFormForm,), more)
    form = cast(WebFormForm, asking() if sent else asking(formdata=None, data=values_of(web_form)))
    form.offer(web_form)
    return form


def values_of(web_form: WebForm) -> dict[str, Any]:
    """Return what the editor shows of a form at first."""
    zone = ZoneInfo(str(get_timezone()))
    values: dict[str, Any] = {
        "version": str(web_form.version),
        **{
            name: getattr(web_form, name)
            for name in ("name", "active", "type_key", "confirms", "thanks", "calm")
        },
        "source_id": str(web_form.source_id or ""),
        "campaign_id": str(web_form.campaign_id or ""),
        "consent_key": web_form.consent_key or "",
        "sites": "\n".join(web_form.sites),
        "event_at": web_form.event_at.astimezone(zone) if web_form.event_at else None,
        "event_place": web_form.event_place or "",
    }
    for code in rules.LANGUAGES:
        for name in rules.WORDS:
            values[f"{name}_{code}"] = web_form.words.get(code, {}).get(name, "")
    for one in rules.asked_of(web_form.fields):
        if not one.name.startswith(rules.EXTRA):
            values[f"ask-{one.name}"] = "required" if one.required else "optional"
            continue
        for code in rules.LANGUAGES:
            values[f"{one.name}-{code}"] = one.labels.get(code, "")
        values[f"{one.name}-kind"] = one.kind
        values[f"{one.name}-required"] = one.required
        values[f"{one.name}-choices"] = "\n".join(
            " | ".join(filter(None, (pair.get("en"), pair.get("de")))) for pair in one.choices
        )
    return values
