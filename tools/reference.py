"""
Write the pages of `docs/reference/` from the code they describe.

    python tools/reference.py write
    python tools/reference.py check    fails when a page is older than the code
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_type_hints

from slotcast import cli, errors
from slotcast.settings import PREFIX, Settings
from slotcast.transports.metrics import METRICS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE: Final = "<!-- Made by `make reference` from the code; do not edit. -->\n\n"


def _cell(text: str) -> str:
    """Make *text* fit one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Lay *rows* out as a Markdown table."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join("| " + " | ".join(map(_cell, line)) + " |\n" for line in lines)


def settings_page() -> str:
    """Describe every setting: name, variable, type, default, meaning."""
    types = get_type_hints(Settings)
    rows = [
        (
            f"`{field.name}`",
            f"`{PREFIX}{field.name.upper()}`",
            types[field.name].__name__,
            f"`{field.default}`" if field.default != "" else "",
            field.metadata["doc"],
        )
        for field in dataclasses.fields(Settings)
    ]
    return (
        "# Settings\n\n"
        "A setting is a line `name = value` in the TOML file that `--config` names, or an\n"
        "environment variable. The environment wins over the file, and a command's options win\n"
        "over both. Unknown names are refused. A unit stands last in a name: `_s` is seconds.\n\n"
        + _table(("setting", "environment variable", "type", "default", "meaning"), rows)
    )


def errors_page() -> str:
    """Describe every error of `slotcast.errors`: code, name, what happened."""
    found = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SlotcastError)
    ]
    rows = [
        (f"`{kind.code}`", f"`{kind.__name__}`", (kind.__doc__ or "").split("\n\n")[0])
        for kind in sorted(found, key=lambda kind: kind.code)
    ]
    return (
        "# Errors\n\n"
        "Each error that Slotcast raises on purpose has a code that is never given to another.\n"
        "Its message says what happened and what to do about it.\n\n"
        + _table(("code", "error", "what happened"), rows)
    )


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments of *parser*; argparse has no public way to list them."""
    return [action for action in parser._actions if action.dest != "help"]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _argument_row(action: argparse.Action) -> tuple[str, ...]:
    """Describe one argument of a command."""
    shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None:
        shown = "|".join(map(str, action.choices))
    value = "" if action.nargs == 0 else f" {shown}"
    name = ", ".join(action.option_strings) + value if action.option_strings else shown
    return (f"`{name}`", action.help or "")


def cli_page() -> str:
    """Describe every command and its arguments."""
    root = cli.parser()
    found = next(action for action in _arguments(root) if action.dest == "command")
    sections: list[str] = []
    for name, command in cast("dict[str, argparse.ArgumentParser]", found.choices).items():
        rows = [_argument_row(argument) for argument in _arguments(command)]
        heading = f"## slotcast {name}\n\n{command.description}\n\n"
        sections.append(heading + _table(("argument", "meaning"), rows))
    return f"# Commands\n\n{root.description}\n\n" + "\n".join(sections)


METRICS_INTRODUCTION: Final = """\
# Metrics

`/metrics` answers on the server's own port, in the formats that Prometheus reads. The setting
`metrics` says who may read it. It is closed unless there is a `metrics_token`, since topics
and clients' addresses are nobody else's business where the port faces the internet:

```yaml
scrape_configs:
  - job_name: slotcast
    authorization:
      credentials_file: /etc/prometheus/slotcast-token
    static_configs:
      - targets: ["slotcast.internal:54321"]
```

Nothing is measured for it in PostgreSQL: lag is told from the stream itself, against what
PostgreSQL last said of its position. Labels name tables, topics, reasons and addresses, never
a token, a key or a row's value. Clients choose the names of topics: where those say too
much, set `metrics_top` to 0. Counters begin anew with the process, whose memory, time and
files are `process_…`.

Worth an alarm: `slotcast_replication_state{state="live"}` 0 for a minute,
`slotcast_replication_lag_seconds{position="handed_over"}` above some seconds,
`slotcast_lost_changes_total` above 0, and in PostgreSQL itself the WAL that the slot retains,
since a server that is down reports nothing.

"""


def metrics_page() -> str:
    """Describe every metric: name, kind, labels, meaning."""
    rows = [
        (
            f"`{metric.shown_name}`",
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.help,
        )
        for metric in METRICS
    ]
    return METRICS_INTRODUCTION + _table(("metric", "kind", "labels", "meaning"), rows)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "cli.md": cli_page,
    "metrics.md": metrics_page,
}


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    pages = {FOLDER / name: NOTE + page() for name, page in PAGES.items()}
    match arguments:
        case ["write"]:
            FOLDER.mkdir(parents=True, exist_ok=True)
            for path, text in pages.items():
                path.write_text(text, "utf-8")
        case ["check"]:
            for path, text in pages.items():
                if not path.exists() or path.read_text("utf-8") != text:
                    print(f"docs/reference/{path.name} differs from the code; run: make reference")
                    return 1
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
