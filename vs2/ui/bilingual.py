"""The pages in the language of whoever asks for them, from the first byte on.

What is fixed on a page is said when its components are made. So the pages are made once for each language. The first
ones are those that run; of the others only the words are kept, and put in place of the first ones' in the
configuration that Gradio sends along with its HTML (`/`) or by itself (`/config`). The page about the API, which Gradio
makes of the first ones, is in English for everyone.
"""
from collections.abc import Callable, Iterator
from copy import copy
from html import escape

import gradio as gr
from gradio import routes

from vs2.ui import language, text

INDEX = "frontend/index.html"
# Of Gradio's HTML: what is fixed there in English or about Gradio, and what takes its place.
PLACES = (
    ('lang="en"', 'lang="{{ vs2_page().tag }}"'),
    ('<meta property="og:title" content="Gradio" />', "<title>{{ vs2_page().title }}</title>"),
    ('<meta property="og:description" content="Click to try out the app!" />',
     '<meta name="description" content="{{ vs2_page().tagline }}" />'),
    ('<meta name="twitter:title" content="Gradio" />', ""),
    ('<meta name="twitter:description" content="Click to try out the app!" />', ""),
    ("content=\"{{ config['simple_description'] or '' }}\"", 'content="{{ vs2_page().tagline }}"'),
    # Gradio's own words follow the browser, which a visitor may have overruled.
    ("<script>window.gradio_config", "<script>Object.defineProperty(navigator, \"language\", "
                                     "{get: () => \"{{ vs2_page().tag }}\"});</script><script>window.gradio_config"),
)


def alike(one: dict, other: dict) -> Iterator[tuple[dict, dict]]:
    """The components of two configurations, two by two. Raises RuntimeError where the pages are not built alike."""
    first, second = one["components"], other["components"]
    kinds = [[part["type"] for part in parts] for parts in (first, second)]
    targets = [[len(part["targets"]) for part in config["dependencies"]] for config in (one, other)]
    if kinds[0] != kinds[1] or targets[0] != targets[1]:
        raise RuntimeError("the pages are not built alike in all languages: only words may depend on the language")
    return zip(first, second, strict=True)


class Bilingual(gr.Blocks):
    """`gr.Blocks` whose configuration is in the language of the request. `spoken`: see `build`."""

    spoken: dict[str, dict] = {}    # language: the configuration of the same pages, as they were made in it

    @property  # type: ignore[override]  # in place of a value; what it gives is the same
    def config(self) -> dict:
        """What Gradio sends to a browser."""
        return self._configs.get(language.here(), self._configs[language.ENGLISH])

    @config.setter
    def config(self, made: dict) -> None:
        self._configs = {language.ENGLISH: made}
        for tongue, other in self.spoken.items():
            words = copy(made)
            words["components"] = [{**part, "props": {**said["props"], "elem_id": part["props"].get("elem_id")}}
                                   for part, said in alike(made, other)]
            self._configs[tongue] = words

    def get_api_info(self, *arguments, **options):
        """The endpoints, in English whoever asks first: Gradio keeps it for everyone."""
        with language.speaking(language.ENGLISH):
            return super().get_api_info(*arguments, **options)


def build(make: Callable[[], Bilingual]) -> Bilingual:
    """The pages that `make` makes, in all languages."""
    others = {}
    for tongue in language.LANGUAGES:
        if tongue != language.ENGLISH:
            with language.speaking(tongue):
                others[tongue] = make().config
    with language.speaking(language.ENGLISH):
        blocks = make()
    blocks.spoken = others
    blocks.config = blocks.config   # with the others' words
    return blocks


def _page() -> dict[str, str]:
    return {"tag": language.TAGS[language.here()], "title": escape(text.TITLE), "tagline": escape(text.TAGLINE)}


def mend_index() -> None:
    """Has Gradio's HTML say the language, the title and what this is. There is no option for it."""
    environment = routes.templates.env
    if "vs2_page" in environment.globals:
        return
    environment.globals["vs2_page"] = _page
    loader = environment.loader
    assert loader is not None, "Gradio's pages come from files"
    read = loader.get_source

    def mended(environment, template: str):
        source, *rest = read(environment, template)
        if template == INDEX:
            for before, after in PLACES:
                source = source.replace(before, after)
        return source, *rest

    loader.get_source = mended  # type: ignore[method-assign]  # there is no option for it
