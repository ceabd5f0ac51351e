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
// The pages are hidden until the one that the address names is there: Gradio starts with the first, and what moves on
// it is nothing to look at. The look (assets/head.css) shows them after some seconds in any case.
const mark = (page) => document.documentElement.setAttribute("data-vs2-page", page);
mark(read().page);
const shown = () => document.documentElement.setAttribute("data-vs2-shown", "");
(function open(until) {
  const chosen = document.querySelector("#pages [role=tab][aria-selected=true]")?.dataset.tabId;
  if (chosen === read().page && performance.now() > until) shown();
  else if (!document.documentElement.hasAttribute("data-vs2-shown")) setTimeout(open, 50, until);
})(performance.now() + 700);
window.vs2 = {
  read,
  shown,
  // What a tab that was selected asks for. The address follows a visitor's hand; whatever else selects a tab (Gradio the
  // first one, we the one that the address names) leaves it as it is.
  turn(page) {
    const now = read();
    // What Gradio selects before the pages are shown may be another one than the address names.
    if (now.page === page || document.documentElement.hasAttribute("data-vs2-shown")) mark(page);
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
// The field that a sentence is about: marked, told what is wrong with it, and the place where the visitor is now.
const pointed = new Map();  // sentence -> {field, said}: another sentence may come to stand in the same element
const saying = (sentence) => `${sentence.dataset.field} ${sentence.textContent}`;
function point(sentence) {
  if (pointed.has(sentence)) return;
  const all = [...document.querySelectorAll(sentence.dataset.field)], reached = (one) => one.offsetParent && one.tabIndex >= 0;
  const field = all.find(reached);
  if (!field) {  // it may be folded away; once open it is found
    const fold = all.map((one) => one.closest(".vs-settings")).find((one) => one?.offsetParent);
    fold?.querySelector(":scope > button:not(.open)")?.click();
    if (fold) setTimeout(() => { if (sentence.isConnected && all.some(reached)) point(sentence); }, 100);
    return;
  }
  pointed.set(sentence, { field, said: saying(sentence) });
  sentence.id ||= `wrong-${Math.random().toString(36).slice(2)}`;
  if (field.matches("input, textarea, select")) field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", sentence.id);
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.focus();
  for (const kind of ["input", "change"]) field.addEventListener(kind, () => mend(field), { once: true });
}
function mend(field) {
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
}
function points() {
  for (const [sentence, { field, said }] of pointed) {
    if (!sentence.isConnected || saying(sentence) !== said) { pointed.delete(sentence); mend(field); }
  }
  document.querySelectorAll(".vs-problem[data-field]").forEach(point);
}
// A chart is a picture to those who do not see it: what it shows is in its layout (vs2/plots/scores.py).
function named_chart(chart) {
  const label = chart.layout?.meta?.label;
  if (!label || chart.getAttribute("aria-label") === label) return;
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", label);
}
new MutationObserver(() => { document.querySelectorAll(".js-plotly-plot").forEach(named_chart); points(); })
  .observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-field"] });
reach(part());
// On a phone what is pressed and what comes of it are not in one view: the page goes to where it is told.
document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("#evaluate, #sure, #examples [data-example], #compare, #best-go, #batch-go, #batch-example");
  const page = pressed?.closest("[role=tabpanel]"), status = page?.querySelector(".vs-status");
  if (!status || innerWidth > 760) return;
  const follow = new MutationObserver(() => {
    const now = page.querySelector(".vs-answer .vs-status[data-state=busy]");
    if (now) { follow.disconnect(); now.closest(".block").scrollIntoView({ block: "start" }); }
  });
  follow.observe(page, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-state"] });
  setTimeout(() => follow.disconnect(), 8000);
});
