"""Forms of a draft of the lead definition: a type, a status, a way, a question, its name.

What is possible at all is said by the operation; the form only carries.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Length, Optional

from portal.accounts.permissions import ROLES
from portal.accounts.words import ROLE_NAMES
from portal.leads.definition import (
    ALWAYS,
    AREAS,
    IMPORTANCES,
    LONGEST_NAME,
    PRIORITIES,
    STEP_FIELDS,
    TEASER_FIELDS,
    Content,
    Names,
    Question,
    Status,
    Type,
    Way,
    mark_of,
)
from portal.leads.definition_words import (
    ANSWER_WORDS,
    AREA_WORDS,
    FIELD_WORDS,
    KINDS,
    STATES,
    TEASER_WORDS,
    called,
)
from portal.web.forms import Form, TicksField, needed


class NameForm(Form):
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST_NAME)])


class FileForm(Form):
    file = FileField(_l("File of a lead definition"))
    replace = BooleanField(_l("Replace the draft that there is"))


class PartForm(Form):
    """What every part has: names, and a mark of what the form showed."""

    seen = HiddenField()
    name_en = StringField(_l("Name in English"), [needed(), Length(max=LONGEST_NAME)])
    name_de = StringField(_l("Name in German"), [Optional(), Length(max=LONGEST_NAME)])

    def show_names(self, content: Content, part: Type | Status | Question) -> None:
        """Fill in names and mark."""
        self.name_en.data = part.names.get("en", "")
        self.name_de.data = part.names.get("de", "")
        self.seen.data = mark_of(content, part)

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists; `key` is that of the part, empty for a new one."""

    def keep(self, found: Any) -> None:
        """Keep what of a part that exists is not asked."""

    def show(self, content: Content, found: Any) -> None:
        """Fill the form with a part, or with what a new one (None) starts from."""

    def read(self, content: Content, found: Any) -> Any:
        """Return the part that was typed; one without key is new."""

    @property
    def names(self) -> Names:
        """Return the names that were typed."""
        typed = {"en": self.name_en.data or "", "de": self.name_de.data or ""}
        return {language: name for language, name in typed.items() if name or language == "en"}


def _type_choices(content: Content) -> list[tuple[str, str]]:
    return [(one.key, called(one.names)) for one in content.types]


class TypeForm(PartForm):
    kind = RadioField(_l("What it is"), validate_choice=False)
    statuses = TicksField(
        _l("Statuses"),
        description=_l("All of them ticked also means those that are added later."),
    )
    teaser = TicksField(_l("What partners read before pickup"))
    offer = TicksField(_l("Needed before an offer"))
    lose = TicksField(
        _l("Needed to lose"), description=_l("Why it was lost is asked for in any case.")
    )
    priority = SelectField(
        _l("Priority"), description=_l("A higher one is worked on sooner. 1 to 10.")
    )
    importance = SelectField(_l("Importance"), description=_l("1 to 8."))

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists."""
        self.kind.choices = [(str(kind), str(words)) for kind, words in KINDS.items()]
        self.statuses.choices = [(one.key, called(one.names)) for one in content.statuses]
        self.teaser.choices = [(name, str(TEASER_WORDS[name])) for name in TEASER_FIELDS]
        self.offer.choices = [(name, str(FIELD_WORDS[name])) for name in STEP_FIELDS["offer"]]
        self.lose.choices = [
            (name, str(FIELD_WORDS[name]))
            for name in STEP_FIELDS["lose"]
            if name not in ALWAYS["lose"]
        ]
        self.priority.choices = [(str(n), str(n)) for n in PRIORITIES]
        self.importance.choices = [(str(n), str(n)) for n in IMPORTANCES]

    def show(self, content: Content, found: Type | None) -> None:
        """Fill the form with a type, or with what a new one starts from."""
        one = found or Type("", {}, required={"offer": ("title", "contact.reachable")})
        if found is not None:
            self.show_names(content, found)
        self.kind.data = str(one.kind)
        every = [status.key for status in content.statuses]
        self.statuses.data = every if one.statuses is None else list(one.statuses)
        self.teaser.data = list(one.teaser)
        self.offer.data = list(one.required["offer"])
        self.lose.data = list(one.required["lose"])
        self.priority.data, self.importance.data = str(one.priority), str(one.importance)

    def keep(self, found: Type) -> None:
        """Keep what the type is."""
        self.kind.data = str(found.kind)

    def read(self, content: Content, found: Type | None) -> Type:
        """Return the type that was typed. What a type is stays for good."""
        chosen = tuple(self.statuses.data or ())
        every = set(chosen) >= {status.key for status in content.statuses}
        lose = self.lose.data or []
        return Type(
            key=found.key if found else "",
            names=self.names,
            kind=found.kind if found else (self.kind.data or ""),
            teaser=tuple(name for name in TEASER_FIELDS if name in (self.teaser.data or [])),
            required={
                "offer": tuple(n for n in STEP_FIELDS["offer"] if n in (self.offer.data or [])),
                "win": ALWAYS["win"],
                "lose": tuple(n for n in STEP_FIELDS["lose"] if n in (*ALWAYS["lose"], *lose)),
            },
            statuses=None if every else chosen,
            priority=int(self.priority.data),
            importance=int(self.importance.data),
        )

    def validate(self, extra_validators: object = None) -> bool:
        """Check that it is said what the type is."""
        good = bool(super().validate(extra_validators))
        if self.kind.data not in KINDS:
            self.kind.errors = [*self.kind.errors, _("Please choose one.")]
            good = False
        return good


class StatusForm(PartForm):
    state = SelectField(
        _l("State"), description=_l("What a lead is to the programme follows from it.")
    )
    answer = SelectField(
        _l("Stands for the answer"),
        [Optional()],
        description=_l(
            "What a partner says when the lead comes here. Only while it is in progress; won and "
            "lost speak for themselves."
        ),
    )
    usual = BooleanField(_l("The usual one of its state: a lead that comes into it begins here"))
    initial = BooleanField(_l("New leads begin here"))
    followers = TicksField(_l("Where it goes from here"))

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists."""
        self.state.choices = [(str(state), str(words)) for state, words in STATES.items()]
        self.answer.choices = [
            ("", "–"),
            *(
                (answer, str(ANSWER_WORDS[answer]))
                for answer in ("not_contacted", "waiting", "proposal")
            ),
        ]
        self.followers.choices = [
            (one.key, called(one.names)) for one in content.statuses if one.key != key
        ]

    def show(self, content: Content, found: Status | None) -> None:
        """Fill the form with a status; a new one starts empty."""
        if found is None:
            return
        self.show_names(content, found)
        self.state.data = str(found.state)
        self.answer.data = found.answer if found.state == "in_progress" else ""
        self.usual.data, self.initial.data = found.usual, found.initial
        self.followers.data = [way.after for way in content.ways if way.before == found.key]

    def read(self, content: Content, found: Status | None) -> Status:
        """Return the status that was typed."""
        state = self.state.data or ""
        own = {"won": "won", "lost": "lost", "in_progress": self.answer.data or None}
        return Status(
            key=found.key if found else "",
            names=self.names,
            state=state,
            answer=own.get(state),
            usual=bool(self.usual.data),
            initial=bool(self.initial.data),
        )


