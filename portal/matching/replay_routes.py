"""The pages of replays: ask for one, watch it, read what it found."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.db import session
from portal.core.jobs import soon
from portal.leads.models import Lead
from portal.matching import queries, replay_jobs, replays, versions
from portal.matching.models import Replay
from portal.matching.replay_words import BY, many_words, trait_words
from portal.web.access import requires
from portal.web.forms import Form
from portal.web.htmx import go, wants_fragment

blueprint = Blueprint("replays", __name__)

DAYS = [
    SelectChoice("30", _l("the last 30 days")),
    SelectChoice("90", _l("the last 90 days")),
    SelectChoice("180", _l("the last 6 months")),
    SelectChoice("365", _l("the last 12 months")),
]


class ReplayForm(Form):
    """Over which time; `DAYS` are those that are offered."""

    days = SelectField(_l("With the leads of"), choices=DAYS, default="90")


@blueprint.get("/rules/<int:rule_id>/replay")
@requires(Permission.RULES_EDIT)
def page(rule_id: int) -> ResponseReturnValue:
    standing = versions.stand(queries.get_rule(rule_id))
    return render(rule_id, replays.find_replay(rule_id, standing.newest.number), ReplayForm())


@blueprint.post("/rules/<int:rule_id>/replay")
@requires(Permission.RULES_EDIT)
def begin(rule_id: int) -> ResponseReturnValue:
    """Replay the newest version: at once where that is quick, else by a worker."""
    standing = versions.stand(queries.get_rule(rule_id))
    form, at = ReplayForm(), clock.now()
    if not form.validate():
        return render(rule_id, None, form), 422
    number = standing.newest.number
    made = replays.ask(rule_id, number, int(form.days.data), at, current_actor().id)
    if replays.is_small(made):
        replays.run(made, at)
    else:
        soon(replay_jobs.REPLAY, {"id": made.id}, job_id=f"replay-{made.id}")
    return go(url_for("replays.page", rule_id=rule_id))


def render(rule_id: int, found: Replay | None, form: ReplayForm) -> str:
    """Render the page of a rule's replay, for htmx only what has come out so far."""
    rule = queries.get_rule(rule_id)
    standing = versions.stand(rule)
    return render_template(
        "matching/_replay.html" if wants_fragment() else "matching/replay.html",
        rule=rule,
        standing=standing,
        form=form,
        replay=found,
        shown=show(found) if found and found.result else None,
    )


def show(replay: Replay) -> dict[str, Any]:
    """Return what a replay found with the names of firms and leads. No contact data."""
    result = replay.result or {}
    lines = [*result["gain"][1], *result["loss"][1]]
    firms = queries.list_firms([firm for firm, _before, _after in lines])
    numbers = dict(
        session()
        .execute(
            select(Lead.id, Lead.number).where(
                Lead.id.in_([*result["emptied"][1], *result["filled"][1]])
            )
        )
        .all()
    )
    return {
        **result,
        "many": [(many_words(low, high), *pair) for low, high, *pair in result["many"]],
        "most": max((max(line[2:]) for line in result["many"]), default=0) or 1,
        **{
            side: {
                "total": result[side][0],
                "lines": [
                    (firm, firms[firm].organisation.name, before, after)
                    for firm, before, after in result[side][1]
                    if firm in firms
                ],
            }
            for side in ("gain", "loss")
        },
        **{
            side: {
                "total": result[side][0],
                "leads": [
                    (lead_id, numbers[lead_id]) for lead_id in result[side][1] if lead_id in numbers
                ],
            }
            for side in ("emptied", "filled")
        },
        "by": [
            (
                heading(),
                [(trait_words(key, value), *pair) for value, *pair in result[key]],
                sum(line[1] for line in result[key]) or 1,
                sum(line[2] for line in result[key]) or 1,
            )
            for key, heading in BY.items()
        ],
    }
