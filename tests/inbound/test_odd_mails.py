"""Answers that are put together oddly: broken, packed, sealed, enormous, of two minds.

The numbers are those of the attack cases of the design. Every mail is an answer of the person who
was asked, and her mail server vouches for her: what becomes of it is due to how it is made alone.
"""

from __future__ import annotations

import base64
import binascii
import time

from portal.accounts.models import User
from portal.core.db import session
from portal.inbound import parsing
from portal.pickup.models import Pickup
from tests.inbound.replying import (
    REP,
    answers,
    come_in,
    make_question,
    newest,
    take_apart_here,
    undone,
    vouching,
)

B = b"frontier"


def raw_of(mail, head, body=b""):
    """Return an answer of the person asked, whose content stands in `head` and `body`."""
    before = (
        f"Authentication-Results: {vouching('pass', REP)}\r\n"
        f"From: {REP}\r\nTo: {mail.headers['Reply-To']}\r\nSubject: Re: your lead\r\n"
        f"Message-ID: <{binascii.crc32(head + body[:999]):x}@mail.example>\r\nMIME-Version: 1.0\r\n"
    )
    return before.encode() + head + b"\r\n\r\n" + body


def typed(kind, *more):
    return b"\r\n".join((b"Content-Type: " + kind, *more))


def many(*parts, kind=b"mixed", boundary=B, closed=True):
    """Return the head and the body of a mail of several parts."""
    body = b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts)
    end = b"--" + boundary + b"--\r\n" if closed else b""
    return typed(b"multipart/" + kind + b'; boundary="' + boundary + b'"'), body + end


def part(kind, body, *more):
    return typed(kind, *more) + b"\r\n\r\n" + body


TEXT = part(b"text/plain; charset=utf-8", b"WAITING\r\n")
HTML = part(b"text/html; charset=utf-8", b"<p>WAITING</p>")


def encoded(data, how=b"base64", charset=b"utf-8"):
    return typed(b"text/plain; charset=" + charset, b"Content-Transfer-Encoding: " + how), data


