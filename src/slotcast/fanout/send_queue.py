"""
What each connection has yet to read, bounded.

Theory of operation
-------------------
Handing a frame to the kernel costs about ten times what deciding about it costs. So `put`
only notes the frame, and everything a connection got within one turn of the event loop
goes out in one write. One callback a turn, the `Flusher`'s, does that for all connections
that got something, however many they are.

A frame that goes to a thousand connections would so be noted a thousand times before it is
written once. While turns bring each connection a single frame, which leaves nothing to
join, the flusher is *eager*: it writes as soon as a few connections wait. A turn that
brings more ends that, until one comes that does not.

A queue is *held* while its writer has bytes that the kernel did not take. Frames then wait
here, where a frame that goes to a thousand connections is one object with a thousand
references, instead of in the writer, where each connection has its own copy. A stalled
reader therefore costs little more than a list.

A queue that is not held has nothing before it in its writer, so it need not ask it: it
gives its bytes to the kernel itself, by the number that the kernel knows the connection by,
and to the writer only what the kernel does not take. The kernel gives that number to
another connection as soon as this one is gone: a closed queue must never use it.

A queue counts what waits here and in its writer against its limit. Over the limit its own
reader is failed: the queue is emptied, and the writer told. Whoever called `put` notices
nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

from slotcast.counters import SendCounts
from slotcast.errors import SlowConsumer

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger(__name__)

COALESCE_LIMIT_BYTES: Final = 256 * 1024
"""Most that is joined, and so copied, for one write."""
EAGER_COUNT: Final = 32
"""How many connections wait at most while the flusher is eager: few are still in the caches."""

_NO_NUMBER: Final = -1
"""What the kernel knows no connection by."""


class Writer(Protocol):
    """Where a queue's bytes go; it tells the queue to `hold` and to `release`."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Take *data* at once, all of it."""
        ...

    def buffered_bytes(self) -> int:
        """Count what was taken and not yet handed to the kernel."""
        ...

    def overflow(self, error: SlowConsumer, /) -> None:
        """Close the connection, whose queue is empty and stays so; must not raise."""
        ...


class ToKernel(Protocol):
    """Gives the kernel what it takes at once, as `os.write` does to a descriptor."""

    def __call__(self, number: int, data: bytes, /) -> int:
        """
        Give *data* to the connection that the kernel knows by *number*.

        Returns:
            How many bytes the kernel took.

        Raises:
            OSError: It took nothing, because there is no room or for any other reason.
        """
        ...


class Flusher:
    """
    Flushes, in one callback, every queue that got a frame in this turn of the loop.

    Attributes:
        counts: What its queues wrote.
        to_kernel: What its queues give bytes to, the ones that have a number.
    """

    __slots__ = (
        "_call_soon",
        "_dirty",
        "_is_eager",
        "_is_turn_open",
        "_joined_frames",
        "_opener",
        "counts",
        "to_kernel",
    )

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], object],
        to_kernel: ToKernel | None = None,
    ) -> None:
        """
        Create the flusher of one event loop.

        Args:
            call_soon: The loop's `call_soon`.
            to_kernel: What queues use that have a number; None lets all bytes go by the
                writers.
        """
        self._call_soon = call_soon
        self.to_kernel: ToKernel = to_kernel or _take_nothing
        self._dirty: list[SendQueue] = []
        self._is_turn_open = False
        self._opener: SendQueue | None = None  # the first of this turn, unless it came twice
        self._is_eager = True
        self._joined_frames = 0  # when this turn began
        self.counts = SendCounts()

    def add(self, queue: SendQueue) -> None:
        """Flush *queue*, which was empty, when the turn is over or sooner."""
        if not self._is_turn_open:
            self._is_turn_open = True
            self._opener = queue
            self._call_soon(self._end_turn)
        elif queue is self._opener:
            # It was written to already, and so will others be that get more in this turn.
            self._opener = None
            self._is_eager = False
        elif self._is_eager and len(self._dirty) >= EAGER_COUNT:
            self.flush()
        self._dirty.append(queue)

    def _end_turn(self) -> None:
        """Flush what is left, and be eager in the next turn if this one had nothing to join."""
        self.flush()
        joined_frames = self.counts.joined_frames
        self._is_eager = self._opener is not None and joined_frames == self._joined_frames
        self._joined_frames = joined_frames
        self._opener = None
        self._is_turn_open = False

    def flush(self) -> None:
        """Write what waits in the queues; one whose writer raises costs only its owner."""
        dirty, self._dirty = self._dirty, []
        write_count = sent_bytes = 0
        for queue in dirty:
            try:
                written_bytes = queue.flush()
            except RuntimeError:
                # How uvloop says that the peer is gone, an instant before it tells the protocol.
                queue.close()
            except Exception:
                queue.close()
                _logger.exception("a connection could not be written to")
            else:
                # Summed up here, since adding to locals costs a third of adding to counts.
                if written_bytes:
                    write_count += 1
                    sent_bytes += written_bytes
        self.counts.writes += write_count
        self.counts.sent_bytes += sent_bytes


