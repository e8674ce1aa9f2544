"""Who may look at a shop's dashboard, who is looking, and what stays of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from support.dashboard import LIVE_MS, calendar, card, expect_live
from support.shop import PASSWORD, end_session, open_shop

if TYPE_CHECKING:
    from playwright.async_api import Page

    from support.browser import Visit
    from support.shop import Shop

_EVERYTHING_KEPT = """async () => {
  const kept = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  for (const { name } of await indexedDB.databases()) kept.push(name);
  for (const name of await caches.keys()) kept.push(name);
  return kept.join();
}"""


async def sign_in(page: Page, email: str) -> None:
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


async def test_people_of_a_shop_see_each_other_look_and_nobody_else(
    shop: Shop, visit: Visit
) -> None:
    ben = await shop.customer("Ben")
    await shop.join(ben)
    elsewhere = await open_shop(shop.url, shop.database)
    owner = await visit(calendar(shop), shop.owner)
    stranger = await visit(calendar(elsewhere), elsewhere.owner)
    colleague = await visit(calendar(shop, view="week"), ben)

    seen = owner.get_by_role("button", name="Ben is looking")
    await expect(seen).to_be_visible()
    await expect(colleague.get_by_role("button", name="Ana is looking")).to_be_visible()
    await seen.click()
    await expect(owner.get_by_role("dialog", name="Also here")).to_contain_text("Week")
    await expect_live(stranger)
    await expect(stranger.get_by_role("button", name="looking")).to_have_count(0)

    await colleague.close()

    await expect(seen).to_have_count(0)


async def test_who_is_taken_off_the_team_sees_nothing_more_at_once(
    shop: Shop, visit: Visit
) -> None:
    ben = await shop.customer("Ben")
    await shop.join(ben)
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    page = await visit(calendar(shop), ben)
    await expect(card(page, cut)).to_be_visible()
    await expect_live(page)

    async with shop.database.transaction():
        await shop.database.execute(
            "delete from public.workspace_members where user_id = %s", [ben.id]
        )
        await shop.book(shop.at("12:00"), name="Nour")

    await expect(page.get_by_text(f"You no longer have access to {shop.name}")).to_be_visible(
        timeout=LIVE_MS
    )
    for name in ("Mara Li", "Nour"):
        await expect(page.get_by_text(name)).to_have_count(0)
    await page.reload()
    await expect(page.get_by_text("You have no access to")).to_be_visible()
    await expect(page.get_by_text("Mara Li")).to_have_count(0)


async def test_strangers_see_nothing_of_a_shop(shop: Shop, visit: Visit) -> None:
    elsewhere = await open_shop(shop.url, shop.database)
    await shop.book(shop.at("10:00"), name="Mara Li")

    page = await visit(calendar(shop), elsewhere.owner)

    await expect(page.get_by_text("You have no access to")).to_be_visible()
    await page.get_by_role("button", name=f"Go to {elsewhere.name}").click()
    await expect_live(page)
    own = await elsewhere.book(shop.at("12:00"), name="Ivo")
    await shop.book(shop.at("12:00"), name="Nour")
    await page.goto(shop.url + calendar(elsewhere))
    await expect(card(page, own)).to_be_visible()
    for name in ("Mara Li", "Nour"):
        await expect(page.get_by_text(name)).to_have_count(0)


async def test_who_signs_out_leaves_nothing_behind(shop: Shop, visit: Visit) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    elsewhere = await open_shop(shop.url, shop.database)
    page = await visit(calendar(shop))
    await sign_in(page, shop.owner.email)
    await expect(card(page, cut)).to_be_visible()

    await sign_out(page)

    await expect(page.get_by_text("Mara Li")).to_have_count(0)
    kept = await page.evaluate(_EVERYTHING_KEPT)
    for text in ("Mara Li", shop.owner.email, str(cut), "access_token"):
        assert text not in kept
    await page.goto(f"{shop.url}/dashboard/")
    await sign_in(page, elsewhere.owner.email)
    await expect(page.get_by_role("button", name=f"Workspace: {elsewhere.name}")).to_be_visible()
    await expect_live(page)
    await expect(page.get_by_text("Mara Li")).to_have_count(0)


async def test_who_is_invited_by_address_is_let_in(shop: Shop, visit: Visit) -> None:
    ben = await shop.customer("Ben")
    # Browsers note that no mail could be sent.
    owner = await visit(
        f"/dashboard/settings?workspace={shop.slug}", shop.owner, tolerated="status of"
    )
    await owner.get_by_role("button", name="Add a member").click()
    await owner.get_by_role("dialog").get_by_label("Email").fill(ben.email)
    await owner.get_by_role("dialog").get_by_role("button", name="Add a member").click()
    done = owner.get_by_role("dialog", name="is invited")
    link = await done.get_by_role("code").text_content()
    assert link is not None
    await done.get_by_role("button", name="Done").click()
    await expect(owner.get_by_text(ben.email)).to_be_visible()

    page = await visit("", ben)
    await page.goto(link)
    await page.get_by_role("button", name=f"Join {shop.slug}").click()
    await expect(page.get_by_role("button", name=f"Workspace: {shop.name}")).to_be_visible()
    assert "invitation" not in page.url
    await expect(owner.get_by_role("combobox", name="Role of Ben")).to_be_visible(timeout=LIVE_MS)
    await expect(owner.get_by_text(ben.email)).to_have_count(0)


async def test_a_session_that_ends_does_not_take_along_what_was_typed(
    shop: Shop, visit: Visit
) -> None:
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    # Browsers note the requests that are refused.
    page = await visit(calendar(shop), shop.owner, tolerated="40[013]")
    await expect_live(page)
    await card(page, cut).click()
    await page.get_by_role("button", name="Edit").click()
    notes = page.get_by_role("textbox", name="Notes", exact=True)
    await notes.fill("By the window")

    await end_session(page, "dashboard")
    await page.get_by_role("button", name="Save").click()
    await expect(
        page.get_by_role("alert").filter(has_text="You have been signed out")
    ).to_be_visible()
    await expect(page.get_by_text("Mara Li")).to_have_count(0)
    await sign_in(page, shop.owner.email)
    await expect(notes).to_have_value("By the window")
    await page.get_by_role("button", name="Save").click()

    await expect(notes).to_have_count(0)
    cursor = await shop.database.execute(
        "select notes from public.appointments where id = %s", [cut]
    )
    assert await cursor.fetchall() == [("By the window",)]


async def test_a_colleague_signs_in_where_another_one_signed_out(shop: Shop, visit: Visit) -> None:
    ben = await shop.customer("Ben")
    await shop.join(ben)
    cut = await shop.book(shop.at("10:00"), name="Mara Li")
    page = await visit(calendar(shop), shop.owner)
    await expect_live(page)

    await sign_out(page)
    await sign_in(page, ben.email)

    await expect(card(page, cut)).to_be_visible()
    await expect_live(page)
    owner = await visit(calendar(shop), shop.owner)
    await expect(owner.get_by_role("button", name="Ben is looking")).to_be_visible()
    await expect(page.get_by_role("button", name="Ana is looking")).to_be_visible()
