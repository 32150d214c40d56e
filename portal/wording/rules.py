"""What a text of the programme may be, and what becomes of it: a small part of Jinja, plain text.

A text can name fields, ask about them and shape them a little. It is taken apart first, and what is
not on the list below is refused: no loop, no call, no attribute, no sum, nothing that could take
long or reach further. So its length times the length of a field bounds all that it can do. What
comes out is plain text and is escaped where it is put into HTML.

A body can put blocks, too: parts of a mail that are ours. A block is only named, `{{ buttons }}`,
never asked about, shaped or joined; it stands apart, whatever is on its line, and once in a mail.
"""

from __future__ import annotations

import math
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from portal.core.mail.addresses import one_line
from portal.core.mail.rendering import SENTINEL, Paragraphs, Piece
from portal.core.mail.replies import IN_TEXT

Value = str | int | bool
"""What a field is: never a thing of the trade itself, nothing to call, no list."""

LONGEST = 42 * 1024
"""Bytes that a text may have: an opening and a closing of 20 KB each, and all blocks between."""
LARGEST = 64 * 1024
"""Bytes that all of a mail's own words may have as HTML."""
MOST_PARAGRAPHS = 200
"""As many as an opening and a closing of 100 each."""
LONGEST_SUBJECT = 200
MOST_NODES = 2_000
DEEPEST = 30

NODES: frozenset[type[nodes.Node]] = frozenset(
    {
        nodes.Template,
        nodes.TemplateData,
        nodes.Output,
        nodes.Name,
        nodes.Const,
        nodes.Filter,
        nodes.Concat,
        nodes.If,
        nodes.CondExpr,
        nodes.And,
        nodes.Or,
        nodes.Not,
        nodes.Compare,
        nodes.Operand,
    }
)
FILTERS = ("capitalize", "default", "lower", "trim", "truncate", "upper")
"""None of them makes a text many times longer, however often they follow each other."""

REVERSING = "\u202a\u202b\u202d\u202e\u2066\u2067"
"""Signs that have a reader see letters in another order than they stand."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text can't be used: the line, a code, and what the words of the code name."""

    line: int
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Unsound(Exception):
    """A text can't be used, or not for this mail."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _sandbox() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
        # what comes out is text; whoever puts it into HTML escapes it there, all of it
        autoescape=False,
    )
    made.globals.clear()
    made.tests.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    return made


SANDBOX = _sandbox()


# -- before it is kept --------------------------------------------------------------------------


def problems_of(
    source: str,
    fields: Sequence[str],
    examples: Sequence[Mapping[str, Value]],
    *,
    blocks: Sequence[str] = (),
    needed: Sequence[Sequence[str]] = (),
    subject: bool = False,
) -> list[Problem]:
    """Say all that keeps a text from being used; nothing where it is sound.

    It is tried with each of the examples. Of each group of what is `needed` one stands in it
    whatever the rest asks.
    """
    try:
        tree = _parse(source)
    except Unsound as unsound:
        return [unsound.problem]
    found = [*_refused(tree, fields, blocks)]
    if found:
        return found
    most = _most_shown(tree.body)
    twice = [name for name in blocks if most[name] > 1]
    if twice:
        return [Problem(1, "twice", {"name": name}) for name in twice]
    named = _always_named(tree)
    missing = [names for names in needed if not named.intersection(names)]
    if missing:
        return [Problem(1, "needed", {"names": names}) for names in missing]
    for example in examples:
        try:
            said = said_in(lay_out(source, example, blocks))
            # tried with examples alone: what a lead is called is nobody's fault
            if SENTINEL[:3] in said or SENTINEL[-3:] in said or IN_TEXT.search(said):
                return [Problem(1, "ours")]
            if subject and len(one_line(said)) > LONGEST_SUBJECT:
                return [Problem(1, "long_subject", {"most": LONGEST_SUBJECT})]
        except Unsound as unsound:
            return [unsound.problem]
    return []


def _parse(source: str) -> nodes.Template:
    if len(source.encode("utf-8", "replace")) > LONGEST:
        raise Unsound(Problem(1, "long", {"most": LONGEST // 1024}))
    try:
        return SANDBOX.parse(source)
    except TemplateSyntaxError as error:
        raise Unsound(Problem(error.lineno, "unreadable")) from error
    except (TemplateError, RecursionError, ValueError, OverflowError) as error:
        raise Unsound(Problem(1, "unreadable")) from error


def _refused(
    tree: nodes.Template, fields: Sequence[str], blocks: Sequence[str]
) -> Iterator[Problem]:
    """Yield what of a text is not on the list, in the order in which it stands."""
    found: list[Problem] = []
    left: list[tuple[nodes.Node, int]] = [(tree, 0)]
    count = 0
    while left:
        node, depth = left.pop()
        count += 1
        if depth > DEEPEST or count > MOST_NODES:
            yield Problem(node.lineno or 1, "tangled")
            return
        problem = _problem_with(node, fields, blocks)
        if problem is None:
            whole = isinstance(node, nodes.Output)
            left += [
                (child, depth + 1)
                for child in node.iter_child_nodes()
                if not (whole and isinstance(child, nodes.Name) and child.name in blocks)
            ]
        else:
            found.append(problem)
    yield from sorted(found, key=lambda one: one.line)


def _problem_with(node: nodes.Node, fields: Sequence[str], blocks: Sequence[str]) -> Problem | None:
    if type(node) not in NODES:
        return Problem(node.lineno or 1, "refused")
    if isinstance(node, nodes.Name) and node.name in blocks:
        return Problem(node.lineno or 1, "block", {"name": node.name})
    if isinstance(node, nodes.Name) and (node.name not in fields or node.ctx != "load"):
        return Problem(node.lineno or 1, "unknown", {"name": node.name[:60]})
    if isinstance(node, nodes.Const) and not _is_plain(node.value):
        return Problem(node.lineno or 1, "refused")
    if isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            return Problem(node.lineno or 1, "filter", {"name": node.name[:60]})
        plain = all(isinstance(one, nodes.Const) for one in node.args)
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs or not plain:
            return Problem(node.lineno or 1, "refused")
    return None


def _is_plain(value: object) -> bool:
    """Say whether a text may have this constant: what is too large to be a number is none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | None)


