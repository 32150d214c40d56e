"""What is said of words: where they stand in a mail, what keeps them from being used."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.wording.kinds import BODY, SUBJECT, Kind
from portal.wording.models import Origin
from portal.wording.rules import FILTERS, Problem

LANGUAGES: dict[str, Any] = {"en": _l("English"), "de": _l("German")}
SLOTS: dict[str, Any] = {
    SUBJECT: _l("Subject"),
    BODY: _l("Body"),
}
ORIGINS: dict[str, Any] = {
    Origin.WRITTEN: _l("written"),
    Origin.RESTORED: _l("brought back"),
    Origin.RESET: _l("back to the original"),
}


def said(problem: Problem, kind: Kind) -> str:
    """Return what keeps a text from being used, with its line."""
    return str(
        _("Line %(line)d: %(what)s", line=problem.line, what=_what(problem, kind))
        if problem.code not in WITHOUT_LINE
        else _what(problem, kind)
    )


WITHOUT_LINE = frozenset({"large", "long", "long_subject", "needed", "ours", "paragraphs", "twice"})


def _what(problem: Problem, kind: Kind) -> str:
    facts = problem.facts
    if problem.code == "unknown":
        if facts["name"] in kind.parts:
            return str(_("“%(name)s” is a block: it stands in the body only.", name=facts["name"]))
        like = get_close_matches(facts["name"], [*kind.names, *kind.parts], 1)
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
    if problem.code == "block":
        return str(
            _(
                "“%(name)s” is a block: it is put as “{{ %(name)s }}”, and nothing else can be "
                "done with it.",
                name=facts["name"],
            )
        )
    if problem.code == "twice":
        return str(_("“{{ %(name)s }}” may stand in a mail once.", name=facts["name"]))
    if problem.code == "needed":
        return str(
            _(
                "%(names)s must stand in it, outside of every “if”: the reader needs it.",
                names=one_of(facts["names"]),
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


def one_of(names: Sequence[str]) -> str:
    """Say of which fields or blocks one must stand in a text."""
    braced = [f"“{{{{ {name} }}}}”" for name in names]
    return f" {_('or')} ".join(braced)


def missing_language(language: str) -> str:
    """Say that a text is missing in a language in which mails are read, too."""
    return str(
        _(
            "Please write it in %(language)s, too: who reads that would get the original words.",
            language=LANGUAGES[language],
        )
    )
