"""
`slotcast serve` under cProfile.

SIGUSR1 begins to measure, SIGUSR2 ends and prints the functions that took the most time.
"""

from __future__ import annotations

import cProfile
import pstats
import signal
import sys
import time
from typing import Final

from slotcast.cli import main

SHOWN: Final = 40


def run() -> int:
    profile = cProfile.Profile(time.thread_time)

    def begin(*_: object) -> None:
        profile.clear()
        profile.enable()

    def end(*_: object) -> None:
        profile.disable()
        statistics = pstats.Stats(profile)
        statistics.strip_dirs().sort_stats("tottime").print_stats(SHOWN)
        sys.stdout.flush()

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    return main()


if __name__ == "__main__":
    sys.exit(run())
