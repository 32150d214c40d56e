"""The shape of what is typed as own words: per language a subject and a body."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField

from portal.web.forms import Form
from portal.wording.kinds import BODY, LANGUAGES, SLOTS, Kind
from portal.wording.models import Texts

ENGLISH, GERMAN = {"lang": "en", "autocomplete": "off"}, {"lang": "de", "autocomplete": "off"}


class WordingForm(Form):
    """Own words of a mail; `of` leaves out the places that its kind does not have."""

    seen = HiddenField()
    subject_en = StringField(_l("Subject in English"), render_kw=ENGLISH)
    subject_de = StringField(_l("Subject in German"), render_kw=GERMAN)
    body_en = TextAreaField(_l("Body in English"), render_kw={**ENGLISH, "rows": 20})
    body_de = TextAreaField(_l("Body in German"), render_kw={**GERMAN, "rows": 20})

    @classmethod
    def of(cls, kind: Kind) -> WordingForm:
        """Return the form as it was sent."""
        return cls()._only(kind)

    @classmethod
    def filled(cls, kind: Kind, texts: Mapping[str, Mapping[str, str]], seen: str) -> WordingForm:
        """Return a form that shows words, seen at this mark; a body that is ours as its blocks."""
        ours = {BODY: kind.skeleton}
        typed = {
            f"{slot}_{language}": texts.get(language, {}).get(slot, ours.get(slot, ""))
            for slot in SLOTS
            for language in LANGUAGES
        }
        return cls(formdata=None, data={**typed, "seen": seen})._only(kind)

    def _only(self, kind: Kind) -> WordingForm:
        for slot in set(SLOTS) - set(kind.slots):
            for language in LANGUAGES:
                del self[f"{slot}_{language}"]
        return self

    def texts(self, kind: Kind) -> Texts:
        """Return what was typed."""
        return {
            language: {slot: self[f"{slot}_{language}"].data or "" for slot in kind.slots}
            for language in LANGUAGES
        }