def _always_named(tree: nodes.Template) -> set[str]:
    """Return the fields and blocks that stand in a text as they are, whatever it asks."""
    shown = [
        one for output in tree.body if isinstance(output, nodes.Output) for one in output.nodes
    ]
    return {one.name for one in shown if isinstance(one, nodes.Name)}


def _most_shown(body: Sequence[nodes.Node]) -> Counter[str]:
    """Count how often each name is shown at most; of what an `if` parts, one way is gone."""
    found: Counter[str] = Counter()
    for node in body:
        if isinstance(node, nodes.Output):
            found.update(one.name for one in node.nodes if isinstance(one, nodes.Name))
        elif isinstance(node, nodes.If):
            ways = _most_shown(node.body) | _most_shown(node.else_)
            for other in node.elif_:
                ways |= _most_shown([other])
            found.update(ways)
    return found


# -- when a mail is written ---------------------------------------------------------------------


FAILS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError)
"""What a sound text can end with, should its fields not be what they were when it was tried."""


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    return SANDBOX.from_string(source)


def write(source: str, values: Mapping[str, Value]) -> str:
    """Return what a sound text says with these values, as plain text. Raises `Unsound`."""
    return harmless(_filled(source, values))


def lay_out(source: str, values: Mapping[str, Value], blocks: Sequence[str]) -> list[Piece]:
    """Return the pieces of a body with these values: paragraphs, and names of blocks.

    Raises `Unsound`.
    """
    # nobody who writes a text or a field knows how a block is marked in this one
    mark = f"\x00{secrets.token_hex(16)}\x00"
    marked = {name: f"{mark}{name}{mark}" for name in blocks}
    found: list[Piece] = []
    # a mark opens and closes, so every second of what it parts is a name
    for number, said in enumerate(_filled(source, {**values, **marked}).split(mark)):
        if number % 2:
            if said in found:
                raise Unsound(Problem(1, "twice", {"name": said}))
            found.append(said)
        elif paragraphs := paragraphs_of(harmless(said)):
            found.append(paragraphs)
    if sum(len(one) for one in found if not isinstance(one, str)) > MOST_PARAGRAPHS:
        raise Unsound(Problem(1, "paragraphs", {"most": MOST_PARAGRAPHS}))
    return found


def said_in(pieces: Sequence[Piece], shown: str = "") -> str:
    """Return a body as text; of a block, `shown` with its name."""
    said = [
        [shown.format(one)] if isinstance(one, str) else ["\n".join(lines) for lines in one]
        for one in pieces
    ]
    return "\n\n".join(line for lines in said for line in lines if line)


def _filled(source: str, values: Mapping[str, Value]) -> str:
    pieces: list[str] = []
    size = 0
    try:
        for piece in _compiled(source).generate(values):
            size += weight_of(piece)
            if size > LARGEST:
                raise Unsound(Problem(1, "large", {"most": LARGEST // 1024}))
            pieces.append(piece)
    except FAILS as error:
        raise Unsound(Problem(_line_of(error), "fails")) from error
    return "".join(pieces)


def weight_of(text: str) -> int:
    """Return how many bytes a text has as HTML."""
    return len(escape(text).encode("utf-8", "replace"))


def _line_of(error: Exception) -> int:
    """Return the line of a text in which it failed."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def harmless(text: str) -> str:
    """Return a text without signs that no mail carries, or that turn its order."""
    lines = re.sub(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]", "\n", text)
    return "".join(
        one
        for one in lines
        if one in "\n\t" or (unicodedata.category(one) not in ("Cc", "Cs") and one not in REVERSING)
    )


def paragraphs_of(text: str) -> Paragraphs:
    """Return the paragraphs of a text, each of lines; an empty line parts them."""
    found: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip():
            found[-1].append(line.strip())
        elif found[-1]:
            found.append([])
    return tuple(tuple(lines) for lines in found if lines)


def write_subject(source: str, values: Mapping[str, Value], kept: Collection[str]) -> str:
    """Return what a subject says, no longer than a reader reads. Raises `Unsound`.

    The longest field in it gives way, but for those `kept`: they say what the mail is about.
    """
    said = one_line(write(source, values))
    over = len(said) - LONGEST_SUBJECT
    if over > 0:
        named = {one.name for one in _parse(source).find_all(nodes.Name)} - set(kept)
        longest = max(named, key=lambda name: len(str(values.get(name, ""))), default="")
        text = one_line(str(values.get(longest, "")))[: -over - 1].rstrip()
        said = one_line(write(source, {**values, longest: f"{text}…"}))
    return cut(said)


def cut(subject: str) -> str:
    """Return a subject as a header carries it, and no longer than a reader reads."""
    said = one_line(subject)
    return said if len(said) <= LONGEST_SUBJECT else said[: LONGEST_SUBJECT - 1].rstrip() + "…"
