"""The report in a real browser, as wide as a desk's and as narrow as a phone's."""

import html
import json
import re
import shutil
import subprocess

import pytest

from rs_governance.publish.month import Imagery, write_chips, write_report
from rs_governance.publish.report import maps
from rs_governance.scenes import open_scene

WIDTHS = (1280, 400)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")

_MEASURE = """
const found = {};
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument;
  const images = [...page.images];
  const firsts = [...page.querySelectorAll("td:first-child")];
  found[frame.id] = {
    wide: page.documentElement.scrollWidth,
    images: images.length,
    broken: images.filter(image => !(image.complete && image.naturalWidth > 0)).length,
    narrowest: Math.min(...firsts.map(cell => cell.getBoundingClientRect().width)),
    tiny: images.filter(image => image.getBoundingClientRect().width < 150).length,
    outside: [...page.querySelectorAll("h1, h2, h3, p, li, figcaption, .figure")]
      .filter(each => each.getBoundingClientRect().right > page.documentElement.clientWidth + 1).length,
    scrolled: [...page.querySelectorAll("figure, svg, .wide")].filter(each => each.scrollWidth > each.clientWidth + 1).length,
    charts: [...page.querySelectorAll("svg")].filter(each => each.getBoundingClientRect().width > 0).length,
    smallest: Math.min(...[...page.querySelectorAll("svg text")].map(each => each.getBoundingClientRect().height).filter(Boolean)),
    letters: [...page.fonts].filter(font => font.status === "loaded").map(font => font.family).sort().join(),
    cut: [...page.querySelectorAll(".figure b, .figure span, h1")].filter(each => each.scrollWidth > each.clientWidth + 1
      && getComputedStyle(each).display !== "inline").length,
  };
}
document.getElementById("found").textContent = JSON.stringify(found);
"""


@pytest.fixture(scope="module")
def reports(make_month, month_images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    month = make_month(8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maps, "_MAP_AT_MOST", (400, 300))
        with Imagery({name: open_scene(path) for name, path in month_images.items()}) as imagery:
            chips = write_chips(month, imagery, folder / "chips")
            return {lang: write_report(month, imagery, chips, folder, lang=lang)[1] for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def measured(reports, tmp_path_factory):
    """What the browser says of each report at each width."""
    folder = tmp_path_factory.mktemp("frames")
    frames = "".join(
        f'<iframe id="{lang}-{width}" style="width:{width}px;height:900px;border:0" '
        f'srcdoc="{html.escape(path.read_text(encoding="utf-8"))}"></iframe>'
        for lang, path in reports.items()
        for width in WIDTHS
    )
    page = folder / "frames.html"
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><pre id="found"></pre>{frames}<script>onload = () => {{{_MEASURE}}};</script>',
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000",
            f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom", page.as_uri(),
        ],
        check=True, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found[1]))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_window_and_shows_its_pictures(measured, lang, width):
    page = measured[f"{lang}-{width}"]
    assert page["wide"] <= width, "nothing makes the page wider than the window"
    assert page["outside"] == page["cut"] == 0, "no text runs out of the window or of its box"
    assert page["letters"] == "Noto Sans SC,Noto Serif SC", "the page's own fonts are read and used"
    assert page["images"] >= 3
    assert page["charts"] == 1, "of each chart the drawing for this width alone"
    assert page["scrolled"] == 0, "charts and tables are seen without scrolling"
    assert page["smallest"] >= 11, "words of charts can be read"
    assert page["broken"] == page["tiny"] == 0
    assert page["narrowest"] >= 80, "names in tables are not set letter by letter"
