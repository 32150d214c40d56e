"""From a row to the wire: the message, the connection, and what the server's answers mean.

The dialogue is our own, on smtplib's connection: where the server offers PIPELINING the commands of
a mail go in one piece, and a connection that breaks before any text was sent is opened anew for the
same mail. `SMTP_URL` is `smtp://user:password@host:port`, `smtps://…`, or with `?starttls=1`.
Neither texts nor addresses leave this module otherwise: errors are told by their code.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import secrets
import smtplib
import ssl
from collections.abc import Sequence
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import Row

from portal.core.config import Settings
from portal.core.mail import addresses
from portal.core.mail.enclosures import Enclosure

SECONDS = 15.0
ENHANCED = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")


class ServerAway(Exception):
    """The server can't be used now, whatever the mail."""


class NotNow(Exception):
    """The server wants this mail later."""


class Lost(NotNow):
    """The connection is over. This mail counts as tried, because it may be the cause.

    Broke it while the text was on its way, nobody knows whether the mail has arrived. `hung` where
    the server said nothing at all for too long.
    """

    def __init__(self, told: str, hung: bool = False) -> None:
        super().__init__(told)
        self.hung = hung


class Never(Exception):
    """The server will never take this mail."""


class MailPolicy(policy.EmailPolicy):
    """Like SMTP's, but lists of ids stay whole.

    The standard library writes an id that is longer than a line as an encoded word: threads break,
    and so does leaving a list with one press.
    """

    WHOLE = re.compile(r"(?i)^(references|in-reply-to|message-id|list-.*|reply-to)$")

    def fold(self, name: str, value: Any) -> str:
        """Return a header line as text."""
        return str(self._for(name).fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header line as bytes."""
        return self._for(name).fold_binary(name, value)

    def _for(self, name: str) -> policy.EmailPolicy[EmailMessage]:
        return LONG_LINES if self.WHOLE.match(name) else SHORT_LINES


SHORT_LINES = policy.SMTP
LONG_LINES = policy.SMTP.clone(max_line_length=998)
POLICY = MailPolicy(linesep="\r\n")
ENCODED, APART = "=?", "= ?"
BROKEN = re.compile(rb"\r\n(?![ \t]|\Z)|(?<!\r)\n|\r(?!\n)")
LEADING_DOT = re.compile(rb"(?m)^\.")

Answer = tuple[int, bytes]


def written(
    mail: Row[Any], settings: Settings, enclosed: Sequence[Enclosure] = ()
) -> tuple[str, bytes]:
    """Return the recipient's address and the message of a row of the queue, ready for the wire.

    Pictures that the HTML part shows are related to it; other files are attached to the whole.

    Put together here and not by the standard library, which takes longer for a message than the
    server for its answer; it is asked for every header that is not plain. Raises ValueError for
    what no header can carry.
    """
    to = addresses.written(mail.to_name, mail.to_address)
    sender = addresses.sender(settings.mail_domain)
    headers: dict[str, Any] = {
        "Subject": mail.subject,
        "From": addresses.written(settings.programme_name, sender),
        "To": to,
        "Date": format_datetime(mail.created_at),
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        **mail.headers,
    }
    lines = [header(name, value) for name, value in headers.items() if value]
    shown = [PICTURE % as_part(one, one.content_id) for one in enclosed if one.content_id]
    files = [FILE % as_part(one, one.name) for one in enclosed if not one.content_id]
    html = TEXT % (b"html", quoted(mail.html))
    if shown:
        html = many(b"related", html, *shown)
    body = many(b"alternative", TEXT % (b"plain", quoted(mail.text)), html)
    if files:
        body = many(b"mixed", body, *files)
    return to.addr_spec, b"".join(lines) + b"MIME-Version: 1.0\r\n" + body


def many(kind: bytes, *parts: bytes) -> bytes:
    """Return one part made of many."""
    mark = new_mark()
    inner = b"".join(b"--%b\r\n%b" % (mark, one) for one in parts)
    return MANY % (kind, mark) + inner + b"--%b--\r\n" % mark


def new_mark() -> bytes:
    """Return what parts the parts: neither quoted-printable nor base64 ever writes it."""
    return f"=_{secrets.token_hex(12)}".encode("ascii")


def as_part(enclosed: Enclosure, called: str) -> tuple[bytes, bytes, bytes]:
    """Return type, name and content of a file as a part of a mail says them."""
    content = base64.encodebytes(enclosed.content).replace(b"\n", b"\r\n")
    return enclosed.content_type.encode("ascii"), called.encode("ascii"), content


MANY = b'Content-Type: multipart/%b;\r\n boundary="%b"\r\n\r\n'
FILE = (
    b"Content-Type: %b\r\n"
    b'Content-Disposition: attachment; filename="%b"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n%b\r\n"
)
PICTURE = (
    b"Content-Type: %b\r\nContent-ID: <%b>\r\nContent-Disposition: inline\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n%b\r\n"
)
TEXT = (
    b'Content-Type: text/%b; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%b\r\n"
)


def header(name: str, value: Any) -> bytes:
    """Return a header line as the wire wants it. Raises ValueError for a line break in it.

    What looks like an encoded word stays the text that it is: the standard library would decode it,
    and some versions write out the line breaks that come to light.
    """
    whole = MailPolicy.WHOLE.match(name)
    said = str(value)
    fits = (
        said.isascii()
        and said.isprintable()
        and len(name) + len(said) + 2 <= (998 if whole else 78)
    )
    if fits and (whole or ENCODED not in said):
        return f"{name}: {said}\r\n".encode("ascii")
    made = EmailMessage(policy=POLICY)
    if isinstance(value, Address):
        shown = value.display_name.replace(ENCODED, APART)
        made[name] = Address(shown, value.username, value.domain)
    else:
        made[name] = said.replace(ENCODED, APART)
    line = POLICY.fold_binary(name, made[name])
    if BROKEN.search(line):
        raise ValueError(f"a line break in {name}")
    return line


def quoted(text: str) -> bytes:
    """Return a text in quoted-printable, with line ends as the wire wants them."""
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    return binascii.b2a_qp(lines.encode(), istext=True)


class Transport:
    """One connection for many mails, opened at the first, opened anew when it breaks."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = urlsplit(settings.smtp_url)
        self.server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        if self.server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self.server.quit()
        self.server = None

    def send(self, mail: Row[Any], enclosed: Sequence[Enclosure] = ()) -> None:
        """Hand a mail over. Raises `ServerAway`, `Lost`, `NotNow` or `Never`."""
        to, raw = written(mail, self.settings, enclosed)
        envelope = addresses.bounce_address(
            mail.id, self.settings.inbound_domain, self.settings.secret_key
        )
        if not to.isascii():
            raise Never("the address needs SMTPUTF8")
        raw = LEADING_DOT.sub(b"..", raw)
        if self.server is not None and self._announce(envelope, to, len(raw), again=True):
            self._hand_over(raw)
            return
        self.server or self.connect()
        self._announce(envelope, to, len(raw))
        self._hand_over(raw)

    def _announce(self, envelope: str, to: str, size: int, again: bool = False) -> bool:
        """Say from whom and for whom, until the server wants the text.

        With `again` a connection that turns out to be over is dropped, and the answer is False.
        """
        server = self.server
        assert server is not None
        sized = f" size={size}" if server.has_extn("size") else ""
        lines = [f"MAIL FROM:<{envelope}>{sized}", f"RCPT TO:<{to}>", "DATA"]
        if any("\r" in line or "\n" in line for line in lines):
            raise Never("the address has a line break")
        try:
            answers = (
                self._ask_at_once(server, lines)
                if server.has_extn("pipelining")
                else self._ask_in_turn(server, lines)
            )
        except (smtplib.SMTPException, OSError) as broken:
            self.drop()
            if again and not _hung(broken):
                return False
            raise Lost(f"connection lost ({_kind(broken)})", hung=_hung(broken)) from None
        if again and any(code == 421 for code, _words in answers):
            # so many mails on one connection, and no more
            self.drop()
            return False
        for who, (code, words), good in zip(
            ("sender", "recipient", "message"), answers, (250, 250, 354), strict=False
        ):
            if code == good or (code == 251 and who == "recipient"):
                continue
            self._begin_anew(answers)
            verdict = _verdict(who, code, words)
            # about us, not about this mail: it must not be lost to a wrong setting
            raise NotNow(str(verdict)) if who == "sender" and code != 421 else verdict
        return True

    def _ask_at_once(self, server: smtplib.SMTP, lines: list[str]) -> list[Answer]:
        server.send("".join(f"{line}\r\n" for line in lines).encode("ascii"))
        return [server.getreply() for _line in lines]

    def _ask_in_turn(self, server: smtplib.SMTP, lines: list[str]) -> list[Answer]:
        answers: list[Answer] = []
        for line in lines:
            server.send(f"{line}\r\n".encode("ascii"))
            answers.append(server.getreply())
            if answers[-1][0] >= 400:
                break
        return answers

    def _begin_anew(self, answers: list[Answer]) -> None:
        """Bring the connection back to where a mail begins; give it up where that can't be done."""
        server = self.server
        assert server is not None
        if any(code == 421 for code, _words in answers):
            self.drop()
            return
        try:
            if answers[-1][0] == 354:
                # it wants a text although it has refused: an empty one, which goes to nobody
                server.send(b".\r\n")
                server.getreply()
            server.rset()
        except (smtplib.SMTPException, OSError):
            self.drop()

    def _hand_over(self, raw: bytes) -> None:
        """Send the text and hear the verdict."""
        server = self.server
        assert server is not None
        try:
            server.send(raw + (b".\r\n" if raw.endswith(b"\r\n") else b"\r\n.\r\n"))
            code, words = server.getreply()
        except (smtplib.SMTPException, OSError) as broken:
            self.drop()
            raise Lost(f"connection lost ({_kind(broken)})", hung=_hung(broken)) from None
        if code == 421:
            self.drop()
        if code != 250:
            raise _verdict("message", code, words)

    def connect(self) -> smtplib.SMTP:
        """Open the connection. Raises `ServerAway`."""
        host, secure = self.url.hostname or "localhost", self.url.scheme == "smtps"
        port = self.url.port or (465 if secure else 25)
        # named, because the machine's own name may be a slow question to ask
        own_name = self.settings.mail_domain
        try:
            if secure:
                self.server = smtplib.SMTP_SSL(
                    host,
                    port,
                    local_hostname=own_name,
                    timeout=SECONDS,
                    context=ssl.create_default_context(),
                )
            else:
                self.server = smtplib.SMTP(host, port, local_hostname=own_name, timeout=SECONDS)
            if parse_qs(self.url.query).get("starttls", ["0"])[0] not in ("", "0"):
                self.server.starttls(context=ssl.create_default_context())
            if self.url.username:
                self.server.login(unquote(self.url.username), unquote(self.url.password or ""))
            self.server.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as refused:
            self.drop()
            raise ServerAway(_told("server", refused.smtp_code, refused.smtp_error)) from None
        except (smtplib.SMTPException, OSError) as problem:
            self.drop()
            raise ServerAway(f"no mail server ({type(problem).__name__})") from None
        return self.server

    def drop(self) -> None:
        """Forget a connection that is of no use any more."""
        if self.server is not None:
            self.server.close()
        self.server = None


def _hung(error: BaseException) -> bool:
    """True where nothing came for too long; smtplib makes a disconnection of it."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _kind(error: BaseException) -> str:
    return "no answer" if _hung(error) else type(error).__name__


def _verdict(who: str, code: int, words: bytes | str) -> Exception:
    told = _told(who, code, words)
    if code == 421:
        return ServerAway(told) if who == "sender" else Lost(told)
    return Never(told) if 500 <= code < 600 else NotNow(told)


def _told(who: str, code: int, words: bytes | str) -> str:
    raw = words.encode() if isinstance(words, str) else words
    found = ENHANCED.match(raw)
    return f"{who}: {code}" + (f" {found[1].decode()}" if found else "")
