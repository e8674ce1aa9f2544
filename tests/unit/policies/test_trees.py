from __future__ import annotations

import pytest

from slotcast.policies import trees


@pytest.mark.parametrize(
    "text",
    [
        "a AND (b OR c)",
        "NOT (a OR b)",
        "(a OR b) IS NOT TRUE",
        "(a = b) = c",
        "a = (b AND c)",
        "(a - b) - c",
        "a - (b - c)",
        "-(a + b)",
        "(a + b)::integer",
        "(x || y) = ANY (SELECT m.z FROM public.m m WHERE m.a OR m.b)",
        "COALESCE(a AND b, c)",
        "(CASE WHEN a THEN b ELSE c END) IS NULL",
        "(x ->> 'y')::numeric(8, 2) BETWEEN 1 AND 2",
    ],
)
def test_an_expression_is_written_as_what_it_was(text: str) -> None:
    written = trees.text_of(trees.expression(text))

    assert trees.text_of(trees.expression(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "(a AND b) IS NULL",
        "NOT ((a OR b) IS NOT NULL)",
        "(a OR b) IS NOT DISTINCT FROM c",
        "(a AND b) IN (true)",
        "a BETWEEN (b AND c) AND d",
        "(a LIKE b) LIKE c",
        "exists (select from public.m m where (m.a and m.b) is null)",
    ],
)
def test_an_expression_that_would_lose_its_parentheses_is_not_written(text: str) -> None:
    with pytest.raises(trees.NotCompiled, match="means something else"):
        trees.text_of(trees.expression(text))
