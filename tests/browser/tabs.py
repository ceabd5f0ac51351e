"""Tabs of Chromium that are used for one visit after another.

A new context has a process of its own, which reads and compiles the scripts of the pages first: three of the five
seconds of work that the first page costs. In a tab that has been there before they are compiled already. What a visit
leaves is removed before the next one, so that each begins as a stranger; a tab of which that is not certain is closed.
"""
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as GoneWrong

from tests.support.patience import HANGING

NOWHERE = "nothing-is-here"     # an address of the app without a page: nothing runs there
FORGET = """async () => { localStorage.clear(); sessionStorage.clear();
  for (const one of await indexedDB.databases()) indexedDB.deleteDatabase(one.name); }"""
# After these a page is another one for whoever comes next.
LASTING = ("add_init_script", "expose_function", "expose_binding", "route", "route_from_har",
           "set_extra_http_headers", "set_default_timeout", "set_default_navigation_timeout")
_free: dict[str, list[Page]] = {}      # by their language
_spoilt: set[Page] = set()


def take(browser: Browser, address: str, width: int, height: int, scheme: str, locale: str) -> Page:
    """A tab at no page yet: nothing is kept in it for `address`, and nobody listens to it."""
    while pages := _free.get(locale):
        page = pages.pop()
        try:
            page.goto(address + NOWHERE)
            page.evaluate(FORGET)
            page.context.clear_cookies()
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(media="null", color_scheme=scheme, reduced_motion="null", forced_colors="null")
            page.mouse.move(0, 0)
        except GoneWrong:       # it crashed, or the app does not answer
            page.context.close()
            continue
        return page
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale)
    context.set_default_timeout(HANGING * 1000)
    page = context.new_page()
    for name in LASTING:
        _spoils(page, name)
    return page


def spoil(page: Page) -> None:
    """It is not to be used again."""
    _spoilt.add(page)


def give_back(page: Page, address: str, locale: str) -> None:
    """For the next visitor, unless something lasting was done to it. What it showed runs no more."""
    if page in _spoilt or page.is_closed():
        _spoilt.discard(page)
        page.context.close()
        return
    try:
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.goto(address + NOWHERE)
    except GoneWrong:
        page.context.close()
        return
    _free.setdefault(locale, []).append(page)


def _spoils(page: Page, name: str) -> None:
    does = getattr(page, name)

    def doing(*what, **options):
        spoil(page)
        return does(*what, **options)

    setattr(page, name, doing)
