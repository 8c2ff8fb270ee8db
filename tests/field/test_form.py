"""The form in a browser of a phone's size, from a file: filled in, kept over a reload, saved, read back."""

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from rs_governance.cases import read_actor
from rs_governance.db import open_store
from rs_governance.errors import SchemaViolation
from rs_governance.field import Wanted, check_document, export_tasks, make_plan, read_questions
from rs_governance.field.returns import read_return

from .conftest import CLOCKS, LAT, LON, NASTY, NOW, TOWN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FIRST = "450108-202610-0001"


@dataclass
class Phone:
    """A page on a phone and what went wrong on it."""

    page: "Page"
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    if CHROMIUM is None:
        pytest.skip("no browser: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def form(store_folder: Path, published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("form")
    store = open_store(shutil.copytree(store_folder, folder / "store"))
    with store.read() as session:
        manager = read_actor(session, "m")
    plan = make_plan(
        store, town=TOWN, on=NOW.date(), logins=["w1"], seed=1, share=0.2, actor=manager, now=NOW, clocks=CLOCKS
    )
    package = export_tasks(
        store, Wanted(to="w1", formats=["html"], plan=plan.number), folder / "out", actor=manager, now=NOW, clocks=CLOCKS,
        questions=read_questions(), issues=published,
    )  # fmt: skip
    store.engine.dispose()
    return folder / "out" / f"{package.handout.number}.html"


@pytest.fixture
def context(browser: "Browser") -> "Iterator[BrowserContext]":
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, device_scale_factor=2, has_touch=True, is_mobile=True, locale="zh-CN",
        geolocation={"longitude": LON + 0.001, "latitude": LAT, "accuracy": 9}, permissions=["geolocation"],
        accept_downloads=True, offline=True,
    )  # fmt: skip
    yield context
    context.close()


def show(context: "BrowserContext", path: Path, *, at: Any = NOW) -> Phone:
    page = context.new_page()
    phone = Phone(page=page)
    page.on("pageerror", lambda error: phone.faults.append(str(error)))
    page.on("console", lambda message: phone.faults.append(message.text) if message.type == "error" else None)
    page.clock.set_fixed_time(at)
    page.goto(path.as_uri())
    page.wait_for_selector(".spot, .muted")
    return phone


def open_first(page: "Page") -> None:
    page.locator(f'.spot[data-number="{FIRST}"]').click()


def take_photo(page: "Page", path: Path) -> None:
    shown = page.locator(".photo").count()
    page.locator("input[type=file][multiple]").set_input_files(path)
    page.locator(".photo").nth(shown).wait_for()


