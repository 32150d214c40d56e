"""The neglected board: what sits, why and with whom, and what is done about several at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.catalog.queries import book, short_key
from portal.desk import queries
from portal.desk.lead_filters import TEMPERATURES, a_day, an_id, clean
from portal.desk.lead_list_routes import asking_now, do_to_chosen, people_choices, staff_for
from portal.desk.many import Said, deeds_of
from portal.desk.neglected import PAGE, Counts, Wanted, Why, count, list_sitting
from portal.desk.neglected_words import WORDS, people_of, tell
from portal.pickup.recall import may_force
from portal.web.access import requires
from portal.web.paging import page_number

blueprint = Blueprint("neglected", __name__, url_prefix="/neglected")

OFFERED_HERE = ("remind", "owner", "qualify", "offer", "recall")
"""What is done about neglected leads, of all that is done to several."""


def read_wanted(given: Any) -> Wanted:
    """Read what an address or a form asks for; what is odd is left out."""
    why = given.get("why", "")
    return Wanted(
        why=why if why in set(Why) else "",
        owner=clean(given.get("owner", "")),
        firm=clean(given.get("firm", "")),
        temperature=clean(given.get("temperature", "")),
        text=clean(given.get("q", "")),
    )


@blueprint.get("")
@requires(Permission.BOARD_SEE)
def board() -> ResponseReturnValue:
    actor, wanted = current_actor(), read_wanted(request.args)
    asking = asking_now(actor)
    page = list_sitting(wanted, asking, page_number(request.args.get("page")))
    staff = staff_for(actor)
    address = wanted.as_address()
    return render_template(
        "desk/neglected.html",
        wanted=wanted,
        hidden=list(address.items()),
        lines=tell(page.items, queries.person_names(people_of(page.items))),
        chips=chips_of(count(wanted, asking), wanted),
        first=(page.number - 1) * PAGE + 1,
        page=page,
        owners=people_choices(actor, staff),
        temperatures=TEMPERATURES,
        staff=staff,
        deeds=deeds_here(actor),
        reasons=reasons_here(actor),
        forces=may_force(actor),
        older=url_for("neglected.board", **address, page=page.after) if page.after else None,
        newer=url_for("neglected.board", **address, page=page.before) if page.before else None,
    )


def deeds_here(actor: Actor) -> dict[str, Any]:
    """Return what somebody may do about neglected leads."""
    may = deeds_of(actor)
    return {key: may[key] for key in OFFERED_HERE if key in may}


def chips_of(counts: Counts, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the reasons as links with their counts; those of which there is nothing are left out.

    What is asked for stays, so that it can be seen to be empty.
    """
    rest = {name: said for name, said in wanted.as_address().items() if name != "why"}
    everything = {
        "label": _("Everything that sits"),
        "url": url_for("neglected.board", **rest),
        "active": not wanted.why,
        "count": counts.total,
    }
    return [
        everything,
        *(
            {
                "label": str(WORDS[why]),
                "url": url_for("neglected.board", **rest, why=why),
                "active": wanted.why == why,
                "count": counts.by_why.get(why, 0),
            }
            for why in Why
            if counts.by_why.get(why) or wanted.why == why
        ),
    ]


def read_said(form: Any) -> Said:
    """Read what was said along with what is to be done."""
    return Said(
        user_id=an_id(form.get("user_id", "")) or 0,
        reason=clean(form.get("reason", "")),
        note=form.get("note", "").strip(),
        force=form.get("force") == "1",
    )


def reasons_here(actor: Actor) -> list[tuple[str, str]]:
    """Return why a lead may be taken back, for who takes leads back."""
    if not actor.may(Permission.LEADS_RECALL):
        return []
    locale = str(get_locale())
    return [(short_key(one), one.label(locale)) for one in book().reasons("recall")]


def back_to(form: Any) -> str:
    """Return the list from which something was done: this one, or that of the overdue."""
    until = a_day(form.get("until", ""))
    if until is not None:
        return url_for("overdue.page", until=until.isoformat())
    return url_for("neglected.board", **read_wanted(form).as_address())


@blueprint.post("/actions")
@requires(Permission.BOARD_SEE)
def act() -> ResponseReturnValue:
    """Do one thing about the chosen leads, and show what became of each."""
    return do_to_chosen(read_said(request.form), back_to(request.form), _("What sits"))
