from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from slotcast.fanout.send_queue import COALESCE_LIMIT_BYTES, EAGER_COUNT, Flusher, SendQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from slotcast.errors import SlowConsumer


class Turn:
    """An event loop whose turns end when the test says so."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def end(self) -> None:
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback()


class Kernel:
    """
    A writer whose peer reads only as many bytes as it is told to.

    Its queue may give it bytes by its number, too, unless the flusher knows no way to.
    """

    by_number: ClassVar[dict[int, Kernel]] = {}

    def __init__(self, flusher: Flusher, limit_bytes: int, takes_bytes: int = 1 << 60) -> None:
        self.number = len(self.by_number)
        self.by_number[self.number] = self
        self.queue = SendQueue(self, flusher, limit_bytes, self.number)
        self.writes: list[bytes] = []
        self.rest = b""  # of the last write, which the queue has yet to give to its writer
        self.takes_bytes = takes_bytes
        self.buffered = 0
        self.errors: list[SlowConsumer] = []

    def take(self, data: bytes) -> int:
        assert not self.buffered
        taken = min(self.takes_bytes, len(data))
        if not taken:
            raise BlockingIOError
        self.takes_bytes -= taken
        self.writes.append(data)
        self.rest = data[taken:]
        return taken

    def write(self, data: bytes | memoryview, /) -> None:
        data = bytes(data)
        if self.rest:
            assert data == self.rest
            self.rest = b""
        else:
            self.writes.append(data)
        taken = min(self.takes_bytes, len(data))
        self.takes_bytes -= taken
        self.buffered += len(data) - taken
        if self.buffered:
            self.queue.hold()

    def read(self, count: int) -> None:
        taken = min(count, self.buffered)
        self.buffered -= taken
        self.takes_bytes += count - taken
        if not self.buffered:
            self.queue.release()

    def buffered_bytes(self) -> int:
        return self.buffered

    def overflow(self, error: SlowConsumer, /) -> None:
        self.errors.append(error)


class BrokenWriter(Kernel):
    error: type[Exception] = OSError

    def take(self, data: bytes) -> int:
        raise ConnectionResetError(f"{len(data)} bytes could not be taken")

    def write(self, data: bytes | memoryview, /) -> None:
        raise self.error(f"{len(data)} bytes could not be written")


@pytest.fixture
def turn() -> Turn:
    return Turn()


@pytest.fixture(params=["by their writers", "by their numbers"])
def flusher(request: pytest.FixtureRequest, turn: Turn) -> Flusher:
    Kernel.by_number.clear()
    if request.param == "by their writers":
        return Flusher(turn.call_soon)
    return Flusher(turn.call_soon, lambda number, data: Kernel.by_number[number].take(data))


def test_what_a_connection_gets_in_one_turn_goes_out_in_one_write(
    turn: Turn, flusher: Flusher
) -> None:
    kernel = Kernel(flusher, limit_bytes=100)

    for frame in (b"one", b"two", b"three"):
        kernel.queue.put(frame)
    assert kernel.writes == []
    turn.end()

    assert kernel.writes == [b"onetwothree"]


def test_one_callback_flushes_all_connections_of_a_turn(turn: Turn, flusher: Flusher) -> None:
    kernels = [Kernel(flusher, limit_bytes=100) for _ in range(5)]

    for kernel in kernels:
        kernel.queue.put(b"a")
        kernel.queue.put(b"b")

    assert len(turn.callbacks) == 1
    turn.end()
    assert [kernel.writes for kernel in kernels] == [[b"ab"]] * 5


def put_to_all(kernels: list[Kernel], *frames: bytes) -> None:
    for frame in frames:
        for kernel in kernels:
            kernel.queue.put(frame)


def test_a_crowd_that_gets_one_frame_in_a_turn_need_not_wait_for_its_end(
    turn: Turn, flusher: Flusher
) -> None:
    kernels = [Kernel(flusher, limit_bytes=100) for _ in range(3 * EAGER_COUNT)]

    for put_count, kernel in enumerate(kernels, 1):
        kernel.queue.put(b"a")
        assert put_count - sum(len(each.writes) for each in kernels) <= EAGER_COUNT
    assert len(turn.callbacks) == 1
    turn.end()

    assert [kernel.writes for kernel in kernels] == [[b"a"]] * len(kernels)


def test_a_crowd_that_gets_several_frames_in_a_turn_gets_two_writes_at_most(
    turn: Turn, flusher: Flusher
) -> None:
    kernels = [Kernel(flusher, limit_bytes=100) for _ in range(3 * EAGER_COUNT)]

    put_to_all(kernels, b"a", b"b", b"c", b"d")
    turn.end()

    assert {b"".join(kernel.writes) for kernel in kernels} == {b"abcd"}
    assert max(len(kernel.writes) for kernel in kernels) == 2


def test_after_a_turn_with_several_frames_the_next_one_joins_all_of_them(
    turn: Turn, flusher: Flusher
) -> None:
    kernels = [Kernel(flusher, limit_bytes=100) for _ in range(3 * EAGER_COUNT)]
    put_to_all(kernels, b"a", b"b")
    turn.end()
    for kernel in kernels:
        kernel.writes.clear()

    for _ in range(2):
        put_to_all(kernels, b"c", b"d")
        turn.end()

    assert [kernel.writes for kernel in kernels] == [[b"cd", b"cd"]] * len(kernels)


def test_after_a_turn_with_a_single_frame_a_crowd_need_not_wait_again(
    turn: Turn, flusher: Flusher
) -> None:
    kernels = [Kernel(flusher, limit_bytes=100) for _ in range(3 * EAGER_COUNT)]
    put_to_all(kernels, b"a", b"b")
    turn.end()
    put_to_all(kernels, b"c")
    assert kernels[0].writes[-1] == b"b"
    turn.end()

    put_to_all(kernels, b"d")

    assert kernels[0].writes[-1] == b"d"
    assert kernels[-1].writes[-1] == b"c"
    turn.end()
    assert kernels[-1].writes[-1] == b"d"


def test_each_turn_is_flushed_anew(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=10)

    for _ in range(100):
        kernel.queue.put(b"12345")
        turn.end()

    assert kernel.writes == [b"12345"] * 100
    assert kernel.queue.queued_bytes == 0


def test_a_single_frame_is_written_without_being_copied(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=10_000_000)
    frame = b"x" * 1000
    large = b"y" * (COALESCE_LIMIT_BYTES + 1)

    kernel.queue.put(frame)
    turn.end()
    kernel.queue.put(large)
    kernel.queue.put(frame)
    turn.end()

    assert kernel.writes[0] is frame
    assert kernel.writes[1] is large
    assert kernel.writes[2] is frame


def test_frames_wait_in_the_queue_while_the_kernel_takes_nothing(
    turn: Turn, flusher: Flusher
) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=2)

    kernel.queue.put(b"first")
    turn.end()
    kernel.queue.put(b"second")
    turn.end()
    kernel.queue.put(b"third")
    turn.end()

    assert kernel.writes == [b"first"]
    assert kernel.queue.queued_bytes == len(b"secondthird")

    kernel.read(1000)

    assert kernel.writes == [b"first", b"secondthird"]
    assert kernel.queue.queued_bytes == 0


def test_much_that_waits_is_joined_in_pieces_and_stops_when_the_kernel_does(
    turn: Turn, flusher: Flusher
) -> None:
    kernel = Kernel(flusher, limit_bytes=100_000_000, takes_bytes=COALESCE_LIMIT_BYTES + 1)
    frame = b"z" * 1024
    count = 4 * COALESCE_LIMIT_BYTES // len(frame)

    for _ in range(count):
        kernel.queue.put(frame)
    turn.end()

    assert [len(data) for data in kernel.writes] == [COALESCE_LIMIT_BYTES] * 2
    assert kernel.queue.queued_bytes == 2 * COALESCE_LIMIT_BYTES

    kernel.read(100_000_000)

    assert b"".join(kernel.writes) == frame * count
    assert kernel.queue.queued_bytes == 0


def test_overflow_fails_the_reader_and_not_the_writer(turn: Turn, flusher: Flusher) -> None:
    stalled = Kernel(flusher, limit_bytes=1000, takes_bytes=0)
    healthy = Kernel(flusher, limit_bytes=1000)

    for _ in range(100):
        for kernel in (stalled, healthy):
            kernel.queue.put(b"x" * 30)
        turn.end()

    assert len(stalled.errors) == 1
    assert stalled.errors[0].close_code == 4429
    assert "1000" in str(stalled.errors[0])
    assert stalled.queue.is_closed
    assert stalled.queue.queued_bytes == 0
    assert stalled.writes == [b"x" * 30]
    assert not healthy.errors
    assert b"".join(healthy.writes) == b"x" * 3000


def test_the_bound_counts_the_writers_buffer_too(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=0)
    kernel.queue.put(b"x" * 60)
    turn.end()

    kernel.queue.put(b"x" * 40)
    assert not kernel.errors
    kernel.queue.put(b"x")

    assert len(kernel.errors) == 1


def test_a_slow_reader_that_keeps_up_on_average_is_not_failed(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=0)

    for _ in range(50):
        for _ in range(9):
            kernel.queue.put(b"0123456789")
        turn.end()
        kernel.read(90)

    assert not kernel.errors
    kernel.read(1000)
    assert b"".join(kernel.writes) == b"0123456789" * 450


def test_a_buffer_that_drains_partly_makes_room(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=0)
    kernel.queue.put(b"x" * 100)
    turn.end()

    kernel.read(50)
    kernel.queue.put(b"y" * 50)
    assert not kernel.errors
    kernel.queue.put(b"z")

    assert len(kernel.errors) == 1


def test_one_turn_alone_can_overflow(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=100)

    for _ in range(11):
        kernel.queue.put(b"0123456789")
    turn.end()

    assert len(kernel.errors) == 1
    assert kernel.writes == []


def test_finish_writes_everything_and_then_the_last_bytes(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=0)
    kernel.queue.put(b"a")
    turn.end()
    kernel.queue.put(b"b")

    kernel.queue.finish(b"close")
    kernel.queue.put(b"late")
    turn.end()
    kernel.read(1000)

    assert b"".join(kernel.writes) == b"abclose"


def test_a_closed_queue_keeps_nothing(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=10)
    kernel.queue.close()

    for _ in range(1000):
        kernel.queue.put(b"01234567890123456789")
    turn.end()

    assert kernel.writes == []
    assert not kernel.errors
    assert kernel.queue.queued_bytes == 0


@pytest.mark.parametrize(
    ("error", "is_worth_a_log_line"),
    [(OSError, True), (RuntimeError, False)],
    ids=["unexpected", "the peer has just gone"],
)
def test_a_writer_that_raises_costs_only_its_owner(
    turn: Turn,
    flusher: Flusher,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
    *,
    is_worth_a_log_line: bool,
) -> None:
    broken = BrokenWriter(flusher, limit_bytes=100)
    broken.error = error
    healthy = Kernel(flusher, limit_bytes=100)
    broken.queue.put(b"a")
    healthy.queue.put(b"b")

    turn.end()

    assert healthy.writes == [b"b"]
    assert broken.queue.is_closed
    assert ("could not be written to" in caplog.text) is is_worth_a_log_line


def test_what_was_written_is_counted_in_whatever_way_it_went_out(
    turn: Turn, flusher: Flusher
) -> None:
    single = Kernel(flusher, limit_bytes=100)
    several = Kernel(flusher, limit_bytes=100)
    large = Kernel(flusher, limit_bytes=10 * COALESCE_LIMIT_BYTES)
    held = Kernel(flusher, limit_bytes=100, takes_bytes=0)
    ended = Kernel(flusher, limit_bytes=100)
    piece = bytes(COALESCE_LIMIT_BYTES)

    single.queue.put(b"one")
    several.queue.put(b"one")
    several.queue.put(b"two")
    for _ in range(3):
        large.queue.put(piece)
    held.queue.put(b"one")
    turn.end()
    held.queue.put(b"two")
    turn.end()
    held.read(3)
    ended.queue.put(b"one")
    ended.queue.finish(b"end")
    turn.end()

    kernels = (single, several, large, held, ended)
    counts = flusher.counts
    assert counts.writes == sum(len(kernel.writes) for kernel in kernels) == 8
    assert counts.frames == 10
    assert counts.sent_bytes == sum(len(data) for kernel in kernels for data in kernel.writes)


def test_a_reader_that_is_failed_is_counted(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=2)

    kernel.queue.put(b"one")
    turn.end()

    assert flusher.counts.overflows == len(kernel.errors) == 1
    assert flusher.counts.frames == 0


def test_what_the_kernel_does_not_take_waits_in_the_writer(turn: Turn, flusher: Flusher) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=4)

    kernel.queue.put(b"first")
    kernel.queue.put(b"second")
    turn.end()

    assert kernel.rest == b""
    assert kernel.buffered == len(b"firstsecond") - 4


def test_a_queue_that_is_closed_before_its_turn_writes_nothing_more(
    turn: Turn, flusher: Flusher
) -> None:
    # The kernel may give the number to another connection at once.
    gone = Kernel(flusher, limit_bytes=100)
    crowd = [Kernel(flusher, limit_bytes=100) for _ in range(EAGER_COUNT - 1)]
    first, *others = crowd
    first.queue.put(b"a")
    gone.queue.put(b"a")
    put_to_all(others, b"a")
    gone.queue.close()

    gone.queue.put(b"late")  # one more than may wait: those that do are written to
    assert first.writes == [b"a"]
    turn.end()

    assert gone.writes == []
    assert [kernel.writes for kernel in others] == [[b"a"]] * len(others)


def test_a_closed_queue_is_not_opened_by_a_writer_that_is_done(
    turn: Turn, flusher: Flusher
) -> None:
    kernel = Kernel(flusher, limit_bytes=100, takes_bytes=0)
    first, *others = [Kernel(flusher, limit_bytes=100) for _ in range(EAGER_COUNT - 1)]
    kernel.queue.put(b"a")
    turn.end()

    first.queue.put(b"a")
    kernel.queue.put(b"b")
    put_to_all(others, b"a")
    kernel.queue.finish(b"end")
    kernel.read(100)
    kernel.queue.put(b"late")
    turn.end()

    assert b"".join(kernel.writes) == b"abend"