class WayForm(Form):
    """For which leads a way is open, and for whom; all of them ticked means all."""

    seen = HiddenField()
    types = TicksField(
        _l("Lead types"),
        description=_l("All of them ticked also means those that are added later."),
    )
    roles = TicksField(
        _l("Who may"),
        description=_l("All of them ticked means everybody who can work on the lead."),
    )

    def offer_choices(self, content: Content) -> None:
        """Fill the lists."""
        self.types.choices = _type_choices(content)
        self.roles.choices = [(role, str(ROLE_NAMES[role])) for role in ROLES]

    def show(self, content: Content, way: Way) -> None:
        """Fill the form with a way."""
        self.seen.data = mark_of(content, way)
        every = [one.key for one in content.types]
        self.types.data = every if way.types is None else list(way.types)
        self.roles.data = list(ROLES) if way.roles is None else list(way.roles)

    def read(self, content: Content, way: Way) -> Way:
        """Return the way that was typed."""
        types, roles = tuple(self.types.data or ()), tuple(self.roles.data or ())
        return Way(
            way.before,
            way.after,
            types=None if set(types) >= {one.key for one in content.types} else types,
            roles=None if set(roles) >= set(ROLES) else roles,
        )


class QuestionForm(PartForm):
    area = SelectField(_l("Area"))
    required = BooleanField(_l("Must be answered before an offer"))
    types = TicksField(
        _l("Asked for"), description=_l("All of them ticked also means those that are added later.")
    )

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists."""
        self.name_en.label.text, self.name_de.label.text = _("In English"), _("In German")
        self.area.choices = [(area, str(AREA_WORDS[area])) for area in AREAS]
        self.types.choices = _type_choices(content)

    def show(self, content: Content, found: Question | None) -> None:
        """Fill the form with a question, or with what a new one starts from."""
        one = found or Question("", {})
        if found is not None:
            self.show_names(content, found)
        self.area.data, self.required.data = one.area, one.required
        every = [each.key for each in content.types]
        self.types.data = every if one.types is None else list(one.types)

    def read(self, content: Content, found: Question | None) -> Question:
        """Return the question that was typed."""
        types = tuple(self.types.data or ())
        every = set(types) >= {one.key for one in content.types}
        return Question(
            key=found.key if found else "",
            names=self.names,
            area=self.area.data or "own",
            required=bool(self.required.data),
            types=None if every else types,
        )
