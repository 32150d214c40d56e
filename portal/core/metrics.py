"""Figures that a process counts while it works, for `/metrics`: requests, jobs, streams.

Labels are words of closed lists only: names of endpoints and jobs, classes of status, codes of
refusals. No ids, addresses or texts.

Web processes count in shared files (`PROMETHEUS_MULTIPROC_DIR`, set by gunicorn.conf.py), so that
whichever of them is asked answers for all, those that have ended included. Jobs run in children
that live for one job each and may be on another machine; they count in Redis, without which no job
runs. What the database knows (mails, deliveries, failures) is not counted but read when asked.
"""

from __future__ import annotations

import time
from typing import Any

import redis
import redis.exceptions
from prometheus_client import Counter, Gauge, Histogram

# seconds; the goal for a page at the 95th percentile is 0.15
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
JOBS_KEY = "firstcome:metrics:jobs"

REQUESTS = Histogram(
    "firstcome_request_seconds",
    "Time until an answer begins, by endpoint and class of status.",
    ["endpoint", "status"],
    buckets=BOUNDS,
)
STREAMS = Gauge(
    "firstcome_streams_open",
    "Open streams of live pages.",
    multiprocess_mode="livesum",
)
STREAMS_BEGUN = Counter("firstcome_streams_begun_total", "Streams of live pages that began.")
NEWS = Counter(
    "firstcome_stream_news_total", "Pieces of news that were handed to streams.", ["kind"]
)


def count_request(endpoint: str | None, status: int, seconds: float) -> None:
    """Count an answered request."""
    REQUESTS.labels(endpoint or "none", f"{status // 100}xx").observe(seconds)


def count_job(connection: redis.Redis, name: str, outcome: str, seconds: float) -> None:
    """Count a job that is over; `outcome` is done or raised. Without Redis it goes uncounted."""
    pipe = connection.pipeline(transaction=False)
    pipe.hincrby(JOBS_KEY, f"count {name} {outcome}", 1)
    pipe.hincrbyfloat(JOBS_KEY, f"seconds {name} {outcome}", seconds)
    pipe.hset(JOBS_KEY, f"last {name} {outcome}", str(round(time.time())))
    try:
        pipe.execute()
    except redis.exceptions.RedisError:
        return


def read_jobs(connection: redis.Redis) -> dict[tuple[str, str, str], float]:
    """Return figures of jobs by (what, job, outcome); what is count, seconds or last."""
    found: dict[Any, Any] = connection.hgetall(JOBS_KEY)
    read = {}
    for key, value in found.items():
        what, name, outcome = key.decode().split(" ")
        read[what, name, outcome] = float(value)
    return read
