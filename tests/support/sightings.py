"""
When a page shows something, by its own clock: at the frame in which it is to be seen.

Times are milliseconds of the wall clock, which pages and programs on one machine share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from playwright.async_api import Page

# sighting(present, absent): resolves to the time at which each selector of *present* has an
# element, and none of *absent* has.
CLOCK: Final = """
window.sighting = (present, absent) => new Promise((resolve) => {
  const holds = () => present.every((one) => document.querySelector(one))
    && !absent.some((one) => document.querySelector(one));
  const look = () => {
    if (!holds()) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  look();
});
window.done = {};
for (const kind of ["click", "pointerup"]) {
  addEventListener(kind, (event) => {
    window.done[kind] = performance.timeOrigin + event.timeStamp;
  }, true);
}
"""
"""What a page has to run before anything else: `page.add_init_script(CLOCK)`."""


async def expected(
    page: Page, present: Sequence[str] = (), absent: Sequence[str] = ()
) -> Callable[[], Awaitable[float]]:
    """
    Begin to look.

    Args:
        page: One with a `CLOCK`.
        present: Selectors that each have to have an element.
        absent: Selectors of which none may have one.

    Returns:
        What waits until it is so, and gives when that was.
    """
    await page.evaluate(
        "([present, absent]) => { window.seen = sighting(present, absent); }",
        [list(present), list(absent)],
    )

    async def seen() -> float:
        at: float = await page.evaluate("() => window.seen")
        return at

    return seen


async def done_at(page: Page, kind: str) -> float:
    """Tell when a `click` or a `pointerup` was last done on a page with a `CLOCK`."""
    at: float = await page.evaluate("(kind) => window.done[kind]", kind)
    return at
