"""The look: one theme for light and dark, system fonts, no file from another machine."""
import json

import gradio as gr

from vs2.resources import ASSETS

TOOLS = "tools"     # the script whose functions the others use
SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

# Light, dark. The stylesheet reads the same values, so each colour is named once.
COLOURS = {
    "ground": ("#f6f6f3", "#121517"),
    "surface": ("#ffffff", "#1a1e21"),
    "well": ("#efefeb", "#22272b"),
    "line": ("#dcddd8", "#30363b"),
    "edge": ("#80878a", "#737c82"),        # borders of controls: 3:1 on every surface
    "ink": ("#15191c", "#eceeed"),
    "quiet": ("#596166", "#a3acb1"),
    "accent": ("#0b6b5d", "#5ccdb6"),
    "accent-strong": ("#08564b", "#7eddc9"),
    "on-accent": ("#ffffff", "#06231e"),
    "tint": ("#e3f0ed", "#1b3430"),
    "danger": ("#a3271d", "#ff9b8f"),
    "danger-tint": ("#fbeae8", "#3a2220"),
    # The dimensions by their keys: what is named in their sections. 3:1 on every surface.
    "visual_quality": ("#1f66b0", "#74b2f5"),
    "text_alignment": ("#a34f00", "#f0a55b"),
    "physical_consistency": ("#8b3a9c", "#d68fe6"),
}


def _variables(which: int) -> str:
    return "".join(f"--vs-{name}:{pair[which]};" for name, pair in COLOURS.items())


def css() -> str:
    """The stylesheets, the shared one first, with the colours of both themes before them."""
    light = f":root{{{_variables(0)}color-scheme:light}}"
    dark = f".dark{{{_variables(1)}color-scheme:dark}}"
    sheets = sorted(ASSETS.glob("*.css"), key=lambda sheet: (sheet.name != "ui.css", sheet.name))
    return "\n".join([light, dark, *(sheet.read_text(encoding="utf-8") for sheet in sheets)])


def theme() -> gr.themes.Base:
    """Gradio's own controls in the same colours."""
    ground, surface, well, line, edge, ink, quiet, accent, strong, on_accent, tint, *_ = (
        f"var(--vs-{name})" for name in COLOURS)
    values = {
        "body_background_fill": ground, "body_text_color": ink, "body_text_color_subdued": quiet,
        "background_fill_primary": surface, "background_fill_secondary": well,
        "border_color_primary": line, "border_color_accent": accent, "border_color_accent_subdued": line,
        "color_accent_soft": tint, "link_text_color": accent, "link_text_color_hover": strong,
        "link_text_color_visited": accent, "link_text_color_active": strong,
        "block_background_fill": "transparent", "block_border_color": line, "block_border_width": "0px",
        "block_info_text_color": quiet, "block_label_text_color": quiet, "block_title_text_color": ink,
        "block_label_background_fill": surface, "block_shadow": "none",
        "panel_background_fill": surface, "panel_border_color": line, "accordion_text_color": ink,
        "input_background_fill": surface, "input_background_fill_focus": surface,
        "input_background_fill_hover": surface,
        "input_border_color": edge, "input_border_color_focus": accent, "input_border_color_hover": ink,
        "input_placeholder_color": quiet, "input_shadow": "none", "input_shadow_focus": "none",
        "button_primary_background_fill": accent, "button_primary_background_fill_hover": strong,
        "button_primary_border_color": accent, "button_primary_border_color_hover": strong,
        "button_primary_text_color": on_accent, "button_primary_text_color_hover": on_accent,
        "button_secondary_background_fill": surface, "button_secondary_background_fill_hover": well,
        "button_secondary_border_color": edge, "button_secondary_border_color_hover": ink,
        "button_secondary_text_color": ink, "button_secondary_text_color_hover": ink,
        "button_primary_shadow": "none", "button_secondary_shadow": "none",
        "checkbox_background_color": surface, "checkbox_background_color_selected": accent,
        "checkbox_background_color_focus": surface, "checkbox_background_color_hover": surface,
        "checkbox_border_color": edge, "checkbox_border_color_selected": accent, "checkbox_border_color_focus": accent,
        "checkbox_border_color_hover": ink, "slider_color": accent, "loader_color": accent,
        "table_border_color": line, "table_even_background_fill": surface, "table_odd_background_fill": well,
    }
    base = gr.themes.Base(primary_hue="teal", neutral_hue="stone", radius_size="md", font=list(SANS),
                          font_mono=list(MONO))
    both = {**values, **{f"{name}_dark": value for name, value in values.items()}}
    accepted = {name: value for name, value in both.items() if hasattr(base, name) or not name.endswith("_dark")}
    return base.set(color_accent=accent, button_border_width="1px", button_border_width_dark="1px",
                    input_border_width="1px", block_title_text_weight="600", block_padding="0px",
                    button_large_text_weight="600", **accepted)


def head() -> str:
    """What goes into the page's head: the look, and the switch of light and dark, before any page is there.

    As `css` of `launch` Gradio would write each rule anew: within @media it cuts selectors at every comma, those in
    `:is(a, b)` too, and keeps none that begins outside of the pages. The rules stand here twice, as it does it: as they
    are, and within the pages, where they count for more than its own.
    """
    rules = css()
    return ('<meta name="color-scheme" content="light dark">'
            f"<style>{rules}\n.gradio-container.gradio-container .contain {{\n{rules}\n}}</style>"
            f'<script>{(ASSETS / "theme.js").read_text(encoding="utf-8")}</script>')


def script(words: dict, *names: str) -> str:
    """The scripts assets/NAME.js one after another, after `words`, what they say, and their tools: for `js_on_load`."""
    files = [(ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in (TOOLS, *names)]
    return "\n".join([f"const words = {json.dumps(words)};", *files])