def save(page: "Page", path: Path) -> dict[str, Any]:
    page.locator('#tabs button[data-pane="save"]').click()
    with page.expect_download() as download:
        page.locator("#save-file").click()
    download.value.save_as(path)
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def write_photo(path: Path, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (900, 1000, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "JPEG", quality=95)
    return path.read_bytes()


def test_filled_in_kept_and_returned(context: "BrowserContext", form: Path, tmp_path: Path) -> None:
    original = write_photo(tmp_path / "现场.jpg")
    assert len(original) > 786_432  # more than a portion of the base64
    phone = show(context, form)
    page = phone.page
    open_first(page)
    page.get_by_role("button", name="完成核查").click()
    assert "还缺" in page.locator(".done .late").inner_text()
    page.get_by_role("button", name="定位", exact=True).click()
    page.get_by_text("距图斑", exact=False).wait_for()
    take_photo(page, tmp_path / "现场.jpg")
    page.locator(".photo select").select_option("135")
    page.locator(".photo .check input").check()
    page.locator('button[data-code="illegal"]').click()
    page.locator('button[data-code="under_way"]').click()
    page.locator('button[data-code="true"]').first.click()
    page.locator(".done .late", has_text="还缺").wait_for(state="detached")  # nothing is missing any more
    page.get_by_label("现场说明").fill(f"正在施工 {NASTY}")
    page.get_by_role("button", name="完成核查").click()
    page.locator("button.finished").wait_for()

    page.reload()  # all that was entered is still there
    page.wait_for_selector(".spot")
    assert page.locator(f'.spot[data-number="{FIRST}"] .tag.done').count() == 1
    open_first(page)
    assert page.locator(".photo").count() == 1
    assert page.get_by_label("现场说明").input_value() == f"正在施工 {NASTY}"
    page.get_by_role("button", name="返回").click()

    path = tmp_path / "return.json"
    content = save(page, path)
    check_document(content, "return")
    (case,) = content["cases"]
    assert (case["number"], case["verdict"], case["done"]) == (FIRST, "illegal", True)
    assert case["answers"] == {"progress": "under_way", "topsoil_damaged": True}
    assert case["note"] == f"正在施工 {NASTY}"
    assert case["position"]["lon"] == pytest.approx(LON + 0.001)
    assert case["position"]["source"] == "device"
    (photo,) = case["photos"]
    assert base64.b64decode(photo["data"]) == original
    assert photo["sha256"] == hashlib.sha256(original).hexdigest()
    assert (photo["name"], photo["heading_deg"], photo["indoor"]) == ("现场.jpg", 135, True)
    (read,) = read_return(path).cases
    assert (read.number, read.verdict, read.done, len(read.photos)) == (FIRST, "illegal", True, 1)
    assert phone.faults == []


def test_goes_on_from_a_saved_file_on_another_phone(
    browser: "Browser", context: "BrowserContext", form: Path, tmp_path: Path
) -> None:
    write_photo(tmp_path / "a.jpg", 1)
    page = show(context, form).page
    open_first(page)
    page.locator('button[data-code="lawful"]').click()
    page.get_by_text("手续齐全").click()
    take_photo(page, tmp_path / "a.jpg")
    page.get_by_role("button", name="返回").click()
    before = save(page, tmp_path / "one.json")
    other = browser.new_context(viewport={"width": 360, "height": 740}, accept_downloads=True)
    page = show(other, form).page
    page.locator('#tabs button[data-pane="save"]').click()
    assert page.locator("#save-file").is_disabled()
    page.locator("#save input[type=file]").set_input_files(tmp_path / "one.json")
    page.get_by_text("已载入 1 个").wait_for()
    page.locator('#tabs button[data-pane="list"]').click()
    after = save(page, tmp_path / "two.json")
    assert after["cases"] == before["cases"]
    assert after["cases"][0]["resolution"] == "approvals_complete"
    other.close()


def test_a_place_tapped_on_the_map(context: "BrowserContext", form: Path, tmp_path: Path) -> None:
    page = show(context, form).page
    open_first(page)
    page.get_by_role("button", name="在图上点选").click()
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # the spot is in the middle
    page.get_by_role("button", name="用此位置").click()
    page.get_by_role("button", name="返回").click()
    (case,) = save(page, tmp_path / "return.json")["cases"]
    assert case["position"]["source"] == "map"
    assert case["position"]["lon"] == pytest.approx(LON + 0.0011, abs=4e-4)
    assert case["position"]["lat"] == pytest.approx(LAT, abs=4e-4)


def test_what_is_taken_back_is_not_done(context: "BrowserContext", form: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", 2)
    phone = show(context, form)
    page = phone.page
    open_first(page)
    take_photo(page, tmp_path / "a.jpg")
    for code in ("illegal", "finished"):
        page.locator(f'button[data-code="{code}"]').click()
    page.locator('button[data-code="false"]').first.click()
    page.get_by_role("button", name="完成核查").click()
    page.locator("button.finished").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="删除").click()
    page.get_by_role("button", name="完成核查").wait_for()
    assert page.locator(".photo").count() == 0


def test_list_map_slider_and_links(context: "BrowserContext", form: Path) -> None:
    phone = show(context, form)
    page = phone.page
    numbers = page.locator(".spot .order").all_inner_texts()
    assert numbers == ["1", "2", "3"]  # the plan's order comes first, w1 makes three visits a day
    assert page.get_by_text("抽查").count() >= 1
    page.get_by_role("button", name="距离").click()
    page.get_by_text(" m", exact=False).first.wait_for()
    nearest = page.locator(".spot").first.get_attribute("data-number")
    assert nearest == FIRST
    open_first(page)
    assert page.locator(".pair img").count() == 2
    assert page.locator(".pair polygon").count() == 2  # one outline, cased
    page.locator(".slide button").first.click()
    assert page.locator(".pair .later").evaluate("image => image.style.clipPath") == "inset(0px 0px 0px 100%)"
    amap = page.get_by_role("link", name="高德导航").get_attribute("href") or ""
    assert amap.startswith("https://uri.amap.com/marker?position=108.4")
    assert "coordinate=gaode" in amap
    link = page.get_by_role("link", name="其他地图").get_attribute("href") or ""
    lat, lon = map(float, link.removeprefix("geo:").split("?")[0].split(","))
    spot = json.loads(page.locator("#data").text_content() or "")["cases"]
    (place,) = ((each["lat"], each["lon"]) for each in spot if each["number"] == FIRST)
    assert (lat, lon) == pytest.approx(place, abs=1e-6)  # WGS 84, not what the map of Amap needs
    page.get_by_role("button", name="看地图").click()
    # The canvas is drawn with the next frame: of the ground, not of one colour.
    shades = 0
    for _ in range(50):
        shades = page.locator("#canvas").evaluate(
            "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
        )
        if shades > 50:
            break
        page.wait_for_timeout(100)
    assert shades > 50
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.locator("button:visible, a.button:visible").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).filter(b => b.height < 44).length"
    )
    assert small == 0
    assert phone.faults == []


