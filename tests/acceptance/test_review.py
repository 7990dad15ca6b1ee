"""People decide in a real browser: on exactly what they see, by keyboard or mouse, and once. Pictures go to
tests/screenshots/. `watched` asserts that no page asks anybody else, breaks the policy or logs an error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette
from tests import console_backend as made
from tests import waiting_items as items
from tests.acceptance.test_approvals_api import FLOW, FUNCTIONS, until
from tests.browser import Watched, chromium, need_chromium, served, watched
from tests.projects import shop

from pointsman.assemble import Pointsman, assemble
from pointsman.clock import SystemClock
from pointsman.doors import console
from pointsman.doors.backend import ConsoleBackend
from pointsman.errors import Refused
from pointsman.journal.key_file import open_key_file
from pointsman.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = {"viewport": {"width": 380, "height": 800}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    need_chromium()
    async with chromium() as started:
        yield started


def application(backend: console.Backend) -> Starlette:
    return Starlette(routes=console.routes(backend))


def waiting(*found: dict[str, Any], **said: Any) -> made.InMemory:
    """A backend with these items, else with the queue."""
    backend = made.InMemory(made.backend().records, **said)
    backend.put(*(found or items.queue()))
    return backend


@asynccontextmanager
async def looking(
    browser: Browser, backend: made.InMemory, path: str = "/review", **options: Any
) -> AsyncIterator[Watched]:
    async with served(application(backend)) as address, watched(browser, address, **options) as watch:
        await watch.open(path)
        yield watch


def drawer(page: Page, item: str) -> Any:
    return page.locator(f"#row-{item} #drawer")


async def test_the_queue_says_what_waits_and_an_item_what_will_be_done(browser: Browser) -> None:
    async with looking(browser, waiting()) as watch:
        page = watch.page
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "12 items wait for you; the next expires in 5 h."
        )
        await expect(page.locator(".state")).to_have_text(
            "11 for sales-manager and 1 for operator; 1 asks whether something happened."
        )
        await expect(page.get_by_role("link", name="Review")).to_contain_text("12")
        row = page.locator("#row-item-001")
        await expect(row).to_contain_text("mail.send to jonas@halvorsen.example")
        await expect(row).to_contain_text("in 2 d 23 h")
        await watch.picture("review")
        await row.locator(".row-link").click()
        opened = drawer(page, "item-001")
        await expect(opened.get_by_role("heading").first).to_have_text(
            "Send this email to Jonas Halvorsen <jonas@halvorsen.example> as ana.ruiz"
        )
        effect = opened.get_by_label("What will be done")
        for text in ("mail.send in step send", "jonas@halvorsen.example", "Kind regards\nAna Ruiz"):
            await expect(effect).to_contain_text(text)
        await expect(page).to_have_url(f"{watch.address}/review?open=item-001")
        await watch.picture("review-opened")
        await page.locator("#link-item-002").click()
        await expect(drawer(page, "item-002")).to_be_visible()
        await expect(page.locator("#drawer")).to_have_count(1)
        await page.go_back()
        await expect(drawer(page, "item-001")).to_be_visible()


async def test_approving_by_keyboard_opens_the_next(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend) as watch:
        page = watch.page
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(drawer(page, "item-001")).to_be_visible()
        await page.keyboard.press("a")
        await expect(drawer(page, "item-002")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("Approved by ana.ruiz just now")
        await expect(page.get_by_role("status")).to_contain_text("Halvorsen Marine")
        await expect(page.get_by_role("status")).to_be_in_viewport()
        await expect(page.locator("#link-item-002")).to_be_in_viewport()
        await expect(page.locator("#row-item-001")).to_have_count(0)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("11 items wait for you")
        await page.keyboard.press("a")
        await expect(drawer(page, "item-003")).to_be_visible()
        await page.keyboard.press("j")
        await expect(page.locator("#link-item-004")).to_be_focused()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("Approve the open item")
        await page.keyboard.press("a")
        assert [(item, choice) for item, choice, _ in backend.decisions] == [
            ("item-001", "approve"), ("item-002", "approve"),
        ]  # fmt: skip
        assert all(said == {"reason": None, "edit": None, "seconds": None} for *_, said in backend.decisions)


async def test_what_is_edited_is_what_is_approved(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend, "/review?open=item-001") as watch:
        page = watch.page
        await expect(page.get_by_role("button", name="Save changes and approve")).to_be_hidden()
        await page.keyboard.press("e")
        await expect(page.get_by_label("Subject")).to_be_focused()
        await page.get_by_label("Subject").fill("Shall we talk?")
        await expect(page.get_by_role("button", name="Approve", exact=True)).to_be_hidden()
        await expect(page.get_by_text("approving does it with yours")).to_be_visible()
        await watch.picture("review-edited")
        await page.keyboard.press("Enter")
        await page.wait_for_timeout(150)
        assert backend.decisions == []
        await page.get_by_role("button", name="Save changes and approve").click()
        await expect(page.get_by_role("status")).to_contain_text("Edited and approved by ana.ruiz")
        assert backend.decisions == [
            ("item-001", "approve", {"reason": None, "edit": {"subject": "Shall we talk?"}, "seconds": None})
        ]
        await page.get_by_role("link", name="see it").click()
        await expect(page.get_by_label("What will be done")).to_contain_text("Shall we talk?")
        await expect(page.get_by_role("button", name="Approve")).to_have_count(0)


async def test_rejecting_takes_a_reason_by_keyboard(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend, "/review?open=item-003") as watch:
        page = watch.page
        await page.keyboard.press("r")
        await page.keyboard.type("already called her")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Reject")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Rejected by ana.ruiz")
        assert backend.decisions == [
            ("item-003", "reject", {"reason": "already called her", "edit": None, "seconds": None})
        ]


async def test_a_snoozed_item_is_off_the_list(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend, "/review?open=item-003") as watch:
        await watch.page.get_by_role("button", name="Snooze 1 day").click()
        await expect(watch.page.get_by_role("status")).to_contain_text("Snoozed, back in 24 h")
        await expect(watch.page.locator("#row-item-003")).to_have_count(0)
        assert backend.decisions[0][2]["seconds"] == 86400
        await watch.open("/review?open=item-000")
        await expect(watch.page.get_by_role("button", name="Snooze 1 day")).to_be_disabled()
        await expect(watch.page.locator("main")).to_contain_text("It expires in 5 h, before it would be back")


async def test_somebody_else_was_faster(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend, "/review?open=item-001", refused=True) as watch:
        page = watch.page
        await page.keyboard.press("e")
        await page.get_by_label("Subject").fill("Shall we talk?")
        backend.put(items.decided(items.email(1), "rejected", reason="she left the company"))
        await page.get_by_role("button", name="Save changes and approve").click()
        await expect(page.get_by_role("alert")).to_have_text("✕ Not decided. Rejected by ben.okoye 1 min ago.")
        await expect(page.get_by_label("Subject")).to_have_value("Shall we talk?")
        await expect(page.get_by_role("button", name="Save changes and approve")).to_be_disabled()
        await expect(page.get_by_role("button", name="Reject")).to_be_disabled()
        await expect(page.locator("main")).to_contain_text("It cannot be decided any more")
        await expect(page.locator("main")).to_contain_text("she left the company")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("11 items")
        await watch.picture("review-conflict")
        assert backend.decisions == []


async def test_what_changed_meanwhile_is_shown_as_it_is_now(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend, "/review?open=item-001", refused=True) as watch:
        page = watch.page
        changed = items.email(1, hash="0" * 64)
        changed["effects"][0]["with"]["to"] = "new@halvorsen.example"
        backend.put(changed)
        await page.keyboard.press("a")
        await expect(page.get_by_role("alert")).to_contain_text("It has changed since you saw it; look at it again.")
        await expect(page.get_by_label("What will be done")).to_contain_text("new@halvorsen.example")
        assert backend.decisions == []
        await page.keyboard.press("a")
        await expect(page.get_by_role("status")).to_contain_text("Approved by ana.ruiz")


async def test_an_item_whose_time_is_over_says_so(browser: Browser) -> None:
    backend = waiting(items.email(1), items.email(2, expires=items.NOW - timedelta(minutes=3)))
    async with looking(browser, backend, "/review?open=item-002", refused=True) as watch:
        await expect(watch.page.get_by_role("heading", level=1)).to_contain_text("the time of the next is over")
        await expect(watch.page.locator("#drawer")).to_contain_text("Its time was over 3 min ago, and nothing is done")
        await expect(watch.page.get_by_role("button", name="Approve")).to_have_count(0)
        await watch.open("/review?open=item-001")
        backend.put(items.email(1, expires=items.NOW))
        await watch.page.keyboard.press("a")
        await expect(watch.page.get_by_role("alert")).to_contain_text(
            "Its time was over just now, and nothing is done."
        )
        await watch.picture("review-expired")


async def test_an_uncertain_write_is_asked_about(browser: Browser) -> None:
    backend = waiting(items.unsure(), items.decided(items.email(7, run="finished"), "approved"))
    async with looking(browser, backend, "/review?open=unsure") as watch:
        page = watch.page
        await expect(page.locator("#drawer")).to_contain_text("Did this happen?")
        await expect(page.locator("#drawer")).to_contain_text("the mail server closed the connection")
        await expect(page.get_by_label("What will be done")).to_contain_text("jonas@halvorsen.example")
        await watch.picture("review-uncertain")
        await page.keyboard.press("a")
        await expect(page.get_by_role("button", name="Yes, it happened")).to_be_focused()
        await page.keyboard.press("r")
        await expect(page.get_by_role("button", name="No, do it again")).to_be_focused()
        assert backend.decisions == []
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Said not to have happened by ana.ruiz")
        assert [(item, choice) for item, choice, _ in backend.decisions] == [("unsure", "reject")]


async def test_who_may_not_is_told_and_keeps_what_was_typed(browser: Browser) -> None:
    refusal = Refused("whoever asked for it may not decide on it.", way_out="Ask a colleague.", status=403)
    async with looking(browser, waiting(refusal=refusal), "/review?open=item-001", refused=True) as watch:
        page = watch.page
        await page.keyboard.press("e")
        await page.get_by_label("Body").fill("Dear Jonas,\n\nhello.")
        await page.get_by_role("button", name="Save changes and approve").click()
        await expect(page.get_by_role("alert")).to_contain_text("Whoever asked for it may not decide on it.")
        await expect(page.get_by_label("Body")).to_have_value("Dear Jonas,\n\nhello.")
        await expect(page.get_by_role("button", name="Save changes and approve")).to_be_visible()
        await watch.picture("review-refused")


@pytest.mark.parametrize(
    ("keeps", "path", "sentence"),
    [
        pytest.param(True, "/review", "Items come here when a flow reaches an approve step", id="nothing-waits"),
        pytest.param(True, "/review?role=nobody", "Nothing here waits for you. Show all", id="not-for-this-role"),
        pytest.param(False, "/review", "Nothing is kept here, so nothing waits.", id="nothing-kept"),
    ],
)
async def test_an_empty_queue_says_why(browser: Browser, keeps: bool, path: str, sentence: str) -> None:
    async with looking(browser, made.InMemory(keeps_approvals=keeps), path) as watch:
        await expect(watch.page.get_by_role("heading", level=1)).to_have_text("Nothing waits for you.")
        await expect(watch.page.locator(".empty")).to_contain_text(sentence)
        if keeps and path == "/review":
            await watch.picture("review-empty")


async def test_filters_live_in_the_address_and_decisions_keep_them(browser: Browser) -> None:
    backend = waiting(items.email(1), items.email(2), items.email(3, role="support-lead"), items.email(4, run="other"))
    async with looking(browser, backend) as watch:
        page = watch.page
        await page.get_by_label("Role").select_option("sales-manager")
        await page.get_by_role("button", name="Show").click()
        await expect(page).to_have_url(f"{watch.address}/review?role=sales-manager")
        await expect(page.locator("main .row-link")).to_have_count(3)
        await page.locator("#link-item-001").click()
        await page.get_by_role("link", name="only items of this run").click()
        await expect(page.locator("main .row-link")).to_have_count(3)
        await watch.open("/review?role=sales-manager&run=full&open=item-001")
        await page.keyboard.press("a")
        await expect(page).to_have_url(
            f"{watch.address}/review?role=sales-manager&run=full&open=item-002&done=item-001#row-item-002"
        )
        await expect(page.locator("main .row-link")).to_have_count(1)


async def test_deciding_works_without_javascript(browser: Browser) -> None:
    backend = waiting()
    async with looking(browser, backend, java_script_enabled=False, refused=True) as watch:
        page = watch.page
        await page.locator("#link-item-001").click()
        await page.get_by_text("Edit before approving").click()
        await page.get_by_label("Subject").fill("Shall we talk?")
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text(
            "You changed subject. Choose “Save changes and approve”"
        )
        await expect(page.get_by_label("Subject")).to_have_value("Shall we talk?")
        await page.get_by_role("button", name="Save changes and approve").click()
        await expect(page.get_by_role("status")).to_contain_text("Edited and approved by ana.ruiz")
        await page.get_by_role("button", name="Approve", exact=True).click()
        assert [said["edit"] for *_, said in backend.decisions] == [{"subject": "Shall we talk?"}, None]


@pytest.mark.parametrize("path", ["/review", "/review?open=item-001", "/review?open=unsure"])
async def test_no_page_is_wider_than_a_small_screen(browser: Browser, path: str) -> None:
    async with looking(browser, waiting(), path, **SMALL) as watch:
        assert await watch.overflow() <= 0
        if path.endswith("001"):
            await watch.picture("small-review")


async def test_dark_by_the_systems_setting(browser: Browser) -> None:
    async with looking(browser, waiting(), "/review?open=item-001", color_scheme="dark") as watch:
        await expect(watch.page.locator("body")).to_have_css("background-color", "rgb(20, 21, 23)")
        await watch.picture("dark-review")


async def test_an_answer_says_what_became_of_each_draft(browser: Browser) -> None:
    edit = {"subject": {"from": "Your renewal", "to": "Shall we talk?"}}
    backend = waiting(
        items.email(0),
        items.decided(items.email(1), "approved", edit=edit),
        items.decided(items.email(2), "rejected", reason="she left"),
        items.decided(items.email(3), "expired", by=None),
    )
    async with looking(browser, backend, "/answers/full?open=001EM0001") as watch:
        page = watch.page
        await expect(page.get_by_role("heading", level=1)).to_contain_text("1 draft is waiting.")
        draft = page.get_by_label("Draft")
        await expect(draft).to_contain_text("Edited and approved by ben.okoye 1 min ago.")
        await expect(draft.locator(".was")).to_have_text("Your renewal")
        await expect(draft.locator(".changes")).to_contain_text("Shall we talk?")
        await watch.picture("answer-decided")
        for row, text in ((2, "Rejected by ben.okoye 1 min ago: she left."), (3, "Expired 1 min ago.")):
            await watch.open(f"/answers/full?open=001EM000{row}")
            await expect(draft).to_contain_text(text)
        await watch.open("/answers/full?open=001EM0000")
        await expect(draft).to_contain_text("Not sent: it waits until 23 Nov 2026")
        await draft.get_by_role("link", name="Approve, edit or reject it").click()
        await expect(page).to_have_url(f"{watch.address}/review?run=full&open=item-000#row-item-000")
        await expect(drawer(page, "item-000")).to_be_visible()


HOSTILE = "<script>throw 1</script>\u202e\u200b\"'}}{{ 7 * 7 }}\r\nx\0\ud800" + "y" * 300


async def test_hostile_texts_stay_texts_and_nothing_is_hidden(browser: Browser) -> None:
    item = items.email(1, title=HOSTILE, requester=HOSTILE)
    item["item"]["value"] = {"subject": HOSTILE, "body": HOSTILE}
    item["effects"][0]["with"] = {"to": HOSTILE, "subject": HOSTILE, "body": {"deep": [HOSTILE]}}
    backend = waiting(item)
    async with looking(browser, backend, "/review?open=item-001", **SMALL) as watch:
        assert await watch.overflow() <= 0
        effect = watch.page.get_by_label("What will be done")
        for hidden in ("⟦U+202E⟧⟦U+200B⟧", "⟦U+0000⟧⟦U+D800⟧"):
            await expect(effect).to_contain_text(hidden)
        # Nobody touched its fields: it is approved as it is, whatever the browser made of them on the way.
        await watch.page.keyboard.press("a")
        await expect(watch.page.get_by_role("status")).to_contain_text("Approved")
        assert backend.decisions[0][2]["edit"] is None


def program(backend: console.Backend) -> httpx.AsyncClient:
    """Requests as a program makes them, without a browser."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=application(backend)), base_url="http://console.example")


