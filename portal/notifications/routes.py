"""The mailbox of a local run: what the mail catcher has caught.

Answers only on a local run with a catcher, and only to this very machine; elsewhere it is not
there.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from portal.core.config import Settings
from portal.core.mail import catcher
from portal.web.access import public
from portal.web.filters import iso
from portal.web.paging import cut, page_number

blueprint = Blueprint("notifications", __name__)

PAGE = 50
HERE = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
NAMES_OF_HERE = ("127.0.0.1", "localhost", "::1")
# links of a mail open in a window of their own; nothing else of it lives
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def mailbox() -> catcher.Mailbox:
    """Return the mailbox of this run; 404 where there is none or a stranger asks."""
    settings: Settings = current_app.config["SETTINGS"]
    # the name, too: another site's name may lead to this machine
    named = urlsplit(f"//{request.host}").hostname
    ours = (*NAMES_OF_HERE, urlsplit(settings.public_url).hostname)
    if (
        not settings.local
        or not settings.mailbox_url
        or request.remote_addr not in HERE
        or named not in ours
    ):
        abort(404)
    return catcher.Mailbox(catcher.folder_of(settings))


@blueprint.get("/local/mailbox")
@public
def mailbox_page() -> ResponseReturnValue:
    number = page_number(request.args.get("page"))
    found = list(mailbox().listed((number - 1) * PAGE, PAGE + 1))
    return render_template("local/mailbox.html", page=cut(found, number, PAGE))


@blueprint.get("/local/mailbox.json")
@public
def mailbox_json() -> ResponseReturnValue:
    return jsonify(
        [
            {
                "id": mail.id,
                "to": mail.to,
                "from": mail.sender,
                "subject": mail.subject,
                "date": iso(mail.date),
            }
            for mail in mailbox().listed()
        ]
    )


@blueprint.get("/local/mailbox/<mail_id>")
@public
def mail_page(mail_id: str) -> ResponseReturnValue:
    mail = mailbox().read(mail_id)
    if mail is None:
        abort(404)
    return render_template(
        "local/mail.html",
        mail=catcher.about(mail_id, mail),
        headers=[(name, str(value)) for name, value in mail.items()],
        text=catcher.part(mail, "plain"),
        has_html=bool(catcher.part(mail, "html")),
        enclosed=[name for part in mail.iter_attachments() if (name := part.get_filename())],
    )


@blueprint.get("/local/mailbox/<mail_id>.html")
@public
def mail_frame(mail_id: str) -> ResponseReturnValue:
    mail = mailbox().read(mail_id)
    if mail is None:
        abort(404)
    html = catcher.shown(mail).replace("<head>", '<head><base target="_blank">', 1)
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/local/mailbox/<mail_id>.eml")
@public
def mail_file(mail_id: str) -> ResponseReturnValue:
    raw = mailbox().raw(mail_id)
    if raw is None:
        abort(404)
    response = Response(raw, mimetype="message/rfc822")
    response.headers["Content-Disposition"] = f'attachment; filename="{mail_id}.eml"'
    return response
