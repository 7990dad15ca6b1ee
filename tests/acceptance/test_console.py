"""The console in a real browser: what people see, open, type and press. Its pictures go to tests/screenshots/.

Every page that is opened here must ask nobody but our own server, break no content security policy and log no error:
`watched` asserts it at the end of each test.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from starlette.applications import Starlette
from tests import console_backend as made
from tests.browser import chromium, need_chromium, served, watched

from pointsman.doors import console

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "attacks" / "blns.json"
OPENED = "/answers/full?open=001EM0001"
SMALL = {"viewport": {"width": 380, "height": 800}}


def naughty() -> list[str]:
    """Strings that break pages, from the Big List of Naughty Strings when it is there, and a few of our own."""
    own = [
        "<script>throw 1</script>",
        "\"><img src=x onerror='throw 1'>",
        "{{ 7 * 7 }}",
        "\u202egpj.exe",
        "\ud800",
        "x" * 900,
    ]
    return own + (json.loads(NAUGHTY.read_text()) if NAUGHTY.exists() else [])


def application(backend: console.Backend | None = None) -> Starlette:
    return Starlette(routes=console.routes(backend or made.backend()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    async with served(application()) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    need_chromium()
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def plain() -> AsyncIterator[httpx.AsyncClient]:
    """Requests as a program makes them, without a browser."""
    transport = httpx.ASGITransport(app=application())
    async with httpx.AsyncClient(transport=transport, base_url="http://console.example") as client:
        yield client


async def test_a_question_becomes_an_answer(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        page = watch.page
        await watch.open("/")
        await watch.picture("home")
        await page.get_by_label("Question").fill(made.QUESTION)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{address}/answers/full")
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "12 of 48 enterprise customers in EMEA are at risk; 12 drafts are waiting."
        )
        await expect(page.get_by_label("How it was read")).to_contain_text("Quarter 2026-Q4 (this quarter)")
        await expect(page.get_by_label("Sources and their age")).to_contain_text("billing 3 h ago")
        first = page.locator("#row-001EM0000")
        await expect(first.get_by_role("img")).to_have_attribute(
            "aria-label", "71 %, likely 60 % to 83 %; base rate 8 %"
        )
        await expect(page.get_by_text("trained on 14 quarters")).to_be_visible()
        await watch.picture("answer")


async def test_a_row_opens_and_closes_by_mouse_and_the_address_follows(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        page = watch.page
        await watch.open("/answers/full")
        await page.get_by_role("link", name="Halvorsen Marine").click()
        drawer = page.locator("#drawer")
        await expect(drawer.get_by_label("Draft")).to_contain_text("Written from a template: no language model")
        await expect(drawer.get_by_label("Draft")).to_contain_text("it waits for the role sales-manager")
        await expect(drawer.get_by_label("Reasons")).to_contain_text("Call about the overdue invoice")
        await expect(drawer.get_by_role("img")).to_have_count(5)
        await expect(page).to_have_url(f"{address}{OPENED}")
        await watch.picture("answer-opened")
        await page.get_by_role("link", name="Nordwind Logistik").click()
        await expect(page.locator("#row-001EM0000 #drawer")).to_be_visible()
        await expect(page.locator("#drawer")).to_have_count(1)
        await page.go_back()
        await expect(page.locator("#row-001EM0001 #drawer")).to_be_visible()
        await page.get_by_role("link", name="Halvorsen Marine").click()
        await expect(page.locator("#drawer")).to_have_count(0)


async def test_everything_by_keyboard(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        page = watch.page
        await watch.open("/answers/full")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        second = page.locator("#link-001EM0001")
        await expect(second).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#row-001EM0001 #drawer")).to_be_visible()
        await expect(second).to_be_focused()
        await page.keyboard.press("k")
        await expect(page.locator("#link-001EM0000")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator("#drawer")).to_have_count(0)
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await page.keyboard.press("/")
        await expect(page.get_by_label("Question")).to_be_focused()
        await page.keyboard.type("j?/")
        await expect(page.get_by_label("Question")).to_have_value("j?/")


async def test_the_focus_can_be_seen(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        await watch.open("/answers/full")
        await watch.page.keyboard.press("Tab")
        await expect(watch.page.get_by_role("link", name="To the content")).to_be_in_viewport()
        await watch.page.keyboard.press("j")
        await expect(watch.page.locator("#link-001EM0000")).to_have_css("outline-style", "solid")
        await watch.picture("focus")


async def test_a_reason_leads_to_the_rows_behind_it(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        page = watch.page
        await watch.open(OPENED)
        await (
            page.locator("#drawer").get_by_role("link", name="An invoice is 38 days overdue", exact=True).first.click()
        )
        await expect(page).to_have_url(f"{address}/answers/full/evidence/001EM0001/overdue_days")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Halvorsen Marine")
        await expect(page.get_by_text("It raises the probability of 64 %")).to_be_visible()
        await expect(page.get_by_role("row", name="INV-20871")).to_contain_text("18,400")
        await expect(page.get_by_role("row", name="INV-21034")).to_contain_text("6,150.50")
        await page.get_by_text("What was asked").click()
        await expect(page.get_by_text("FROM invoices")).to_be_visible()
        await watch.picture("evidence")
        await page.get_by_role("link", name="Back to the answer").click()
        await expect(page.locator("#row-001EM0001 #drawer")).to_be_visible()


async def test_a_run_shows_where_its_time_went(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        page = watch.page
        await watch.open("/runs?status=done")
        await expect(page.get_by_role("row").filter(has_text="12,960")).to_contain_text("$0.0087")
        await watch.picture("runs")
        await watch.open("/runs/finished")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Done in 2 d 2 h: 10 steps, 1 retried")
        await expect(page.get_by_text("in which nothing worked")).to_be_visible()
        usage = page.get_by_role("img", name="usage:")
        await expect(usage).to_have_attribute(
            "aria-label", "usage: attempt 1 failed, 0 ms to 300 ms; attempt 2 done, 500 ms to 620 ms"
        )
        await watch.picture("run")
        await watch.open("/runs/full")
        await expect(page.get_by_role("row").filter(has_text="approval approve")).to_contain_text("12 drafts wait")
        await watch.open("/runs/failed")
        name = page.get_by_role("row").filter(has_text="billing call").locator(".name")
        await expect(name).to_have_css("font-weight", "700")
        await watch.picture("run-failed")


async def test_filters_live_in_the_address(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        page = watch.page
        await watch.open("/runs")
        await page.get_by_label("Flow").select_option("product-search")
        await page.get_by_role("button", name="Show").click()
        await expect(page).to_have_url(f"{address}/runs?flow=product-search&status=")
        await expect(page.locator("main .row-link")).to_have_count(1)
        await expect(page.get_by_label("Flow")).to_have_value("product-search")


@pytest.mark.parametrize(
    ("path", "sentences"),
    [
        pytest.param(
            "/answers/partial",
            ["Analytics is missing and billing data is 14 h old.", "did not answer within 20 s", "stale, 14 h ago",
             "Atelier Brunel writer: the reply did not fit"],
            id="partial-and-stale",
        ),
        pytest.param("/answers/empty", ["None of 48 enterprise customers", "Ask for more"], id="empty"),
        pytest.param("/answers/failed", ["Failed: there is no answer.", "password authentication failed"], id="failed"),
        pytest.param("/answers/running", ["Still at work: 2 of 3 steps done."], id="running"),
        pytest.param("/runs?flow=none", ["No such runs."], id="no-such-runs"),
        pytest.param("/answers/products?page=3", ["101–120 of 120", "Asked", "warm and light"], id="any-flow"),
    ],
)  # fmt: skip
async def test_every_state_says_what_it_is(
    browser: Browser, address: str, path: str, sentences: list[str], request: pytest.FixtureRequest
) -> None:
    async with watched(browser, address) as watch:
        await watch.open(path)
        for sentence in sentences:
            await expect(watch.page.locator("main")).to_contain_text(sentence)
        await watch.picture(f"state-{request.node.callspec.id}")


async def test_nothing_there_yet_says_what_fills_it(browser: Browser) -> None:
    async with served(application(made.InMemory(notice=None))) as address, watched(browser, address) as watch:
        await watch.open("/")
        await expect(watch.page.locator("main")).to_contain_text("No answers yet")
        await expect(watch.page.locator("main")).to_contain_text("pointsman ask")
        await watch.picture("state-first-day")
        await watch.open("/runs")
        await expect(watch.page.locator("main")).to_contain_text("pointsman run")


async def test_a_question_that_cannot_be_read_keeps_what_was_typed_and_offers_the_nearest(
    browser: Browser, address: str
) -> None:
    async with watched(browser, address, refused=True) as watch:
        page = watch.page
        await watch.open("/")
        await page.get_by_label("Question").fill("Why is the sky blue?")
        await page.get_by_role("button", name="Ask").click()
        await expect(page.get_by_role("alert")).to_contain_text("cannot be read without a language model")
        await expect(page.get_by_label("Question")).to_have_value("Why is the sky blue?")
        await watch.picture("state-refused")
        await page.get_by_role("alert").get_by_role("link").first.click()
        await expect(page.get_by_label("Question")).to_have_value(made.FORMS[0])


async def test_fields_that_are_refused_keep_what_was_typed(browser: Browser, address: str) -> None:
    async with watched(browser, address, refused=True) as watch:
        page = watch.page
        await watch.open("/")
        await page.get_by_text("Fill in fields instead").first.click()
        await page.get_by_label("Region").select_option("APAC")
        await page.get_by_label("Quarter").fill("2026-Q4")
        await page.get_by_label("At least").fill("many")
        await page.get_by_role("button", name="Run").first.click()
        await expect(page.get_by_role("alert")).to_contain_text("at_least: 'many' is not of type number")
        await expect(page.get_by_label("At least")).to_have_value("many")
        await expect(page.get_by_label("Region")).to_have_value("APAC")
        await page.get_by_label("At least").fill("0.5")
        await page.get_by_role("button", name="Run").first.click()
        await expect(page).to_have_url(f"{address}/answers/full")


@pytest.mark.parametrize(
    ("path", "heading"), [("/answers/nope", "Not found"), ("/answers/broken", "Something is broken")]
)
async def test_trouble_has_a_page(browser: Browser, address: str, path: str, heading: str) -> None:
    async with watched(browser, address, refused=True) as watch:
        await watch.open(path)
        await expect(watch.page.get_by_role("heading", level=1)).to_have_text(heading)
        await watch.picture(f"state-{heading.lower().replace(' ', '-')}")


@pytest.mark.parametrize(
    "path", ["/", "/answers/full?open=001EM0001", "/answers/products?open=2", "/runs", "/runs/finished"]
)
async def test_no_page_is_wider_than_a_small_screen(browser: Browser, address: str, path: str) -> None:
    async with watched(browser, address, **SMALL) as watch:
        await watch.open(path)
        assert await watch.overflow() <= 0
        await watch.picture("small-" + (path.split("?")[0].strip("/").replace("/", "-") or "home"))


async def test_dark_by_the_systems_setting(browser: Browser, address: str) -> None:
    async with watched(browser, address, color_scheme="dark") as watch:
        await watch.open(OPENED)
        await expect(watch.page.locator("body")).to_have_css("background-color", "rgb(20, 21, 23)")
        await watch.picture("dark-answer")
        await watch.open("/runs/finished")
        await watch.picture("dark-run")


async def test_reading_asking_and_opening_work_without_javascript(browser: Browser, address: str) -> None:
    async with watched(browser, address, java_script_enabled=False) as watch:
        page = watch.page
        await watch.open("/")
        await page.get_by_label("Question").fill(made.QUESTION)
        await page.get_by_role("button", name="Ask").click()
        await page.get_by_role("link", name="Halvorsen Marine").click()
        await expect(page.locator("#row-001EM0001 #drawer")).to_contain_text("Dear Ms Okafor")
        await expect(page.get_by_role("button", name="Copy the draft")).to_be_hidden()
        await page.locator("#drawer").get_by_role("link", name="Logins fell by 46 %").click()
        await expect(page.locator("main")).to_contain_text("No rows are kept behind this one.")


async def test_a_draft_can_be_copied(browser: Browser, address: str) -> None:
    async with watched(browser, address, permissions=["clipboard-read", "clipboard-write"]) as watch:
        await watch.open(OPENED)
        await watch.page.get_by_role("button", name="Copy the draft").click()
        await expect(watch.page.get_by_role("button", name="Copied")).to_be_visible()
        text = await watch.page.evaluate("navigator.clipboard.readText()")
        assert text.startswith("Your renewal in December, Halvorsen Marine\n\nDear Ms Okafor,")


async def test_a_running_answer_appears_by_itself(browser: Browser) -> None:
    backend = made.backend()
    async with served(application(backend)) as address, watched(browser, address) as watch:
        await watch.open("/answers/running")
        done = made.run("running")
        backend.records = [done if record.id == "running" else record for record in backend.records]
        await expect(watch.page.get_by_role("heading", level=1)).to_contain_text("12 of 48")


async def test_the_first_load_is_small(browser: Browser, address: str) -> None:
    async with watched(browser, address) as watch:
        await watch.open("/answers/full")
        await watch.page.wait_for_load_state("networkidle")
        names = {url.split("?")[0].removeprefix(address) for url in watch.transferred}
        assert {"/answers/full", "/static/console.css", "/static/console.js", "/static/vendor/htmx.min.js"} <= names
        assert sum(watch.transferred.values()) <= 60 * 1024


async def test_hostile_texts_stay_texts(browser: Browser) -> None:
    """`watched` fails on any script error, policy violation or foreign request that one of them would cause."""
    backend = made.InMemory([made.hostile(naughty())])
    async with served(application(backend)) as address, watched(browser, address, **SMALL) as watch:
        for path in (
            "/answers/hostile?open=k1",
            "/answers/hostile?open=k0",
            "/answers/hostile?page=3",
            "/runs/hostile",
            "/",
        ):
            await watch.open(path)
            scripts = await watch.page.locator("main script, main img, main iframe").count()
            assert (path, scripts, await watch.overflow() <= 0) == (path, 0, True)
        await watch.open("/answers/hostile?open=k0")
        await expect(watch.page.locator("#row-k0 .row-link")).to_have_text("<script>throw 1</script>")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"sec-fetch-site": "same-origin"}, 303, id="our own page"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="a sister site"),
        pytest.param({"origin": "http://console.example"}, 303, id="our origin"),
        pytest.param({"origin": "http://evil.example"}, 403, id="another origin"),
        pytest.param({"origin": "null"}, 403, id="a hidden origin"),
        pytest.param({}, 303, id="no browser"),
    ],
)
async def test_only_our_own_pages_may_send_forms(
    plain: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    got = await plain.post("/ask", data={"question": made.QUESTION}, headers=headers)
    assert got.status_code == status


@pytest.mark.parametrize("path", ["/", "/answers/full", "/answers/nope", "/runs/full", "/static/console.css"])
async def test_every_answer_carries_the_headers_that_protect(plain: httpx.AsyncClient, path: str) -> None:
    headers = (await plain.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert ("immutable" if path.startswith("/static") else "no-store") in headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "status", "key"),
    [
        ("/", 200, "flows"),
        ("/answers/full", 200, "result"),
        ("/answers/running", 200, "status"),
        ("/runs/full", 200, "steps"),
        ("/answers/nope", 404, "detail"),
        ("/answers/broken", 500, "detail"),
    ],
)
async def test_every_page_gives_its_data_as_json(plain: httpx.AsyncClient, path: str, status: int, key: str) -> None:
    got = await plain.get(path, params={"format": "json"})
    body: dict[str, Any] = got.json()
    assert (got.status_code, key in body) == (status, True)


async def test_a_failed_run_can_be_asked_again(plain: httpx.AsyncClient) -> None:
    page = await plain.get("/answers/failed")
    assert 'action="/answers/failed/again"' in page.text
    again = await plain.post("/answers/failed/again")
    assert (again.status_code, again.headers["location"]) == (303, "/answers/full")


async def test_a_flow_that_is_not_there_cannot_be_started(plain: httpx.AsyncClient) -> None:
    got = await plain.post("/start/nothing", data={})
    assert (got.status_code, "There is no flow" in got.text) == (404, True)


async def test_a_form_that_is_too_long_is_refused(plain: httpx.AsyncClient) -> None:
    got = await plain.post("/ask", data={"question": "x" * 70_000})
    assert (got.status_code, "longer than 64 KB" in got.text) == (413, True)


async def test_pages_of_runs_follow_each_other_without_gap(plain: httpx.AsyncClient) -> None:
    records = [made.run(f"r{index}") for index in range(120)]
    transport = httpx.ASGITransport(app=application(made.InMemory(records)))
    seen: list[str] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://console.example") as client:
        before = ""
        while page := (await client.get("/runs", params={"format": "json", "before": before})).json():
            seen += [record["id"] for record in page]
            before = seen[-1]
    assert seen == [record.id for record in records]