FILLS = ((255, 32, 64), (255, 190, 0), (40, 200, 110))  # of the marks; the ground of the map has other colours


@pytest.mark.parametrize("height", [844, 660])
def test_no_button_covers_a_spot_on_a_narrow_screen(browser: "Browser", form: Path, height: int) -> None:
    context = browser.new_context(viewport={"width": 390, "height": height}, has_touch=True, is_mobile=True)
    page = show(context, form).page
    page.locator('#tabs button[data-pane="map"]').click()
    page.get_by_role("button", name="全图").click()
    page.wait_for_timeout(300)
    marked = page.locator("#canvas").evaluate(
        """(canvas, fills) => {
            const { width, height } = canvas, box = canvas.getBoundingClientRect(), ratio = width / box.width;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height), found = [];
            for (let at = 0; at < data.length; at += 4) {
                if (!fills.some((fill) => fill.every((part, band) => data[at + band] === part))) continue;
                found.push([at / 4 % width / ratio + box.left, Math.floor(at / 4 / width) / ratio + box.top]);
            }
            return found;
        }""",
        FILLS,
    )
    boxes = page.locator("#tools button").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.top, b.right, b.bottom])"
    )
    assert len(boxes) == 4
    assert len(marked) > 500
    places = np.array(marked)
    assert places[:, 0].min() > 0
    for left, top, right, bottom in boxes:
        under = (places[:, 0] > left) & (places[:, 0] < right) & (places[:, 1] > top) & (places[:, 1] < bottom)
        assert not under.any()
    context.close()


def test_the_saved_file_is_named_by_the_clock_of_the_district(browser: "Browser", form: Path) -> None:
    context = browser.new_context(timezone_id="America/New_York", accept_downloads=True)
    page = show(context, form, at=datetime.fromisoformat("2026-10-20T18:05:00+00:00")).page
    open_first(page)
    page.locator('button[data-code="illegal"]').click()
    page.get_by_role("button", name="返回").click()
    page.locator('#tabs button[data-pane="save"]').click()
    with page.expect_download() as download:
        page.locator("#save-file").click()
    assert download.value.suggested_filename.endswith("_w1_20261021-0205.json")
    context.close()


@pytest.mark.parametrize(("days", "zh", "en"), [(1, "剩 1 天", "1 day left"), (-1, "逾期 1 天", "1 day late")])
def test_one_day_is_one_day(context: "BrowserContext", form: Path, days: int, zh: str, en: str) -> None:
    data = form.read_text("utf-8").split('id="data">')[1].split("</script>")[0]
    (due,) = (each["due_on"] for each in json.loads(data)["cases"] if each["number"] == FIRST)
    page = show(context, form, at=datetime.fromisoformat(f"{due}T04:00:00+00:00") - timedelta(days=days)).page
    row = page.locator(f'.spot[data-number="{FIRST}"]')
    assert zh in row.inner_text()
    page.get_by_role("button", name="EN").click()
    assert en in row.inner_text()


