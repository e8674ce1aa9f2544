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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sybil import Document, Example, Region


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


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the examples of a page together: what one of them imports the next ones use."""
    for item in items:
        if item.path.suffix == ".md":
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
