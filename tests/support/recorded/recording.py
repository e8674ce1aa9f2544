"""
Transcripts of a conversation with a server, and how two of them differ.

A recording maps a scenario's name to its lines:

- ``["#", note]`` says what is tried next, or which SQL was run;
- ``[">", connection, text]`` is what the client sent on a connection;
- ``["<", connection, text]`` is what the server sent.

What differs from run to run is a placeholder: ``<jwt>``, ``<uuid1>``, ``<ts>``, the binding ids
``<id1>``, ``<id2>`` … in the order of their appearance, ``U1`` and ``U2`` for two users.

A note or a sent frame begins a *step*. Within a step and a connection, the order of what the
server sent does not count.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Line: TypeAlias = "list[str]"
"""``["#", note]``, ``[">", connection, text]`` or ``["<", connection, text]``."""

NOTHING: Final = "nothing"
"""Stands for what one of the servers did not send."""

_ABSENT: Final = object()

CLOCK: Final = "clock"
"""The connection on which the duration of something is noted."""

COUNTER: Final = "counter"
"""The connection on which it is noted how many answers there were of each kind."""

# Notes of the recording that say how long something took or how much came, and those about
# its own waiting.
_DURATION = re.compile(r"reply after about \d+ s|after ~\d+ s")
_COUNT = re.compile(r"\d+ ok replies, \d+ others")
_INCIDENTAL = re.compile(r"no \w+ on \w+ within |closed about \d+ s later|ConnectionError")
_REFUSED_HANDSHAKE = re.compile(r"HTTP (\d+) (.*) \(after ~(\d+)s\)", re.DOTALL)
_JSON_FRAME = re.compile(r"(?<= enc=1 payload=).*", re.DOTALL)
_PRESENCE_REF = re.compile(r'(?<="phx_ref":")[^"]+|(?<="phx_ref_prev":")[^"]+')
_UUID = re.compile(r"<uuid\d+>|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID_PLACEHOLDER = re.compile(r"(?<![\"\w])(<id\d+>)")
MEMBERS: Final[tuple[str, ...]] = ("join_ref", "ref", "topic", "event", "payload")
_COMMIT_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|<ts>")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """
    Something that the two servers answered differently.

    Attributes:
        note: What was tried, without details in parentheses.
        connection: Where the answer came, or `CLOCK`, or `COUNTER`.
        message: Its event and topic; of a text that is no message, the first word.
        path: Where in the message, keys joined by dots; empty for all of it.
        original: What the recorded server sent there, as JSON, or `NOTHING`.
        ours: What this one sent.
    """

    note: str
    connection: str
    message: str
    path: str
    original: str
    ours: str


@dataclass(slots=True)
class Step:
    """What was tried, and what came on each connection."""

    note: str
    sent: tuple[str, str] | None = None
    received: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    @property
    def key(self) -> tuple[str, tuple[str, str] | None]:
        """Identify the step: two transcripts of one scenario have the same ones."""
        return (self.note, self.sent)


def steps(lines: Iterable[Line]) -> list[Step]:
    """Part a transcript into its steps, and read what the server sent."""
    found = [Step("")]
    read = _reader()
    for kind, *rest in lines:
        match kind, rest:
            case "#", [note]:
                _read_note(note, found)
            case ">", ["http", text] if found[-1].sent is None:
                # It was noted after its answer, when messages had come already.
                found[-1].sent = ("http", text)
            case ">", [connection, text]:
                found.append(Step(found[-1].note, (connection, text)))
            case "<", [connection, text]:
                if text != "CLOSE None":  # the client's own close
                    for fact in read(text):
                        found[-1].received[connection].append(fact)
            case _:
                raise ValueError(f"not a line of a transcript: {kind} {rest}")
    return found


def _read_note(note: str, found: list[Step]) -> None:
    """Begin a step of *found*, unless *note* says something about the last one."""
    if _DURATION.fullmatch(note):
        found[-1].received[CLOCK].append(note)
    elif _COUNT.fullmatch(note):
        found[-1].received[COUNTER].append(note)
    elif not _INCIDENTAL.match(note):
        found.append(Step(note))


def differences(recorded: Sequence[Step], ours: Sequence[Step]) -> list[Difference]:
    """
    Compare the answers of two servers to the same scenario.

    Raises:
        AssertionError: It was not the same scenario.
    """
    for expected, step in zip_longest(recorded, ours):
        if expected is None or step is None or expected.key != step.key:
            raise AssertionError(
                f"recorded: {expected and expected.key}\nplayed:   {step and step.key}"
            )
    return [
        difference
        for expected, step in zip(recorded, ours, strict=True)
        for connection in sorted(expected.received.keys() | step.received.keys())
        for difference in _step_differences(step.note, connection, expected, step)
    ]


def _reader() -> Callable[[str], list[Any]]:
    """Make a function that reads what a server sent; it numbers the ids and refs it meets."""
    numbers: dict[int, str] = {}
    names: dict[str, dict[str, str]] = {"phx": {}, "uuid": {}}

    def name(kind: str, value: str) -> str:
        return names[kind].setdefault(value, f"<{kind}{len(names[kind]) + 1}>")

    def numbered(number: int | str) -> str:
        if isinstance(number, str):
            return number
        return numbers.setdefault(number, f"<id{len(numbers) + 1}>")

    def with_named_uuids(text: str) -> str:
        return _UUID.sub(lambda found: name("uuid", found[0]), text)

    def read(text: str) -> list[Any]:
        refused = _REFUSED_HANDSHAKE.fullmatch(text)
        if refused is not None:
            status, body, duration_s = refused.groups()
            shown = json.loads(body) if body else ""
            return [f"HTTP {status} {json.dumps(shown)}", f"refused after about {duration_s} s"]
        if not text.startswith(("{", "[")):
            return [_JSON_FRAME.sub(_compact, with_named_uuids(text))]
        text = _PRESENCE_REF.sub(lambda found: name("phx", found[0]), text)
        text = with_named_uuids(text)
        quoted = _ID_PLACEHOLDER.sub(r'"\1"', text)
        try:
            decoded: Any = json.loads(quoted, parse_float=lambda digits: f"number {digits}")
        except ValueError:  # the original passes broken JSON on
            return [text]
        is_array = text.startswith("[")
        message: dict[str, Any] = dict(zip(MEMBERS, decoded, strict=True)) if is_array else decoded
        _normalise(message, numbered)
        return [message]

    return read


def _compact(found: re.Match[str]) -> str:
    """Write JSON without white space, which means nothing; what is broken as it is."""
    try:
        return json.dumps(json.loads(found[0]), ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return found[0]


def _normalise(message: dict[str, Any], numbered: Callable[[int | str], str]) -> None:
    """Replace what differs from run to run in a message."""
    payload = message["payload"]
    if message["event"] == "phx_reply" and "postgres_changes" in payload["response"]:
        for binding in payload["response"]["postgres_changes"]:
            binding["id"] = numbered(binding["id"])
    elif message["event"] == "postgres_changes":
        payload["ids"] = sorted(numbered(number) for number in payload["ids"])
        if _COMMIT_TIMESTAMP.fullmatch(payload["data"]["commit_timestamp"]):
            payload["data"]["commit_timestamp"] = "<ts>"


def _label(fact: Any) -> str:
    """Name a message by event and topic; what is text only, by its first word."""
    return fact.partition(" ")[0] if isinstance(fact, str) else f"{fact['event']} {fact['topic']}"


def _step_differences(
    note: str, connection: str, expected: Step, step: Step
) -> Iterator[Difference]:
    """Compare what came on one connection, frames of the same label with each other."""
    missing = list(expected.received[connection])
    extra: list[Any] = []
    for fact in step.received[connection]:
        if fact in missing:
            missing.remove(fact)
        else:
            extra.append(fact)
    for label in dict.fromkeys(map(_label, [*missing, *extra])):
        pairs = zip_longest(
            (fact for fact in missing if _label(fact) == label),
            (fact for fact in extra if _label(fact) == label),
            fillvalue=_ABSENT,
        )
        for pair in pairs:
            for path, original, ours in _leaves(*pair):
                yield Difference(
                    note=note.partition(" (")[0],
                    connection=connection,
                    message=label,
                    path=path,
                    original=original,
                    ours=ours,
                )


def _leaves(original: Any, ours: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Give the innermost values that differ, each with where it is."""
    if _is_object(original) and _is_object(ours):
        for key in sorted({*original, *ours}):
            inner = f"{path}.{key}".removeprefix(".")
            yield from _leaves(original.get(key, _ABSENT), ours.get(key, _ABSENT), inner)
    elif original != ours:
        yield path, _shown(original), _shown(ours)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return NOTHING
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
