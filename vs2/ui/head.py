"""The head and the foot of every page: what this is, the way past the pages' names, light and dark, the language."""
from html import escape

from vs2.ui import language
from vs2.ui import text as shared
from vs2.ui.examples import still
from vs2.ui.text import head as text

STILLS = ("vanishes", "vanishes-after")     # of the picture: the box, and the place where it was
# Both lie in Gradio's <main>; a banner and the foot of a site stand beside it. Then the pages can be shown.
PLACED = """
const main = element.closest("main"), head = element.querySelector(".vs-banner");
main.before(head);
main.id = "content";
main.tabIndex = -1;
head.querySelector(".vs-skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus({ preventScroll: true });
  (main.querySelector(".tab-wrapper") ?? main).scrollIntoView();
});
const dark = head.querySelector(".vs-dark");
window.vs2theme.told((on) => dark.setAttribute("aria-checked", on));
dark.addEventListener("click", () => window.vs2theme.set(dark.getAttribute("aria-checked") !== "true"));
"""
# The choice is a cookie of a year; in a frame of another site, as on a Space, only one that says so is kept.
PLACED += """
head.querySelector(".vs-languages").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-language]");
  if (!button) return;
  const where = location.protocol === "https:" ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax";
  document.cookie = `COOKIE=${button.dataset.language}; Path=/; Max-Age=31536000; ${where}`;
  location.reload();
});
""".replace("COOKIE", language.COOKIE)
FOOT_PLACED = 'element.closest("main").after(element.querySelector("footer"));'

_ICON = ('<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" '
         'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
         '<path class="vs-if-dark" d="M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5Z"/>'
         '<g class="vs-if-light"><circle cx="12" cy="12" r="4"/><path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21'
         'M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1"/></g></svg>')


def switch() -> str:
    """The choice of a language, each under its own name."""
    buttons = "".join(
        f'<button type="button" data-language="{tongue}" lang="{language.TAGS[tongue]}" '
        f'aria-pressed="{str(tongue == language.here()).lower()}">{name}</button>'
        for tongue, name in shared.LANGUAGES.items())
    return f'<div class="vs-languages" role="group" aria-label="{shared.LANGUAGE}">{buttons}</div>'


def idea() -> str:
    """One picture of what this is: a clip, what is said of it, its scores."""
    stills = "".join(f'<img src="{one}" alt="" width="46" height="46">' for one in map(still, STILLS) if one)
    scores = "".join(f"<span>{escape(name)} <b>{score}</b></span>" for name, score in text.IDEA_SCORES)
    return (f'<div class="vs-idea" role="img" aria-label="{escape(text.IDEA)}">'
            f'<span class="vs-idea-clip">{stills}</span><i>{escape(text.IDEA_SAID)}</i>'
            f'<span class="vs-idea-scores">{scores}</span></div>')


def head() -> str:
    """The banner of the site; `PLACED` moves it there."""
    return (f'<header class="vs-banner"><a class="vs-skip" href="#content">{escape(text.SKIP)}</a>'
            f'<div class="vs-head"><h1>{escape(shared.TITLE)}</h1><p>{escape(shared.TAGLINE)}</p></div>{idea()}'
            f'{switch()}<button type="button" class="vs-dark" role="switch" aria-checked="false" '
            f'aria-label="{escape(text.DARK)}" title="{escape(text.DARK)}">{_ICON}</button></header>')


def foot() -> str:
    """What stands under all pages."""
    return f'<footer class="vs-foot"><button type="button">{escape(shared.API)}</button></footer>'
