"""Pages for administrators: tokens of other systems, made and revoked."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.accounts import api_tokens
from portal.accounts.actor import current_actor
from portal.accounts.api_tokens import SCOPE_WORDS, Scope
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.web.access import requires
from portal.web.forms import Form, TicksField, WholeField, needed
from portal.web.htmx import go

blueprint = Blueprint("api_tokens", __name__, url_prefix="/api-tokens")


class TokenForm(Form):
    """What a new token is to be."""

    name = StringField(
        _l("Name"), validators=[needed()], description=_l("What it is for, as “CRM in the north”.")
    )
    email = StringField(
        _l("In whose name"),
        validators=[needed()],
        description=_l("The e-mail address of somebody of the vendor, who answers for it."),
    )
    scopes = TicksField(
        _l("What it may do"),
        choices=[SelectChoice(str(scope), SCOPE_WORDS[scope]) for scope in Scope],
    )
    system = StringField(
        _l("System"),
        description=_l("Small letters. Numbers that leads have there are unique within it."),
    )
    days = WholeField(_l("Ends after days"), description=_l("Empty: it lasts until revoked."))


@blueprint.get("")
@requires(Permission.INTEGRATIONS_MANAGE)
def page() -> ResponseReturnValue:
    form = TokenForm(formdata=None, data={"system": "api", "scopes": [str(Scope.LEADS_WRITE)]})
    form.email.data = current_actor().email
    return show(form)


def show(form: TokenForm, secret: str | None = None) -> str:
    """Render the page; `secret` is shown this once."""
    return render_template(
        "accounts/api_tokens.html",
        form=form,
        tokens=api_tokens.list_tokens(),
        secret=secret,
        scope_words=SCOPE_WORDS,
        at=clock.now(),
    )


@blueprint.post("")
@requires(Permission.INTEGRATIONS_MANAGE)
def make() -> ResponseReturnValue:
    form = TokenForm()
    if not form.validate():
        return show(form), 422
    try:
        _token, secret = api_tokens.make_token(
            form.email.data or "",
            form.name.data or "",
            form.scopes.data or (),
            clock.now(),
            system=form.system.data or "api",
            days=form.days.data,
            by=current_actor(),
        )
    except Invalid as error:
        form.take(error)
        return show(form), 422
    fresh = TokenForm(formdata=None, data={"system": "api", "email": current_actor().email})
    return show(fresh, secret)


@blueprint.post("/<int:token_id>/revocation")
@requires(Permission.INTEGRATIONS_MANAGE)
def revoke(token_id: int) -> ResponseReturnValue:
    token = api_tokens.revoke_token(token_id, current_actor(), clock.now())
    flash(_("%(name)s opens nothing any more.", name=token.name), "success")
    return go(url_for("api_tokens.page"))
