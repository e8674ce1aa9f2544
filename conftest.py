"""Examples in README.md, client/README.md and docs/ run as tests."""

from __future__ import annotations

import ast
import doctest
from typing import TYPE_CHECKING, Final

import pytest
from sybil import Sybil
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown import CodeBlockParser
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sybil import Document, Example, Region
    from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]

_APPS: Final = "tests/e2e/apps/"


def check_program(example: Example) -> None:
    """
    Compile a ``python`` block and run its imports.

    Such blocks are programs that talk to a running server, so they are not run here. That
    they parse and that the names they import exist is checked.
    """
    tree = ast.parse(example.parsed, example.path)
    compile(tree, example.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    imports: list[ast.stmt] = [
        node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    exec(compile(ast.Module(imports, []), example.path, "exec"), {})  # noqa: S102 - our own pages


class SessionParser(CodeBlockParser):
    """Finds ``pycon`` blocks: sessions (``>>>``) that run, with their output compared."""

    language = "pycon"
    _session: Final = DocTestStringParser(DocTestEvaluator(doctest.ELLIPSIS))

    def __call__(self, document: Document) -> Iterable[Region]:
        """Yield each prompt of the sessions in *document*, with what it has to print."""
        for block in super().__call__(document):
            for region in self._session(block.parsed, document.path):
                region.adjust(block, block.parsed)
                yield region


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", check_program), SessionParser()],
    patterns=["README.md", "client/README.md", "docs/*.md", "docs/**/*.md"],
).pytest()


class Together(LoadScopeScheduling):
    """
    Spreads single tests over the workers, but keeps together what has to be.

    The examples of a page use what the ones before imported, and the tests of the apps share
    a server and a browser. (The marks of ``--dist loadgroup`` do the same, but pytest-xdist 3.8
    does not see them under pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.endswith(".md"):
            return path
        return _APPS if path.startswith(_APPS) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Have the workers of pytest-xdist share the tests out as `Together` does."""
    return Together(config, log)
