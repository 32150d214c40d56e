"""Live news: one Redis subscription a process, fanned out in memory to the open streams.

Here: how news leaves a process after its commit, how it reaches the streams, how streams begin and
end. A stream holds neither a database session nor a connection. What is news to whom is not decided
here: `init_live` is given functions that know the trade.

Redis is allowed to be away: nothing waits for it, and the streams say so, so that pages ask by
themselves until it is back.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import redis.exceptions
from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from portal.core import clock, jobs, logs, metrics, mishaps
from portal.core.config import Settings
from portal.core.db import session
from portal.core.events import Event

log = logs.get(__name__)

Item = dict[str, Any]
"""A piece of news as it travels between processes: a kind and ids."""

CHANNEL = "firstcome:live"
MOST_EACH, MOST_OF_ALL = 8, 4000
"""Streams of one person (the oldest gives way) and of all, in one process."""
WAITING = 100
"""Letters that wait for a slow reader; then its stream ends and the page comes again."""
BEAT = (15.0, 20.0)
LASTS = (900.0, 1200.0)
"""Seconds after which a stream ends, so that what its reader may hear is read anew."""
LOOK_EVERY = 0.5
BREATH = 0.05
"""Seconds between two deliveries: what comes at once is delivered at once, without doubles."""
HANDFUL, GAP = 40, 0.004
"""After so many streams those who want a page come first, for so many seconds."""
REMEMBERED, KEPT, SKEW = 60.0, 2000, 2.0
"""Seconds and letters that are kept for pages that come again, and how far clocks may differ."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose stream it is, of which session, and the topics that she may hear of."""

    user_id: int
    session_id: int
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Letter:
    """One piece of news as a stream tells it, and the topics that it belongs to."""

    kind: str
    topics: frozenset[str]
    lead_id: int | None = None
    gone: bool = False

    def said(self, at: float, hearers: int = 1) -> bytes:
        """Return the letter as a server-sent event; its id is the moment in milliseconds.

        Many hearers are asked to take their time, `within` so many milliseconds, before they fetch
        what stands behind it.
        """
        data: dict[str, Any] = {"within": spread_over(hearers)}
        if self.lead_id is not None:
            data |= {"lead": self.lead_id, "gone": self.gone}
        return tell(self.kind, at, **data)


