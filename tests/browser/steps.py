"""What several tests in this folder do in a browser."""

from playwright.sync_api import Browser, Error, Locator, Page, ViewportSize

IN_ORDER = ["", "Live", "Feature_maps", "Channel_attention", "Gate_surgery", "Attention_zoo",
            "Heat_maps", "Evaluation", "Prototypes", "Training"]  # fmt: skip


def still(page: Page) -> None:
    """Wait until nothing has happened for a while: no run of the page, no figure drawn or moved.

    One run may call for the next, as when the browser tells how wide the page is; and Plotly draws
    anew after a run, and has until then no box to click on.
    """
    page.evaluate("window.stillSince = performance.now()")
    page.wait_for_function(
        """() => {
          const app = document.querySelector("[data-testid=stApp]");
          const busy = document.querySelector("[data-testid=stSkeleton], [data-stale=true]");
          const ended = document.querySelector(".st-key-figure_tools");  // a page's last element
          const runs = app?.dataset.testScriptState !== "notRunning" || busy || !ended;
          const figures = [...document.querySelectorAll(".js-plotly-plot .nsewdrag")];
          const shown = JSON.stringify(figures.map((figure) => figure.getBoundingClientRect()));
          const now = performance.now();
          if (runs || shown !== window.shownBefore) window.stillSince = now;
          window.shownBefore = shown;
          return now - window.stillSince > 700;
        }""",
        polling=100,  # not with each drawn frame: a page behind another tab draws none
        timeout=120_000,
    )


def telephone(browser: Browser) -> Page:
    """A page on a telephone's screen, which is touched."""
    size: ViewportSize = {"width": 390, "height": 844}
    page = browser.new_context(viewport=size, has_touch=True, locale="en-GB").new_page()
    page.set_default_timeout(120_000)
    return page


def open_sidebar(page: Page) -> Locator:
    """The sidebar, opened where it is shut, once it stands still."""
    page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_function(
        "document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().x > -1"
    )
    return page.get_by_test_id("stSidebar")


def tile(chart: Locator, channel: int) -> tuple[float, float]:
    """Where on the page, in pixels, a channel's tile has its middle in a drawn figure."""
    place: tuple[float, float] = chart.locator(".js-plotly-plot").evaluate(
        """(figure, channel) => {
          const box = figure.getBoundingClientRect();
          for (const trace of figure._fullData) {
            const at = [...(trace.customdata ?? [])].findIndex((of) => [of].flat()[0] === channel);
            if (at < 0 || !trace.type.startsWith("scatter")) continue;
            const [x, y] = ["x", "y"].map((n) => {
              const axis = figure._fullLayout[trace[n + "axis"].replace(n, n + "axis")];
              return axis._offset + axis.l2p(trace[n][at]);
            });
            return [box.x + x, box.y + y];
          }
        }""",
        channel,
    )
    return place


def settled(page: Page) -> None:
    """Wait until nothing on the page loads or fades, and the page has its own style.

    The browser is done long after the server: it fetches the code of each kind of element, and
    until the page's style has come, captions have Streamlit's own pale grey.
    """
    still(page)
    page.evaluate(RESTLESS)
    try:
        page.wait_for_function(
            """() => {
              const now = performance.now();
              if (window.restless().length || !window.quietSince) window.quietSince = now;
              return now - window.quietSince > 1000;
            }""",
            polling=100,  # not with each drawn frame: a page behind another tab draws none
        )
    except Error as error:
        raise AssertionError(page.evaluate("() => window.restless()")) from error


RESTLESS = """() => {
  window.restless = () => {
    const styles = [...document.querySelectorAll("style")];
    const styled = styles.some((style) => style.textContent.includes("st-key-page_head"));
    const busy = document.querySelectorAll("[data-testid=stSkeleton], [data-stale=true]");
    return [
      ...(styled ? [] : ["no style yet"]),
      ...[...busy].map((element) => element.outerHTML.slice(0, 200)),
      ...document.getAnimations().map((each) => {
        const name = each.animationName || each.transitionProperty;
        return `${name} of ${each.effect.target.outerHTML.slice(0, 200)}`;
      }),
    ];
  };
}"""
