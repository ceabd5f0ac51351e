// Who visits, and which page the address names (`show`: Gradio takes `page` for itself). Runs once.
const KEY = "vs2-visitor";
const spoken = /^[0-9a-f]{32}$/;
function visitor() {
  try {
    let known = localStorage.getItem(KEY);
    if (!spoken.test(known || "")) {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      known = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem(KEY, known);
    }
    return known;
  } catch (error) {
    return "";  // a browser that keeps nothing: then nothing is stored for it
  }
}
const named = (query, name) => (query.get(name) || "").trim();
function read() {
  const query = new URLSearchParams(location.search);
  return { visitor: visitor(), page: named(query, "show") || "evaluate", e: named(query, "e").split(",").filter(Boolean),
    rule: named(query, "rule") };
}
function go() {
  props.value = read();
  trigger("select");
}
props.value = read();
let touched = -Infinity;  // when a tab was last pressed
for (const kind of ["click", "keydown"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.closest?.("#pages .tab-wrapper")) touched = performance.now();
  }, true);
}
window.vs2 = {
  read,
  // What a tab that was selected asks for. The address follows a visitor's hand; whatever else selects a tab (Gradio the
  // first one, we the one that the address names) leaves it as it is.
  turn(page) {
    const now = read();
    if (now.page !== page && performance.now() - touched < 2000) {
      const query = new URLSearchParams(location.search), shows = drafts[page] ?? {};
      for (const [name, value] of [["e", shows.e], ["rule", shows.ruled]]) {
        if (shows.e?.length && value) query.set(name, `${value}`); else query.delete(name);
      }
      if (page === "evaluate") query.delete("show"); else query.set("show", page);
      history.pushState(null, "", query.size ? `?${query}` : location.pathname);
    }
    return { ...now, page, e: [] };
  },
};
// A part of a page that the address names after #: shown once its page is there.
function reach(name, until = performance.now() + 10000) {
  const part = name && document.getElementById(name);
  if (part?.offsetParent) {
    const title = part.querySelector("h2") ?? part;
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    return part.scrollIntoView();
  }
  if (name && performance.now() < until) setTimeout(reach, 100, name, until);
}
const part = () => decodeURIComponent(location.hash.slice(1));
window.addEventListener("popstate", () => { go(); reach(part()); });
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-open]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const query = new URLSearchParams(location.search), { searchParams: wanted, hash } = new URL(link.href, location.href);
  for (const name of ["show", "e", "rule"]) {
    if (wanted.get(name)) query.set(name, wanted.get(name)); else query.delete(name);
  }
  history.pushState(null, "", (query.size ? `?${query}` : location.pathname) + hash);
  go();
  reach(part());
});
// A chart is a picture to those who do not see it: what it shows is in its layout (vs2/plots/scores.py).
function named_chart(chart) {
  const label = chart.layout?.meta?.label;
  if (!label || chart.getAttribute("aria-label") === label) return;
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", label);
}
new MutationObserver(() => document.querySelectorAll(".js-plotly-plot").forEach(named_chart))
  .observe(document.body, { childList: true, subtree: true });
reach(part());
