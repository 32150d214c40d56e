"""Pages of a rule's versions: all of them, what activating the draft would change, the button."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict
from portal.matching import queries, replays, version_words, versions
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("rule_versions", __name__, url_prefix="/rules/<int:rule_id>")


@blueprint.get("/versions")
@requires(Permission.RULES_EDIT)
def history(rule_id: int) -> ResponseReturnValue:
    standing = versions.stand(queries.get_rule(rule_id))
    kept = versions.list_versions(rule_id)
    lines = [
        (
            version,
            by,
            version_words.differences(before.content, version.content) if before else [],
        )
        for (version, by), before in zip(
            kept, [*(earlier for earlier, _by in kept[1:]), None], strict=True
        )
    ]
    return render_template("matching/versions.html", standing=standing, lines=lines)


@blueprint.post("/versions/<int:number>/draft")
@requires(Permission.RULES_EDIT)
def bring_back(rule_id: int, number: int) -> ResponseReturnValue:
    """Have an old version be the draft; the one that is active discards the draft."""
    rule = queries.get_rule(rule_id)
    versions.bring_back(rule_id, number, clock.now(), current_actor().id)
    if number == rule.version:
        flash(_("The draft is discarded. What is active stays as it is."))
        return go(url_for("rule_versions.history", rule_id=rule_id))
    flash(_("Version %(number)d is the draft now. Look at it, and activate it.", number=number))
    return go(url_for("matching.rule", rule_id=rule_id))


@blueprint.get("/activation")
@requires(Permission.RULES_EDIT)
def activation(rule_id: int) -> ResponseReturnValue:
    return ask(rule_id)


def ask(rule_id: int, said: str = "") -> str:
    """Render what activating the draft would change; `said` is why it was not done."""
    standing = versions.stand(queries.get_rule(rule_id))
    draft = standing.draft
    changes = []
    if draft is not None and not standing.unborn:
        active = versions.content_of(standing.rule)
        changes = version_words.differences(active, draft.content)
    return render_template(
        "matching/activation.html",
        standing=standing,
        changes=changes,
        said=said,
        replay=replays.find_replay(rule_id, draft.number) if draft else None,
    )


@blueprint.post("/activation")
@requires(Permission.RULES_EDIT)
def activate(rule_id: int) -> ResponseReturnValue:
    seen = request.form.get("version", "")
    number = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else 0
    try:
        rule = versions.activate(rule_id, number, clock.now(), current_actor().id)
    except Conflict as conflict:
        return ask(rule_id, conflict.message), 409
    flash(_("“%(name)s” holds from now on.", name=rule.name), "success")
    return go(url_for("matching.rules"))