class SendQueue:
    """One connection's frames that are not written yet."""

    __slots__ = (
        "_buffered_bytes",
        "_counts",
        "_first",
        "_flusher",
        "_is_closed",
        "_is_held",
        "_later",
        "_limit_bytes",
        "_number",
        "_room_bytes",
        "_to_kernel",
        "_write",
        "_writer",
    )

    def __init__(
        self, writer: Writer, flusher: Flusher, limit_bytes: int, number: int | None = None
    ) -> None:
        """
        Create an empty queue.

        Args:
            writer: The connection.
            flusher: The event loop's.
            limit_bytes: Most that may wait here and in *writer* together.
            number: By which the kernel knows the connection until the queue is closed;
                None if only *writer* can write to it.
        """
        self._writer = writer
        # Looked up once, not for each write.
        self._write = writer.write
        self._to_kernel = _take_nothing if number is None else flusher.to_kernel
        self._number = _NO_NUMBER if number is None else number
        self._flusher = flusher
        self._counts = flusher.counts
        self._limit_bytes = limit_bytes
        # Mostly one frame waits; kept beside the list, it needs none to be made and dropped.
        self._first: bytes | None = None
        self._later: list[bytes] = []
        self._buffered_bytes = 0  # in the writer, when last looked at
        self._room_bytes = limit_bytes  # limit - buffered - queued; negative once closed
        self._is_held = False
        self._is_closed = False

    @property
    def queued_bytes(self) -> int:
        """What waits here, not counting the writer's buffer."""
        return 0 if self._is_closed else self._limit_bytes - self._buffered_bytes - self._room_bytes

    @property
    def is_closed(self) -> bool:
        """Whether frames are ignored."""
        return self._is_closed

    def put(self, frame: bytes) -> None:
        """
        Send *frame*, a complete WebSocket frame, before or when this turn of the loop is over.

        Never raises and never waits: a frame that does not fit closes the connection. On a
        closed queue nothing happens.
        """
        # The hottest function of the server: one comparison covers both the limit and
        # the closed queue, and only a frame before which none waits talks to the flusher.
        room_bytes = self._room_bytes = self._room_bytes - len(frame)
        if self._first is None:
            self._first = frame
            self._flusher.add(self)
        else:
            self._later.append(frame)
        if room_bytes < 0:
            self._run_out_of_room()

    def flush(self) -> int:
        """
        Write what waits, unless the queue is held.

        Returns:
            How many bytes were written; whoever asked counts them, and one write if it is
            any. Further writes and frames are counted here.
        """
        data = self._first
        if data is None or self._is_held:
            return 0
        # Not held, so the writer's buffer is empty and all that was counted waits here.
        later = self._later
        if later:
            if self._limit_bytes - self._room_bytes > COALESCE_LIMIT_BYTES:
                return self._write_in_pieces()
            self._counts.joined_frames += len(later)
            later.insert(0, data)
            data = b"".join(later)
            later.clear()  # the list stays: making another costs as much as a frame
        self._first = None
        self._room_bytes = self._limit_bytes
        size = len(data)
        try:
            taken = self._to_kernel(self._number, data)
        except OSError:
            taken = 0  # if it is more than lack of room, the writer finds out
        if taken != size:
            self._write(memoryview(data)[taken:] if taken else data)
        return size

    def hold(self) -> None:
        """Keep frames from now on: the writer has bytes the kernel did not take."""
        self._is_held = True
        self._look_at_buffer()

    def release(self) -> None:
        """Go on writing: the writer's buffer is empty."""
        self._is_held = self._is_closed
        self._look_at_buffer()
        written_bytes = self.flush()
        if written_bytes:
            self._counts.writes += 1
            self._counts.sent_bytes += written_bytes

    def finish(self, last: bytes) -> None:
        """Write everything that waits and then *last*, held or not, and close the queue."""
        if not self._is_closed:
            frames = [self._first or b"", *self._later, last]
            self.close()
            ending = b"".join(frames)
            self._counts.writes += 1
            self._counts.sent_bytes += len(ending)
            self._counts.joined_frames += sum(map(bool, frames)) - 1
            self._write(ending)

    def close(self) -> None:
        """Forget what waits and ignore every later frame."""
        self._is_closed = True
        self._is_held = True  # whoever flushes it yet writes nothing
        self._number = _NO_NUMBER  # soon it is another's
        self._forget()

    def _write_in_pieces(self) -> int:
        """
        Write what waits so that little is copied, and stop as soon as the queue is held.

        Returns:
            As `flush`.
        """
        frames = [self._first or b"", *self._later]
        self._first = None
        self._later = []
        position = piece_count = written_bytes = 0
        while position < len(frames) and not self._is_held and not self._is_closed:
            piece = [frames[position]]
            piece_bytes = len(piece[0])
            position += 1
            while position < len(frames) and piece_bytes < COALESCE_LIMIT_BYTES:
                piece.append(frames[position])
                piece_bytes += len(frames[position])
                position += 1
            self._room_bytes += piece_bytes
            piece_count += 1
            written_bytes += piece_bytes
            # A single large frame is shared with other connections: pass it uncopied.
            self._write(piece[0] if len(piece) == 1 else b"".join(piece))
        if position < len(frames) and not self._is_closed:
            self._first, *self._later = frames[position:]
        self._counts.writes += piece_count - 1
        self._counts.joined_frames += position - piece_count
        return written_bytes

    def _forget(self) -> None:
        """Drop what waits, and leave no room for anything."""
        self._first = None
        self._later = []
        self._room_bytes = -1

    def _look_at_buffer(self) -> None:
        """Count what the writer holds now instead of what it held before."""
        if self._is_closed:
            return
        buffered_bytes = self._writer.buffered_bytes()
        self._room_bytes += self._buffered_bytes - buffered_bytes
        self._buffered_bytes = buffered_bytes

    def _run_out_of_room(self) -> None:
        """Fail the reader if it is really too far behind."""
        if self._is_closed:
            self._forget()
            return
        self._look_at_buffer()
        if self._room_bytes < 0:
            behind_bytes = self._limit_bytes - self._room_bytes
            self.close()
            self._counts.overflows += 1
            self._writer.overflow(
                SlowConsumer(
                    f"{behind_bytes} bytes wait for this connection, over its limit of"
                    f" {self._limit_bytes}; read faster, subscribe to less, or raise"
                    " send_queue_limit_bytes"
                )
            )


def _take_nothing(_number: int, _data: bytes, /) -> int:
    """Take no bytes, so that the writer gets all of them; a `ToKernel`."""
    return 0
