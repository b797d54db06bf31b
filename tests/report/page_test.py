"""Drives the pages of `gradus report` in Chromium, for scripts/test-page.sh: page_test.py FOLDER

FOLDER has the run directories runs/*, one.html (the transformer), four.html and images.html (vit). Screenshots are written to it.
"""

import json
import pathlib
import sys
import unittest

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

FOLDER = pathlib.Path()

# Pairs of text and background with less than 4.5 of contrast (WCAG 2, 1.4.3), as "text: ratio".
LOW_CONTRAST = """
const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
function background(e) {
  const layers = [];
  for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
}
const low = [];
for (const e of document.querySelectorAll('body *')) {
  if (e.closest('.hidden, script, style, noscript, [hidden]') || e.getClientRects().length === 0) continue;
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
  const svg = e instanceof SVGElement, below = background(svg ? e.closest('figure') : e);
  const text = over(parse(svg ? getComputedStyle(e).fill : getComputedStyle(e).color), below);
  const [a, b] = [light(text), light(below)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) low.push(`${e.tagName} ${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return low;
"""

# Contrasts of the lines of runs with the card, which must reach 3 (WCAG 2, 1.4.11).
LINE_CONTRAST = LOW_CONTRAST.split("const low")[0] + """
const card = background(document.querySelector('figure'));
return [...document.querySelectorAll('path.series')].map(p => {
  const [a, b] = [light(parse(getComputedStyle(p).stroke)), light(card)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
});
"""


def metrics(run):
    with (FOLDER / "runs" / run / "metrics.jsonl").open() as lines:
        return [json.loads(line) for line in lines]