@pytest.mark.parametrize(
    ("form", "headers", "status", "said"),
    [
        pytest.param({"choice": "approve"}, {}, 422, "does not say what was seen", id="without what was seen"),
        pytest.param({"hash": "x", "choice": "perhaps"}, {}, 422, "Nothing was chosen", id="no such choice"),
        pytest.param({"hash": "x", "choice": "approve"}, {}, 409, "changed since you saw it", id="not what was seen"),
        pytest.param({"hash": "x"}, {"sec-fetch-site": "cross-site"}, 403, "another site", id="another site"),
        pytest.param({"reason": "x" * 1_100_000}, {}, 413, "longer than 1024 KB", id="too long"),
    ],
)
async def test_a_bad_form_decides_nothing(
    form: dict[str, str], headers: dict[str, str], status: int, said: str
) -> None:
    backend = waiting()
    async with program(backend) as client:
        got = await client.post("/review/item-001", data=form, headers=headers)
        assert (got.status_code, said in got.text) == (status, True)
        assert (await client.post("/review/nothing", data={"choice": "approve"})).status_code == 404
        assert (await client.get("/review", params={"open": "nothing"})).status_code == 404
    assert backend.decisions == []


async def test_pages_of_the_queue_follow_each_other_without_gap() -> None:
    backend = waiting(*(items.email(index) for index in range(260)))
    async with program(backend) as client:
        seen: list[str] = []
        while page := (
            await client.get("/review", params={"format": "json", "before": seen[-1] if seen else ""})
        ).json():
            if not page["approvals"]:
                break
            seen += [item["id"] for item in page["approvals"]]
        assert seen == [f"item-{index:03d}" for index in range(260)]
        text = (await client.get("/review", params={"before": "item-049"})).text
        assert "More than 200 items wait for you" in text
        assert "before=item-099" in text
        assert "200+" in (await client.get("/")).text