def nested(depth, kind=b"multipart/mixed", text=TEXT):
    """Return a mail within a mail within a mail."""
    if kind == b"message/rfc822":
        return typed(kind), b"Content-Type: message/rfc822\r\n\r\n" * depth + text
    # a remark before the kind hides it from who looks for the kind alone
    heads = [
        b"Content-Type: (x) multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    ]
    return typed(b"multipart/mixed; boundary=b"), b"--b\r\n" + b"".join(heads) + text


WAITS = ("applied", "feedback", ["waiting"])
HINT = ("asked_back", "hint", [])
SEALED = ("asked_back", "sealed", [])
MAILS = {
    "65 several parts, and no boundary": ((typed(b"multipart/mixed"), b"WAITING"), HINT),
    "65 another boundary": ((many()[0], many(TEXT, boundary=b"else")[1]), HINT),
    "65 no last boundary": (many(TEXT, closed=False), WAITS),
    "65 no parts": (many(), HINT),
    "65 the text behind the HTML": (many(HTML, TEXT, kind=b"alternative"), WAITS),
    "66 an odd name": (encoded(b"WAITING", b"7bit", b"x-unknown"), WAITS),
    "66 of Thailand": (encoded("WAITING \u0e14".encode("cp874"), b"8bit", b"windows-874"), WAITS),
    "66 seven bits": (encoded(b"WAITING\n+ZeVnLIqe-", b"7bit", b"utf-7"), WAITS),
    "66 of Japan": (
        encoded("WAITING\n\u65e5\u672c".encode("iso-2022-jp"), b"7bit", b"iso-2022-jp"),
        WAITS,
    ),
    "66 another than it says": (
        encoded("WAITING\nGr\u00fc\u00dfe".encode("latin-1"), b"8bit"),
        WAITS,
    ),
    "66 two bytes each": (
        encoded(base64.b64encode("WAITING".encode("utf-16")), charset=b"utf-16"),
        WAITS,
    ),
    "66 two bytes each, and says one": (
        encoded(base64.b64encode("WAITING".encode("utf-16"))),
        WAITS,
    ),
    "66 zeros": (encoded(b"WAI\x00TING\x00\r\n\x00", b"8bit"), WAITS),
    "67 signs that belong to no base64": (encoded(b"V0FJ!!\r\n*VEl\xffOR)w==\r\n"), WAITS),
    "67 base64 cut off": (encoded(base64.b64encode(b"WAITING\nsoon.")[:-2]), WAITS),
    "67 a sign of the end at the end": (encoded(b"WAITING=\n", b"quoted-printable"), WAITS),
    "67 an end with a blank": (encoded(b"WAITING\nsee= \nyou =ZZ", b"quoted-printable"), WAITS),
    "67 as old as Unix": (
        encoded(b"begin 644 a\n" + binascii.b2a_uu(b"WAITING\n") + b"`\nend\n", b"x-uuencode"),
        WAITS,
    ),
    "67 packed in nothing there is": (encoded(b"WAITING", b"text/html"), WAITS),
    "70 packed by a program for itself": (
        many(
            part(
                b"application/ms-tnef; name=winmail.dat",
                base64.b64encode(b"x\x9f>\x22" * 9),
                b"Content-Transfer-Encoding: base64",
            )
        ),
        SEALED,
    ),
    "70 packed, and a text beside it": (
        many(
            TEXT,
            part(
                b"application/ms-tnef; name=winmail.dat",
                b"eJ8+",
                b"Content-Transfer-Encoding: base64",
            ),
        ),
        WAITS,
    ),
    "71 signed": (
        many(
            TEXT,
            part(
                b"application/x-pkcs7-signature; name=smime.p7s",
                b"MIIB",
                b"Content-Transfer-Encoding: base64",
            ),
            kind=b"signed",
        ),
        WAITS,
    ),
    "71 signed in one lump": (
        (
            typed(
                b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
                b"Content-Transfer-Encoding: base64",
            ),
            b"MIIBV0FJVElORw==",
        ),
        SEALED,
    ),
    "71 sealed by PGP": (
        many(
            part(b"application/pgp-encrypted", b"Version: 1"),
            part(
                b"application/octet-stream; name=encrypted.asc", b"-----BEGIN PGP MESSAGE-----\r\n"
            ),
            kind=b"encrypted",
        ),
        SEALED,
    ),
    "71 sealed by PGP in the text": (
        encoded(b"-----BEGIN PGP MESSAGE-----\n\nhQEMA5\n-----END PGP MESSAGE-----\n", b"7bit"),
        SEALED,
    ),
    "71 signed by PGP": (
        many(
            TEXT,
            part(b"application/pgp-signature; name=signature.asc", b"-----BEGIN PGP"),
            kind=b"signed",
        ),
        WAITS,
    ),
    "71 signed by PGP in the text": (
        encoded(
            b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nWAITING\n- -- \nEva\n"
            b"-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n",
            b"7bit",
        ),
        WAITS,
    ),
    "74 of two minds": (
        many(
            part(b"text/plain", b"WON\r\nValue: 500\r\n"),
            part(b"text/html", b"<p>LOST</p><p>too expensive</p>"),
            kind=b"alternative",
        ),
        ("asked_back", "two_texts", []),
    ),
    "74 of one mind in two texts": (
        many(
            part(b"text/plain", b"WON\r\nValue: 500\r\n"),
            part(b"text/html", b"<div>WON<br>Value: 500</div>"),
            kind=b"alternative",
        ),
        ("applied", "feedback", ["won"]),
    ),
}


def test_an_answer_is_read_however_it_is_put_together_and_never_read_wrong(inside):
    rep, held, _mail = make_question()
    session().commit()
    found = {}
    for case, ((head, body), _expected) in MAILS.items():
        with undone():
            mail = newest(session().get_one(User, rep.id), "feedback_due")
            message = come_in(raw_of(mail, head, body), mail)
            given = [status for status, _channel in answers(session().get_one(Pickup, held.id))]
            found[case] = (message.state, message.reason, given)
    expected = {case: one for case, (_made, one) in MAILS.items()}
    assert {k: v for k, v in found.items() if v != expected[k]} == {}


def enormous(kind, data):
    """Return a mail from nobody we know, of one part."""
    return b"From: eva@meier.example\r\n" + typed(kind) + b"\r\n\r\n" + data


def within(depth, kind):
    head, body = nested(depth, kind)
    return b"From: eva@meier.example\r\n" + head + b"\r\n\r\n" + body


HOSTILE = {
    "63 four hundred in each other": (within(400, b"multipart/mixed"), ""),
    "63 three thousand in each other": (within(3000, b"multipart/mixed"), "odd_parts"),
    "63 three thousand mails in each other": (within(3000, b"message/rfc822"), "unreadable"),
    "64 a subject of five megabytes": (
        b"Subject: " + b"x" * 5_000_000 + b"\r\n\r\nhi",
        "odd_headers",
    ),
    "64 a part that is called many things": (
        b"\r\n\r\n".join(many(part(b"text/plain" + b";\r\n a=b" * 12_000, b"WAITING"))),
        "odd_parts",
    ),
    "64 a file whose name is quotes": (
        b"\r\n\r\n".join(
            many(part(b"text/plain", b"hi", b"Content-Disposition: x; filename=" + b'"' * 60_000))
        ),
        "odd_parts",
    ),
    "67 ten megabytes packed in one line": (
        b"\r\n\r\n".join(encoded(base64.b64encode(b"WAITING\n" + b"x" * 7_500_000))),
        "WAITING",
    ),
    "75 ten megabytes": (
        enormous(b"text/plain", b"WAITING\r\n" + b"so it is \xc3\xa4 " * 800_000),
        "WAITING",
    ),
    "75 a hundred thousand lines": (
        enormous(b"text/plain", b"WAITING\r\n" + b"> x\r\n" * 99_999),
        "WAITING",
    ),
    "75 HTML that never ends": (
        enormous(b"text/html", b"<p>WAITING</p>" + b"<!-- <div style='" * 60_000),
        "WAITING",
    ),
    "75 HTML that is open everywhere": (
        enormous(b"text/html", b"<p>WAITING</p>" + b"<div style='" * 80_000),
        "WAITING",
    ),
}


def test_a_mail_that_is_made_to_be_slow_is_not():
    for case, (raw, expected) in HOSTILE.items():
        begun = time.monotonic()
        try:
            found = parsing.take_apart(raw).text[:7].strip()
        except parsing.Unreadable as refused:
            found = str(refused)
        assert (case, found) == (case, expected)
        assert time.monotonic() - begun < 6, case


PLAIN = b"Content-Type: text/plain\r\n\r\nhi"
FOUND = {
    "kept by an old program": (
        b"From eva@meier.example Mon Nov 16 10:00:00 2026\nSubject: a\n\nhi",
        "a",
    ),
    "a header without a blank": (b"Subject:a\r\nX:\r\n" + PLAIN, "a"),
    "a line among the headers that is none": (b"Subject: a\r\nno header\r\n\r\nhi", "a"),
    "old line ends": (b"Subject: a\rFrom: x\r\rhi", "a"),
    "a bare subject in its own charset": (b"Subject: Gr\xfc\xdfe\r\n" + PLAIN, None),
    "a sign parted between two words": (
        b"Subject: =?utf-8?q?a=C3?= =?utf-8?q?=A4?=\r\n" + PLAIN,
        None,
    ),
    "a word in a charset there is not": (b"Subject: =?x-y?q?abc?=\r\n" + PLAIN, None),
    "a word that never ends": (b"Subject: =?utf-8?b?YWJj\r\n" + PLAIN, None),
    "half a kind": (b"Subject: a\r\nContent-Type: text\r\n\r\nhi", "a"),
    "an odd kind": (b'Subject: a\r\nContent-Type: ;;=/"\r\n\r\nhi', "a"),
    "a quote that never ends": (
        b'Subject: a\r\nContent-Type: text/plain; charset="utf-8\r\n\r\nhi',
        "a",
    ),
    "an empty charset": (b"Subject: a\r\nContent-Type: text/plain; charset=\r\n\r\nhi", "a"),
    "a charset of zeros": (
        b"Subject: a\r\nContent-Type: text/plain; charset=utf\x00-8\r\n\r\nhi",
        "a",
    ),
    "an empty boundary": (
        b'Subject: a\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nhi',
        "a",
    ),
    "two kinds": (b"Subject: a\r\nContent-Type: text/html\r\n" + PLAIN, "a"),
    "no more than headers": (b"Subject: a", "a"),
    "nothing": (b"", ""),
    "a part of a mail": (
        b"Subject: a\r\nContent-Type: message/partial; id=x; number=1\r\n\r\nhi",
        "a",
    ),
    "a mail elsewhere": (
        b"Subject: a\r\nContent-Type: message/external-body; access-type=x\r\n\r\n" + PLAIN,
        "a",
    ),
    "two forks of a file": (
        b"Subject: a\r\n"
        + b"\r\n\r\n".join(
            many(
                part(b"application/applefile", b"x"),
                part(b"image/png; name*=x-y'de'%ff", b"x", b"Content-Disposition: inline; =;"),
                kind=b"appledouble",
            )
        ),
        "a",
    ),
    "a name in pieces": (
        b"Subject: a\r\n"
        + b"\r\n\r\n".join(many(part(b"a/b; name*1=c; name*0*=utf-8''%C3; name*9*=x", b"x"))),
        "a",
    ),
    "a mail within, and it is none": (
        b"Subject: a\r\n" + b"\r\n\r\n".join(many(part(b"message/rfc822", b"\x00\xff"))),
        "a",
    ),
    "many to whom": (b"Subject: a\r\nTo: a@b,,;<>,@,c@d:;\r\nCc: \xff\r\n" + PLAIN, "a"),
}
"""Each with the subject that is read, where nobody could read another one."""


def test_mails_as_they_are_found_are_taken_apart():
    """Case 78."""
    for case, (raw, subject) in FOUND.items():
        mail = take_apart_here(raw)
        assert subject in (mail.subject, None), (case, mail.subject)
        assert mail.text == "" or mail.text.endswith("hi"), (case, mail.text)