def start():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options)


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = start()

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def open(self, name, width=1200, dark=False):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.browser.get((FOLDER / name).as_uri())
        WebDriverWait(self.browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, "path.series"))

    def tearDown(self):
        self.assertEqual([e["message"] for e in self.browser.get_log("browser")], [], "messages in the console")

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run_js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def select(self, label, value, section="attention"):
        for element in self.all(f"#{section} .controls label"):
            if element.text.startswith(label):
                Select(element.find_element(By.TAG_NAME, "select")).select_by_value(value)
                return
        self.fail(f"the section {section} has no choice of {label}")

    def test_the_page_asks_for_no_other_file(self):
        for name in ("one.html", "four.html", "images.html"):
            self.open(name)
            self.assertEqual(self.run_js("return performance.getEntriesByType('resource').length"), 0)
            self.assertLess((FOLDER / name).stat().st_size, 2_000_000)

    def test_the_numbers_are_those_of_the_metrics(self):
        self.open("four.html")
        report = json.loads(self.one("#data").get_attribute("textContent"))
        for run in report["runs"]:
            lines = metrics(run["name"])
            for name in ("loss", "lr", "grad_norm", "valid_loss", "valid_token_error_rate"):
                expected = [(line["step"], line[name]) for line in lines if name in line]
                curve = next(c for c in run["curves"] if c["name"] == name)
                self.assertEqual(curve["steps"], [step for step, _ in expected])
                for found, (_, value) in zip(curve["values"], expected):
                    self.assertAlmostEqual(found, value, delta=1e-5 * abs(value))

    def test_the_table_behind_a_plot_has_the_numbers_of_the_metrics(self):
        self.open("one.html")
        plot = self.one('[data-plot="valid_loss"]')
        plot.find_element(By.TAG_NAME, "summary").click()
        rows = WebDriverWait(self.browser, 5).until(lambda _: plot.find_elements(By.CSS_SELECTOR, "tbody tr"))
        shown = [float(row.find_element(By.TAG_NAME, "td").text) for row in rows]
        expected = [line["valid_loss"] for line in metrics("transformer") if "valid_loss" in line]
        self.assertEqual(len(shown), len(expected))
        for a, b in zip(shown, expected):
            self.assertAlmostEqual(a, b, delta=1e-3 * b)

    def test_pointing_at_a_plot_shows_the_values_of_all_runs(self):
        self.open("four.html")
        svg = self.one('[data-plot="loss"] svg')
        ActionChains(self.browser).scroll_to_element(svg).move_to_element(svg).perform()
        tip = self.one('[data-plot="loss"] .tip')
        self.assertTrue(tip.is_displayed())
        self.assertRegex(tip.text, r"step \d+")
        for name in ("rnn", "rnn-attention", "attention", "transformer"):
            self.assertIn(name, tip.text)

    def test_the_arrow_keys_move_the_cursor_of_a_plot(self):
        self.open("one.html")
        second = [line["step"] for line in metrics("transformer") if "loss" in line][1]
        self.one('[data-plot="loss"] svg').send_keys(Keys.HOME, Keys.ARROW_RIGHT)
        self.assertTrue(self.one('[data-plot="loss"] .tip').text.startswith(f"step {second}"))
        self.assertIn(f"step {second}: transformer", self.one("#live").get_attribute("textContent"))

    def test_axis_scale_and_smoothing_change_the_plots(self):
        self.open("four.html")
        path = lambda: self.one('[data-plot="loss"] path.series').get_attribute("d")
        seen = {path()}
        for selector in ('[data-value="minute"]', '[data-value="log"]'):
            self.one("#curves " + selector).click()
            self.assertNotIn(path(), seen)
            seen.add(path())
        self.one('#curves input[type="range"]').send_keys(Keys.END)
        self.assertNotIn(path(), seen)

    def test_runs_are_shown_and_hidden(self):
        self.open("four.html")
        count = lambda: len(self.all('[data-plot="loss"] path.series'))
        self.assertEqual(count(), 4)
        self.one("#curves .legend input").click()
        self.assertEqual(count(), 3)
        self.one("#curves .legend input").click()
        self.assertEqual(count(), 4)

    def test_pointing_at_a_cell_shows_its_weight(self):
        self.open("four.html")
        cell = self.all("#attention table.map td[data-weight]")[3]
        ActionChains(self.browser).scroll_to_element(cell).move_to_element(cell).perform()
        self.assertIn("with weight " + cell.get_attribute("data-weight"), self.one("#attention .status").text)
        self.run_js("arguments[0].focus()", cell)
        self.browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        below = self.browser.switch_to.active_element
        self.assertNotEqual(below, cell)
        self.assertIn(below.get_attribute("data-weight"), self.one("#attention .status").text)

    def test_every_layer_and_head_has_its_map(self):
        self.open("one.html")
        maps = json.loads(self.one("#data").get_attribute("textContent"))["runs"][0]["pairs"]["samples"][0]["attention"]
        self.select("Source", "0")
        seen = 0
        for kind in ("source_by_source", "target_by_target", "source_by_target"):
            self.select("Attention", kind)
            own = [m for m in maps if m["reads"] == kind]
            self.assertEqual(len(self.all("#attention .thumbs button")), len(own))
            for wanted in own:
                self.select("Layer", str(wanted["layer"]))
                self.select("Head", str(wanted["head"]))
                cells = self.run_js("return [...document.querySelectorAll('table.map td[data-weight]')].map(c => +c.dataset.weight)")
                self.assertEqual([round(1000 * w) for w in cells], wanted["weights"])
                seen += 1
        self.assertEqual(seen, len(maps))
        self.one("#attention .thumbs button").click()
        self.assertEqual(self.one("#attention .thumbs button").get_attribute("aria-pressed"), "true")

    def images(self):
        return json.loads(self.one("#data").get_attribute("textContent"))["runs"][0]["images"]

    def test_the_confusion_matrix_has_the_counts_of_all_images(self):
        self.open("images.html")
        found = self.images()
        rows = self.run_js("""return [...document.querySelectorAll('table.confusion tbody tr')].map(
            r => [...r.querySelectorAll('td:not(.share)')].map(c => c.textContent === '·' ? 0 : +c.textContent))""")
        self.assertEqual(rows, found["confusion"])
        self.assertEqual(sum(map(sum, rows)), found["images"])
        self.assertEqual(sum(rows[i][i] for i in range(len(rows))), found["correct"])
        heads = self.run_js("return [...document.querySelectorAll('table.confusion thead th span')].map(c => c.textContent)")
        self.assertEqual(heads, found["classes"])

    def test_misread_pictures_are_shown(self):
        self.open("images.html")
        found = self.images()
        self.assertGreater(len(found["misread"]), 0)
        sizes = self.run_js("return [...document.querySelectorAll('#images .pictures img')].map(i => [i.naturalWidth, i.naturalHeight])")
        self.assertEqual(sizes, [[28, 28]] * len(found["misread"]))

    def test_pointing_at_a_patch_shows_its_weight(self):
        self.open("images.html")
        found = self.images()
        layers = {m["layer"] for m in found["samples"][2]["attention"]}
        self.select("Image", "2", "patches")
        for layer in sorted(layers):
            self.select("Layer", str(layer), "patches")
            own = [m["weights"] for m in found["samples"][2]["attention"] if m["layer"] == layer]
            shown = self.run_js("return [...document.querySelectorAll('#patches .patches')].map(g => [...g.querySelectorAll('.patch')].map(c => Math.round(1000 * c.dataset.weight)))")
            self.assertEqual(shown, own)
        patch = self.all("#patches .patch")[5]
        ActionChains(self.browser).scroll_to_element(patch).move_to_element(patch).perform()
        self.assertIn("has weight " + patch.get_attribute("data-weight"), self.one("#patches .status").text)
        grid = self.one("#patches .patches")
        grid.send_keys(Keys.ARROW_RIGHT)
        self.assertIn("has weight " + self.all("#patches .patch")[6].get_attribute("data-weight"), self.one("#patches .status").text)

    def test_only_the_page_of_a_running_training_loads_itself_again(self):
        self.open("images.html")
        self.assertEqual(self.all(".training"), [])
        page = (FOLDER / "images.html").read_text().replace('"in_training":false', '"in_training":true')
        (FOLDER / "running.html").write_text(page.replace("every = 20", "every = 1"))
        self.open("running.html")
        self.assertIn("In training", self.run_js("return document.querySelector('.training').textContent"))
        self.run_js("window.before = true")
        WebDriverWait(self.browser, 60).until(lambda b: b.execute_script("return window.before !== true && document.querySelector('.training input') !== null"))
        self.run_js("document.querySelector('.training input').click()")
        self.browser.refresh()
        self.assertFalse(self.run_js("return document.querySelector('.training input').checked"))

    def test_another_run_can_be_chosen(self):
        self.open("four.html")
        select = Select(self.one("#parameters .controls select"))
        select.select_by_visible_text("rnn-attention")
        self.assertIn("rnn-attention:", self.one("#parameters .card").text)
        self.assertIn("alignment", self.one("#parameters table").text)

    def test_headings_sort_tables(self):
        self.open("one.html")
        norms = lambda: [t for t in self.run_js(
            "return [...document.querySelectorAll('#parameters tbody tr')].map(r => parseFloat(r.children[3].textContent))")]
        button = self.all("#parameters th button")[3]
        self.run_js("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button)
        button.send_keys(Keys.ENTER)
        self.assertEqual(norms(), sorted(norms(), reverse=True))
        self.assertEqual(self.all("#parameters th")[3].get_attribute("aria-sort"), "descending")
        button.send_keys(Keys.ENTER)
        self.assertEqual(norms(), sorted(norms()))

    def test_settings_are_found_and_compared(self):
        self.open("four.html")
        self.assertIn("model.name", self.one("#settings table").text)
        self.assertNotIn("train.seed", self.one("#settings table").text)
        self.one('#settings input[type="search"]').send_keys("seed of")
        self.assertIn("train.seed", self.one("#settings table").text)

    def test_everything_is_reached_by_the_tab_key(self):
        self.open("four.html")
        reached = set()
        for _ in range(120):
            self.browser.switch_to.active_element.send_keys(Keys.TAB)
            reached.add(self.run_js("""const e = document.activeElement;
                return (e.closest('section') || {id: e.closest('nav') ? 'nav' : e.id}).id + ' ' + e.tagName.toLowerCase()"""))
        for wanted in ("theme button", "nav a", "curves svg", "curves input", "curves summary", "attention td",
                       "attention select", "errors svg", "parameters select", "settings input", "origin button"):
            self.assertIn(wanted, reached)

    def test_nothing_is_wider_than_a_phone(self):
        for name in ("one.html", "four.html", "images.html"):
            self.open(name, width=360)
            for summary in self.all("summary"):
                self.run_js("arguments[0].click()", summary)
            self.assertEqual(self.run_js("return window.innerWidth"), 360)
            # Without a bar for scrolling up and down, which some browsers draw inside the window.
            excess = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            self.assertEqual(self.run_js(excess), 0)

    def test_contrasts_are_sufficient_in_both_themes(self):
        for dark in (False, True):
            for name in ("four.html", "images.html"):
                self.open(name, dark=dark)
                self.assertEqual(self.run_js(LOW_CONTRAST), [])
                self.assertGreaterEqual(min(self.run_js(LINE_CONTRAST)), 3)

    def test_the_theme_follows_the_system_and_its_button(self):
        self.open("one.html", dark=True)
        theme = lambda: self.run_js("return document.documentElement.dataset.theme")
        self.assertEqual(theme(), "dark")
        self.one("#theme").click()
        self.assertEqual(theme(), "light")

    def test_screenshots(self):
        for name, width, dark in (("four", 1200, False), ("one", 1200, True), ("four", 360, True), ("one", 360, False),
                                  ("images", 1200, False), ("images", 1200, True), ("images", 360, False)):
            self.open(f"{name}.html", width=width, dark=dark)
            height = min(10000, self.run_js("return document.documentElement.scrollHeight"))
            self.browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
            path = FOLDER / f"{name}-{width}-{'dark' if dark else 'light'}.png"
            self.assertTrue(self.browser.save_screenshot(str(path)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    FOLDER = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
