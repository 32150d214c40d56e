"""What is said of words: where they stand in a mail, what keeps them from being used."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.wording.kinds import CLOSING, OPENING, SUBJECT
from portal.wording.models import Origin
from portal.wording.rules import FILTERS, Problem

LANGUAGES: dict[str, Any] = {"en": _l("English"), "de": _l("German")}
SLOTS: dict[str, Any] = {
    SUBJECT: _l("Subject"),
    OPENING: _l("How it begins"),
    CLOSING: _l("How it closes"),
}
ORIGINS: dict[str, Any] = {
    Origin.WRITTEN: _l("written"),
    Origin.RESTORED: _l("brought back"),
    Origin.RESET: _l("back to the original"),
}


def said(problem: Problem, fields: Sequence[str]) -> str:
    """Return what keeps a text from being used, with its line."""
    return str(
        _("Line %(line)d: %(what)s", line=problem.line, what=_what(problem, fields))
        if problem.code not in WITHOUT_LINE
        else _what(problem, fields)
    )


WITHOUT_LINE = frozenset({"large", "long", "long_subject", "needed", "ours", "paragraphs"})


def _what(problem: Problem, fields: Sequence[str]) -> str:
    facts = problem.facts
    if problem.code == "unknown":
        like = get_close_matches(facts["name"], fields, 1)
        if like:
            return str(
                _(
                    "there is no field “%(name)s”. Did you mean “%(like)s”?",
                    name=facts["name"],
                    like=like[0],
                )
            )
        return str(_("there is no field “%(name)s”.", name=facts["name"]))
    if problem.code == "filter":
        return str(
            _(
                "“%(name)s” can’t be used here. A field can be followed by: %(names)s.",
                name=facts["name"],
                names=", ".join(FILTERS),
            )
        )
    if problem.code == "needed":
        return str(
            _(
                "“{{ %(field)s }}” must stand in it, outside of every “if”: without it the reader "
                "does not learn what it is about.",
                field=facts["field"],
            )
        )
    if problem.code in ("long", "large"):
        return str(_("This is too long: at most %(most)d KB.", most=facts["most"]))
    if problem.code == "long_subject":
        return str(_("This is too long: at most %(most)d characters.", most=facts["most"]))
    if problem.code == "paragraphs":
        return str(_("These are too many paragraphs: at most %(most)d.", most=facts["most"]))
    plain: dict[str, Any] = {
        "unreadable": _(
            "this can’t be read. Is each “{{” closed by “}}”, and each “if” by “endif”?"
        ),
        "refused": _(
            "only fields, “if”, comparisons and a few ways to shape a field can be used here."
        ),
        "tangled": _("this is too tangled."),
        "fails": _("this can’t be worked out: are words compared with a number?"),
        "ours": _("This holds a line that stands in our mails to find the answers in them."),
    }
    return str(plain[problem.code])


def missing_language(language: str) -> str:
    """Say that a text is missing in a language in which mails are read, too."""
    return str(
        _(
            "Please write it in %(language)s, too: who reads that would get the original words.",
            language=LANGUAGES[language],
        )
    )
