"""A headless Chromium on the page of the image `isolated`.

    browser.py URL STEP...

Steps run one after the other; the first that fails ends the run with exit status 1 and the reason:
    text=WORDS         wait until the page says this
    size=WxH           resize the page's screen to this many pixels
    still=FILE.png     wait until the screen no longer changes, and save it
    moving             wait until the screen changes
    key=NAME           press a key: ArrowLeft, Escape, a, ...
    rate=SECONDS       print how many new pictures per second the screen shows during this time
    page=FILE.png      save a picture of the whole page
    touch=FILE         create a file, to signal others
    wait-for=FILE      wait until the file exists
    nothing            there is no screen
    address=URL        the location bar shows this
    history-lacks=WORD no URL in the tab's history contains this
    no-other-scripts   a script injected into the page does not run
    no-frame           the page can't be framed by another
    reload             load the page again
    quiet              the browser's console is empty, and garbage collection will add nothing to it
"""

import base64
import contextlib
import http.server
import pathlib
import sys
import threading
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

PATIENCE = 30  # seconds; long enough for a busy machine
KEYS = {"ArrowLeft": Keys.ARROW_LEFT, "ArrowRight": Keys.ARROW_RIGHT, "ArrowUp": Keys.ARROW_UP, "ArrowDown": Keys.ARROW_DOWN,
        "Escape": Keys.ESCAPE}

# Reads a band across the middle at each of the browser's frames, because reading the whole screen would take longer.
COUNT = """
const [seconds, done] = arguments;
const canvas = document.querySelector('canvas'), context = canvas.getContext('2d');
const start = performance.now();
let last = '', pictures = 0;
function check() {
  const band = context.getImageData(canvas.width / 4, canvas.height / 2, canvas.width / 2, 4).data.join();
  if (band !== last) { pictures++; last = band; }
  const passed = (performance.now() - start) / 1000;
  if (passed < seconds) requestAnimationFrame(check); else done(pictures / passed);
}
check();
"""

# Counts the decoded pictures that the page leaves open: Chromium's warning about them doesn't reach the console's log.
COUNT_OPEN_FRAMES = """
window.openFrames = 0;
const Decoder = window.VideoDecoder;
if (Decoder) {
  window.VideoDecoder = class extends Decoder {
    constructor({ output, error }) { super({ error, output: (frame) => { openFrames++; output(frame); } }); }
  };
  const close = VideoFrame.prototype.close;
  VideoFrame.prototype.close = function () { openFrames--; close.call(this); };
}
"""


def open_browser():
    options = webdriver.ChromeOptions()
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Without a sandbox, because the tests run as root; without a GPU, because the test machine has none.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,900"):
        options.add_argument(argument)
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    browser.set_script_timeout(600)
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": COUNT_OPEN_FRAMES})
    return browser


def wait_until(what, ask):
    end = time.monotonic() + PATIENCE
    while not (answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"still waiting for {what} after {PATIENCE} s")
        time.sleep(0.1)
    return answer


@contextlib.contextmanager
def frame_of(url):
    """The URL of a page that shows `url` in a frame."""

    class Around(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<iframe src='{url}'></iframe>".encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Around) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Page:
    def __init__(self, browser):
        self.browser = browser

    def says(self):
        return self.browser.execute_script("return document.body.innerText")

    def has_screen(self):
        return self.browser.execute_script("return !!document.querySelector('canvas')?.width")

    def screen(self):
        """The screen as PNG."""
        wait_until("the screen", self.has_screen)
        url = self.browser.execute_script("return document.querySelector('canvas').toDataURL('image/png')")
        return base64.b64decode(url.split(",")[1])

    def text(self, words):
        wait_until(f"'{words}'; the page says '{self.says()}'", lambda: words in self.says())

    def size(self, size):
        width, height = map(int, size.split("x"))
        frame = "return [outerWidth - innerWidth, outerHeight - document.querySelector('#screen').clientHeight]"
        got = "const c = document.querySelector('canvas'); return c && `${c.width}x${c.height}`"

        def has_size():
            # In a loop, because a narrower page may have a taller heading.
            across, down = self.browser.execute_script(frame)
            self.browser.set_window_size(width + across, height + down)
            time.sleep(0.5)
            return self.browser.execute_script(got) == size

        wait_until(f"a screen of {size}", has_size)

    def still(self, file):
        def rests():
            before = self.screen()
            time.sleep(2)
            return before if self.screen() == before else None

        pathlib.Path(file).write_bytes(wait_until("a screen at rest", rests))

    def moving(self, _):
        before = self.screen()
        wait_until("another picture", lambda: self.screen() != before)

    def key(self, name):
        ActionChains(self.browser).send_keys(KEYS.get(name, name)).perform()

    def rate(self, seconds):
        print(f"{self.browser.execute_async_script(COUNT, float(seconds)):.1f}", flush=True)

    def page(self, file):
        self.browser.save_screenshot(file)

    def touch(self, file):
        pathlib.Path(file).touch()

    def wait_for(self, file):
        wait_until(file, pathlib.Path(file).exists)

    def nothing(self, _):
        if self.has_screen():
            raise AssertionError("there is a screen")

    def address(self, url):
        wait_until(f"the address {url}", lambda: self.browser.current_url == url)

    def history_lacks(self, word):
        entries = self.browser.execute_cdp_cmd("Page.getNavigationHistory", {})["entries"]
        if any(word in entry["url"] for entry in entries):
            raise AssertionError(f"the tab's history has {word}")

    def no_other_scripts(self, _):
        # An inline script, an event handler, and a script from another URL: each would record that it ran.
        ran = self.browser.execute_script("""
            window.ran = [];
            const script = document.createElement('script');
            script.textContent = "ran.push('text')";
            const button = document.createElement('button');
            button.setAttribute('onclick', "ran.push('handler')");
            const other = document.createElement('script');
            other.src = "data:text/javascript,ran.push('elsewhere')";
            document.body.append(script, button, other);
            button.click();
            return new Promise((done) => { other.onerror = other.onload = () => done(ran); });""")
        if ran:
            raise AssertionError(f"other scripts ran: {ran}")

    def no_frame(self, _):
        url = self.browser.current_url
        # The frame's page is also on this machine: Chromium doesn't let public sites embed local pages.
        with frame_of(url) as around:
            self.browser.get(around)
            shown = self.what_the_frame_shows()
        if shown.startswith(url):
            raise AssertionError("the page is shown in a frame")

    def what_the_frame_shows(self):
        self.browser.switch_to.frame(0)
        return wait_until("the frame", lambda: self.browser.execute_script(
            "return document.readyState === 'complete' && location.href !== 'about:blank' && location.href"))

    def reload(self, _):
        self.browser.refresh()

    def quiet(self, _):
        if frames := self.browser.execute_script("return openFrames"):
            raise AssertionError(f"the page left {frames} decoded pictures open")
        said = [entry["message"] for entry in self.browser.get_log("browser")]
        # Leave out Chromium's advice about what these steps do to the canvas.
        if said := [message for message in said if "willReadFrequently" not in message]:
            raise AssertionError(f"the console has {said}")


def main(url, *steps):
    browser = open_browser()
    try:
        browser.get(url)
        page = Page(browser)
        for step in steps:
            name, _, value = step.partition("=")
            try:
                getattr(page, name.replace("-", "_"))(value)
            except (AssertionError, TimeoutError) as error:
                sys.exit(f"browser.py: {step}: {error}")
    finally:
        browser.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