def spread_over(hearers: int) -> int:
    """Return within how many milliseconds so many pages may fetch something."""
    return min(300 + 10 * (hearers // 10 * 10), 20_000)


def tell(kind: str, at: float, **data: Any) -> bytes:
    """Return a server-sent event."""
    return f"id: {round(at * 1000)}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


class Stream:
    """One open page. Iterated by the web server until its end, in the reader's greenlet."""

    def __init__(self, live: Live, reader: Reader, first: bytes, door: Any) -> None:
        self.reader, self._door = reader, door
        self._live = live
        self._letters: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self.ending = self._over = False
        self._beat = random.uniform(*BEAT)  # noqa: S311 – so that not all speak at once
        self._until = time.monotonic() + random.uniform(*LASTS)  # noqa: S311
        self._letters.put_nowait(first)

    def put(self, said: bytes) -> None:
        """Hand over a letter; a reader who is too slow for his letters is let go."""
        try:
            self._letters.put_nowait(said)
        except queue.Full:
            self._over = True

    def end(self, last_words: bytes = b"") -> None:
        """End the stream as soon as its reader has heard what waits."""
        self.ending = True
        for said in filter(lambda words: words != b"", (last_words, None)):
            try:
                self._letters.put_nowait(said)
            except queue.Full:
                self._over = True

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        try:
            said = self._letters.get(timeout=self._beat)
        except queue.Empty:
            if time.monotonic() > self._until:
                raise StopIteration from None
            # a page that has gone is noticed by writing to it
            return f"id: {round(clock.now().timestamp() * 1000)}\n\n".encode()
        told = []
        while said is not None:
            told.append(said)
            try:
                said = self._letters.get_nowait()
            except queue.Empty:
                break
        else:
            self._over = True
        if not told:
            raise StopIteration
        return b"".join(told)

    def close(self) -> None:
        """Leave; the web server calls it however the stream ended.

        The connection goes, too: kept alive, thousands of them would delay the end of the process.
        """
        self._live.leave(self)
        if self._door is not None:
            with contextlib.suppress(OSError):
                self._door.shutdown(socket.SHUT_RD)


class Live:
    """The streams of one process, what feeds them and what ends them.

    `news_of` turns a recorded event into items, `address` items into letters, and `ended` names
    those of some sessions that are over. The latter two may ask the database, briefly.
    """

    def __init__(
        self,
        app: Flask,
        redis_url: str,
        news_of: Callable[[Event], Iterable[Item]],
        address: Callable[[Sequence[Item]], Iterable[Letter]],
        ended: Callable[[Collection[int]], Collection[int]],
    ) -> None:
        self._app, self._redis_url = app, redis_url
        self._news_of, self._address, self._ended = news_of, address, ended
        number = app.extensions["redis"].connection_pool.connection_kwargs.get("db") or 0
        # channels are not parted by the number of a Redis database
        self._channel = f"{CHANNEL}:{number}"
        self._lock = threading.Lock()
        self._people: dict[int, list[Stream]] = {}
        self._topics: dict[str, set[Stream]] = {}
        self._count = 0
        self._past: deque[tuple[float, Letter]] = deque(maxlen=KEPT)
        self._hears_since: float | None = None
        self._again_at = float("inf")
        self._started = self._closed = False

    # -- news leaves ------------------------------------------------------------------------

    def send(self, recorded: Iterable[Event]) -> None:
        """Publish what was recorded; while Redis is away nobody asks it for some seconds."""
        items: list[Item] = []
        for event in recorded:
            items += [item for item in self._news_of(event) if item not in items]
        if not items or jobs.is_left_alone(self._app):
            return
        try:
            jobs.client().publish(self._channel, json.dumps(items))
        except redis.exceptions.RedisError:
            log.warning("live news not sent")
            jobs.leave_alone(self._app)

    # -- streams begin and end --------------------------------------------------------------

    @property
    def open_streams(self) -> int:
        """Return how many streams are open in this process."""
        return self._count

    def open(self, reader: Reader, since: float | None = None, door: Any = None) -> Stream | None:
        """Open a stream that first tells what happened `since`; None where there is no room.

        In a process that stops it ends after its greeting, and the page asks the next one.

        `door` is the socket that the stream goes out by, where the web server shows it.
        """
        now = clock.now().timestamp()
        with self._lock:
            if self._closed:
                stream = Stream(self, reader, tell("hello", now, hears=False), door)
                stream.end()
                return stream
            if self._count >= MOST_OF_ALL:
                return None
            if not self._started:
                self._started = True
                for work in (self._listen, self._watch):
                    threading.Thread(target=work, daemon=True, name=f"live{work.__name__}").start()
            hears_since = self._hears_since
            first = tell("hello", now, hears=hears_since is not None)
            if since is not None and hears_since is not None:
                first += self._missed(reader, since - SKEW, hears_since, now)
            stream = Stream(self, reader, first, door)
            mine = self._people.setdefault(reader.user_id, [])
            staying = [other for other in mine if not other.ending]
            if len(staying) >= MOST_EACH:
                staying[0].end()
            mine.append(stream)
            for topic in reader.topics:
                self._topics.setdefault(topic, set()).add(stream)
            self._count += 1
        metrics.STREAMS.inc()
        metrics.STREAMS_BEGUN.inc()
        return stream

    def _missed(self, reader: Reader, since: float, hears_since: float, now: float) -> bytes:
        known_since = max(hears_since, now - REMEMBERED)
        if len(self._past) == KEPT:
            known_since = max(known_since, self._past[0][0])
        if since < known_since - SKEW:
            return tell("again", now, within=spread_over(self._count))
        return b"".join(
            letter.said(at)
            for at, letter in self._past
            if at >= since and not reader.topics.isdisjoint(letter.topics)
        )

    def leave(self, stream: Stream) -> None:
        """Forget a stream; more than once does no harm."""
        reader = stream.reader
        with self._lock:
            mine = self._people.get(reader.user_id, [])
            if stream not in mine:
                return
            mine.remove(stream)
            if not mine:
                del self._people[reader.user_id]
            for topic in reader.topics:
                heard = self._topics[topic]
                heard.discard(stream)
                if not heard:
                    del self._topics[topic]
            self._count -= 1
        metrics.STREAMS.dec()

    def close(self) -> None:
        """End all streams and open no more: the process stops."""
        with self._lock:
            self._closed = True
        for stream in self._all():
            stream.end()

    def _all(self) -> list[Stream]:
        with self._lock:
            return [stream for mine in self._people.values() for stream in mine]

    # -- news comes in ----------------------------------------------------------------------

    def _listen(self) -> None:
        pause = 0.2
        while not self._closed:
            try:
                with (
                    jobs.connect(self._redis_url, health_check_interval=10) as link,
                    link.pubsub(ignore_subscribe_messages=False) as ears,
                ):
                    ears.subscribe(self._channel)
                    while not self._closed:
                        heard = ears.get_message(timeout=1.0)
                        self._say_again()
                        if heard is None:
                            continue
                        if heard["type"] == "subscribe":
                            self._back()
                            pause = 0.2
                            continue
                        self._deliver(self._take_all(heard, ears))
                        time.sleep(BREATH)
            except (redis.exceptions.RedisError, OSError):
                self._away()
            except Exception as error:
                log.error("live news interrupted", exc_info=error)
                self._away()
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, 5.0)

    def _take_all(self, heard: Item | None, ears: Any) -> list[Item]:
        items: list[Item] = []
        while heard is not None:
            if heard["type"] == "message":
                with contextlib.suppress(ValueError, TypeError):
                    items += [item for item in json.loads(heard["data"]) if item not in items]
            heard = ears.get_message(timeout=0.0) if len(items) < KEPT else None
        return items

    def _deliver(self, items: list[Item]) -> None:
        if not items:
            return
        try:
            with self._app.app_context():
                letters = list(dict.fromkeys(self._address(items)))
        except SQLAlchemyError as error:
            log.warning("live news not addressed", error=mishaps.describe(error))
            self._say_again_to_all()
            return
        now = clock.now().timestamp()
        for letter in letters:
            with self._lock:
                while self._past and self._past[0][0] < now - REMEMBERED - SKEW:
                    self._past.popleft()
                self._past.append((now, letter))
                hearers: set[Stream] = set()
                hearers.update(*(self._topics.get(topic, ()) for topic in letter.topics))
            said = letter.said(now, len(hearers))
            for number, stream in enumerate(hearers, start=1):
                stream.put(said)
                if number % HANDFUL == 0:
                    time.sleep(GAP)
            metrics.NEWS.labels(letter.kind).inc(len(hearers))

    def _back(self) -> None:
        now = clock.now().timestamp()
        jobs.ask_again(self._app)
        if self._again_at < float("inf"):
            self._again_at = time.monotonic() + jobs.QUIET + 1
        with self._lock:
            self._past.clear()
            self._hears_since = now
        self._say_again_to_all()

    def _say_again(self) -> None:
        # other processes left Redis alone for a while longer than it was away
        if time.monotonic() > self._again_at:
            self._again_at = float("inf")
            self._say_again_to_all()

    def _away(self) -> None:
        if self._hears_since is None:
            return
        log.warning("live news stopped: Redis is away")
        self._hears_since = None
        self._again_at = time.monotonic() + jobs.QUIET + 1
        self._say_to_all(tell("away", clock.now().timestamp()))

    def _say_again_to_all(self) -> None:
        now = clock.now().timestamp()
        self._say_to_all(tell("again", now, within=spread_over(self._count)))

    def _say_to_all(self, said: bytes) -> None:
        for stream in self._all():
            stream.put(said)

    # -- sessions end -----------------------------------------------------------------------

    def _watch(self) -> None:
        """End the streams of sessions that are over, whoever ended them and by whatever way."""
        while not self._closed:
            time.sleep(LOOK_EVERY)
            streams = self._all()
            if not streams:
                continue
            try:
                with self._app.app_context():
                    over = set(self._ended({stream.reader.session_id for stream in streams}))
            except Exception as error:  # noqa: BLE001 – without a database nobody knows
                log.warning("sessions of streams not looked at", error=mishaps.describe(error))
                time.sleep(LOOK_EVERY * 4)
                continue
            if over:
                bye = tell("bye", clock.now().timestamp())
                for stream in streams:
                    if stream.reader.session_id in over:
                        stream.end(bye)


def publish() -> None:
    """After a commit: send what was recorded in it."""
    recorded = session().info.pop("recorded", None)
    if recorded:
        live: Live = current_app.extensions["live"]
        live.send(recorded)


def answer(reader: Reader) -> Response:
    """Answer a request with a stream. 503 where this process has no room for one."""
    live: Live = current_app.extensions["live"]
    settings: Settings = current_app.config["SETTINGS"]
    wanted = request.accept_mimetypes
    if wanted and not wanted["text/event-stream"]:
        return Response(status=406)
    headers = {"X-Accel-Buffering": "no"}
    pages = urlsplit(settings.public_url)
    origin = request.headers.get("Origin")
    if settings.stream_url and origin == f"{pages.scheme}://{pages.netloc}":
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Vary": "Origin",
        }
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream", headers=headers)
    given = request.headers.get("Last-Event-ID") or request.args.get("since") or ""
    since = int(given) / 1000 if given.isdecimal() and len(given) < 16 else None
    stream = live.open(reader, since, request.environ.get("gunicorn.socket"))
    if stream is None:
        return Response(status=503, headers={**headers, "Retry-After": "30"})
    return Response(stream, mimetype="text/event-stream", headers=headers)


def init_live(
    app: Flask,
    redis_url: str,
    *,
    news_of: Callable[[Event], Iterable[Item]],
    address: Callable[[Sequence[Item]], Iterable[Letter]],
    ended: Callable[[Collection[int]], Collection[int]],
) -> None:
    """Attach the streams; nothing runs before the first of them opens."""
    app.extensions["live"] = Live(app, redis_url, news_of, address, ended)
