"""How a contest reads: what can be chosen, what was chosen, what is missing."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.leads.contest import MINUTES, SECONDS, SIZES, Contest, Mode

CONTESTS: dict[str, Any] = {
    Mode.RACE: _l("All at once"),
    Mode.STAGGERED: _l("The best first"),
    Mode.PHOTO_FINISH: _l("Photo-finish: the best of those who pick within seconds"),
    Mode.SERIAL: _l("One after the other"),
}


def contest_in_words(contest: Contest) -> str:
    """Return a contest as people read it."""
    if contest.mode == Mode.STAGGERED:
        return str(
            ngettext(
                "the best one first, %(span)s later the next one, and so on",
                "the best %(num)d first, %(span)s later the next %(num)d, and so on",
                contest.size or 1,
                span=span_in_words(contest.minutes or 0),
            )
        )
    if contest.mode == Mode.SERIAL:
        span = span_in_words(contest.minutes or 0)
        return str(_("one after the other, %(span)s each", span=span))
    if contest.mode == Mode.PHOTO_FINISH:
        return str(
            ngettext(
                "photo-finish: the best of all who pick within %(num)d second after the first",
                "photo-finish: the best of all who pick within %(num)d seconds after the first",
                contest.seconds or 0,
            )
        )
    return str(_("all at once"))


def span_in_words(minutes: int) -> str:
    """Return a span: "45 minutes", "2 hours", "3 days"."""
    if minutes % 1440 == 0 and minutes:
        return str(ngettext("%(num)d day", "%(num)d days", minutes // 1440))
    if minutes % 60 == 0 and minutes:
        return str(ngettext("%(num)d hour", "%(num)d hours", minutes // 60))
    return str(ngettext("%(num)d minute", "%(num)d minutes", minutes))


def missing_words(name: str) -> str:
    """Say what `contest.lacks` wants by this name."""
    if name == "size":
        return str(_("Please give 1 to %(most)d firms.", most=SIZES[-1]))
    if name == "seconds":
        return str(
            _("Please give %(least)d to %(most)d seconds.", least=SECONDS[0], most=SECONDS[-1])
        )
    return str(_("Please give %(least)d to %(most)d minutes.", least=MINUTES[0], most=MINUTES[-1]))
