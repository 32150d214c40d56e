"""The mail catcher of a local run: takes every mail and puts it into a folder as a file.

`main` is the process, the rest reads the folder for the mailbox pages. Never used in production.
"""

from __future__ import annotations

import base64
import re
import secrets
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

from portal.core import logs
from portal.core.config import Settings

log = logs.get(__name__)

MOST = 2000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Caught:
    """A mail in the folder, as a list shows it."""

    id: str
    to: str
    sender: str
    subject: str
    date: datetime | None


class Mailbox:
    """A folder of caught mails, newest first; the oldest go when there are more than `MOST`."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self.folder = folder
        self.most = most

    def keep(self, raw: bytes) -> str:
        """Store a mail and return its id."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        fresh = self.folder / f"{name}.new"
        fresh.write_bytes(raw)
        fresh.rename(self.folder / f"{name}.eml")
        for old in self.names()[self.most :]:
            (self.folder / f"{old}.eml").unlink(missing_ok=True)
        return name

    def names(self) -> list[str]:
        """Return the ids of all mails, newest first."""
        found = (file.stem for file in self.folder.glob("*.eml"))
        return sorted((name for name in found if NAME.fullmatch(name)), reverse=True)

    def listed(self, first: int = 0, count: int | None = None) -> Iterator[Caught]:
        """Yield mails for a list, newest first."""
        parser = BytesHeaderParser(policy=policy.default)
        end = None if count is None else first + count
        for name in self.names()[first:end]:
            try:
                with (self.folder / f"{name}.eml").open("rb") as file:
                    yield about(name, parser.parse(file))
            except FileNotFoundError:
                continue

    def raw(self, name: str) -> bytes | None:
        """Return a mail as it was sent, None where there is none."""
        if not NAME.fullmatch(name):
            return None
        try:
            return (self.folder / f"{name}.eml").read_bytes()
        except FileNotFoundError:
            return None

    def read(self, name: str) -> EmailMessage | None:
        """Return a mail taken apart, None where there is none."""
        raw = self.raw(name)
        if raw is None:
            return None
        return BytesParser(policy=policy.default).parsebytes(raw)


def about(name: str, mail: EmailMessage) -> Caught:
    """Return what a list shows of a mail."""
    try:
        date = parsedate_to_datetime(str(mail.get("Date", "")))
    except ValueError:
        date = None
    return Caught(
        id=name,
        to=str(mail.get("To", "")),
        sender=str(mail.get("From", "")),
        subject=str(mail.get("Subject", "")).strip(),  # a long one begins on a line of its own
        date=date,
    )


def part(mail: EmailMessage, kind: str) -> str:
    """Return the text of the `plain` or `html` part, empty where there is none."""
    found = mail.get_body(preferencelist=(kind,))
    return str(found.get_content()) if found is not None else ""


def shown(mail: EmailMessage) -> str:
    """Return the HTML of a mail as a mail program shows it, with the pictures that came along."""
    html = part(mail, "html")
    for one in mail.walk():
        name = str(one.get("Content-ID", "")).strip("<>")
        if name and one.get_content_maintype() == "image":
            content = base64.b64encode(one.get_content()).decode("ascii")
            html = html.replace(f"cid:{name}", f"data:{one.get_content_type()};base64,{content}")
    return html


class _Door:
    """What aiosmtpd calls for each mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mailbox.keep(envelope.original_content)
        return "250 2.0.0 kept"


def catch(mailbox: Mailbox, host: str, port: int) -> Any:
    """Start to listen in a thread and return the controller; its `stop()` ends it."""
    controller = Controller(_Door(mailbox), hostname=host, port=port, ident="mail catcher")
    controller.start()
    return controller


def main() -> None:
    """Catch mails at the address in `SMTP_URL` into `MAILBOX_DIR` until told to stop."""
    settings = Settings.from_environment()
    logs.configure(settings.log_level)
    url = urlsplit(settings.smtp_url)
    if url.hostname not in LOOPBACK or not url.port:
        raise SystemExit("The mail catcher needs SMTP_URL=smtp://127.0.0.1:PORT.")
    stop = {signal.SIGTERM, signal.SIGINT}
    # before the thread starts, so that it inherits the mask and `sigwait` gets the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    mailbox = Mailbox(folder_of(settings))
    controller = catch(mailbox, url.hostname, url.port)
    log.info("mail catcher listens", port=url.port)
    signal.sigwait(stop)
    controller.stop()


def folder_of(settings: Settings) -> Path:
    """Return where caught mails lie."""
    return Path(settings.mailbox_url or settings.var_dir / "mailbox")