@asynccontextmanager
async def project(root: Path) -> AsyncIterator[Pointsman]:
    journal = SqliteJournal(root / "journal.db", open_key_file(root / "journal.key"), SystemClock())
    examined = shop(root, FLOW, functions_py=FUNCTIONS)
    async with assemble(examined, root, environ={}, journal=journal) as pointsman:
        assert pointsman.durable is not None
        working = asyncio.create_task(pointsman.durable.work())
        try:
            yield pointsman
        finally:
            working.cancel()


async def test_what_a_person_approves_in_the_browser_is_what_the_run_then_does(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        project(tmp_path) as pointsman,
        served(application(ConsoleBackend(pointsman))) as address,
        watched(browser, address) as watch,
    ):
        page = watch.page
        sent: list[str] = pointsman.services.function("functions:send").__globals__["sent"]
        started = await pointsman.runs.start("it", {}, door="console")
        await started.answered()
        backend = ConsoleBackend(pointsman)

        async def asked() -> bool:
            return len(await backend.asked(started.id)) == 3

        async def done() -> bool:
            return (await pointsman.runs.get(started.id)).status == "done"

        await until(asked)
        await watch.open("/review")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("3 items wait for you")
        await page.get_by_role("link", name="1", exact=True).click()
        await expect(page.get_by_label("What will be done")).to_contain_text("text 1")
        await page.keyboard.press("a")
        await expect(page.get_by_role("status")).to_contain_text("Approved by local just now: 1")
        await page.keyboard.press("e")
        await page.get_by_label("Text").fill("kinder")
        await page.get_by_role("button", name="Save changes and approve").click()
        await expect(page.get_by_role("status")).to_contain_text("Edited and approved by local just now: 2")
        await page.keyboard.press("r")
        await page.keyboard.type("no")
        await page.get_by_role("button", name="Reject").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing waits for you.")
        await until(done)
        assert sorted(sent) == ["kinder", "text 1"]
        await watch.open(f"/answers/{started.id}?open=2")
        await expect(page.locator("#drawer")).to_contain_text("Edited and approved by local")
        await expect(page.locator("#drawer .was")).to_have_text("text 2")


async def test_without_a_journal_nothing_waits(tmp_path: Path) -> None:
    examined = shop(tmp_path, FLOW, functions_py=FUNCTIONS)
    async with assemble(examined, tmp_path, environ={}) as pointsman, program(ConsoleBackend(pointsman)) as client:
        assert "Nothing is kept here, so nothing waits." in (await client.get("/review")).text
        assert (await client.post("/review/x", data={"hash": "x", "choice": "approve"})).status_code == 404