def test_english_and_no_markup_from_texts(context: "BrowserContext", form: Path) -> None:
    phone = show(context, form)
    page = phone.page
    page.get_by_role("button", name="EN").click()
    assert "Field check" in page.locator("#head").inner_text()
    assert NASTY in page.locator("#head").inner_text()
    open_first(page)
    assert NASTY in page.locator("section.why").inner_text()
    jumps = page.locator(".slide button").evaluate_all(
        "all => all.map(e => { const r = document.createRange(); r.selectNodeContents(e); return [e.textContent, r.getClientRects().length]; })"
    )
    assert jumps == [["Before", 1], ["After", 1]]  # on one line each
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("script").count() == 2  # the data and the program
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">')")
    page.wait_for_timeout(100)
    assert page.evaluate("window.hit") is None  # the policy forbids what is not the program itself
    assert phone.faults != []


def test_expired_it_says_so_and_still_saves(context: "BrowserContext", form: Path, tmp_path: Path) -> None:
    page = show(context, form, at=NOW + timedelta(days=31)).page
    assert "已于 2026-11-19 过期" in page.locator("#warnings").inner_text()
    open_first(page)
    page.locator('button[data-code="other"]').first.click()
    page.get_by_role("button", name="返回").click()
    assert save(page, tmp_path / "return.json")["cases"][0]["verdict"] == "other"


def test_without_storage_it_says_so_and_still_works(context: "BrowserContext", form: Path, tmp_path: Path) -> None:
    context.add_init_script(
        "Object.defineProperty(window, 'indexedDB', {get() { throw new Error('none'); }});"
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('none'); }});"
    )
    page = show(context, form).page
    assert "不能自动保存" in page.locator("#warnings").inner_text()
    open_first(page)
    page.locator('button[data-code="false_change"]').click()
    page.get_by_role("button", name="返回").click()
    assert save(page, tmp_path / "return.json")["cases"][0]["verdict"] == "false_change"


def test_the_digest_is_sha256(context: "BrowserContext", tmp_path: Path) -> None:
    script = (Path(__file__).parents[2] / "src/rs_governance/field/form/sha256.js").read_text("utf-8")
    page = context.new_page()
    lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]
    digests = page.evaluate(
        f"""async lengths => {{
            {script}
            const data = Uint8Array.from({{length: 3000}}, (_, place) => place * 7 % 251);
            const inTwo = (size) => {{
                const hash = newHash();
                hash.add(data.subarray(0, size / 3 | 0));
                hash.add(data.subarray(size / 3 | 0, size));
                return hash.hex();
            }};
            return lengths.map(inTwo);
        }}""",
        lengths,
    )
    data = bytes(place * 7 % 251 for place in range(3000))
    assert digests == [hashlib.sha256(data[:length]).hexdigest() for length in lengths]


def test_the_file_is_small_and_calls_nobody(form: Path) -> None:
    page = form.read_text("utf-8")
    assert len(page) < 3_000_000
    program = page.replace("https://uri.amap.com", "").replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in program
    assert "https://" not in program
    assert "default-src 'none'" in page
    assert "unsafe-inline" not in page


@pytest.mark.parametrize(
    "wrong", [{"verdict": "guilty"}, {"position": {"lon": 200, "lat": 0}}, {"photos": [{"name": "a"}]}, {"extra": 1}]
)
def test_the_schema_of_a_return_refuses(wrong: dict[str, Any]) -> None:
    case = {"number": FIRST, "version": 3, "answers": {}, "verdict": None, "resolution": None, "note": "", "position": None,
            "started_at": None, "done": False, "photos": []}  # fmt: skip
    document = {"format": "rs_governance.return", "version": 1, "export": "E20261020-0001", "receiver": "w1",
                "saved_at": "2026-10-20T01:00:00.000Z", "cases": [case]}  # fmt: skip
    check_document(document, "return")
    with pytest.raises(SchemaViolation, match="return document"):
        check_document({**document, "cases": [{**case, **wrong}]}, "return")
