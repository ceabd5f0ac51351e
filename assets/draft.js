// What a visitor has put on the pages, kept in this tab of the browser: a reload, or a server that starts anew, brings it
// back. Follows site.js in one script. A draft is {e, ruled, running, lost, NAME: value, ...}: `e` and `ruled` are the address
// of what the page showed, `running` what went on there, `lost` what went on before the last reload (vs2/ui/draft.py).
const DRAFT = "vs2-draft ";
const drafts = {}, begun = {};  // by page: as it is now; what it is watched for, once it has been brought back
function left(page) {
  try { return JSON.parse(sessionStorage.getItem(DRAFT + page)); } catch (error) { return null; }
}
function store(page) {
  try { sessionStorage.setItem(DRAFT + page, JSON.stringify(drafts[page])); } catch (error) { return; }  // it keeps nothing
}
function keep(page, values) {
  drafts[page] = { ...drafts[page], ...values };
  if (begun[page]) store(page);
}
// The draft of a page, where it is of what the address names; a link that was followed names something else.
function draft(page) {
  const found = left(page), now = read();
  if (!found || typeof found !== "object") return null;
  return now.page === page && now.e.length && `${found.e ?? ""}` !== `${now.e}` ? null : found;
}
// What goes on, by what shows it: the button that signs it can be pressed, for one.
function watched(page) {
  const signs = begun[page];
  const now = Object.keys(signs).filter((name) => document.querySelector(signs[name]));
  if (`${now}` !== `${drafts[page].running ?? ""}`) keep(page, now.length ? { running: now, lost: [] } : { running: now });
}
// A page was brought back, or there was nothing to bring back: from now on it is kept. What was lost is told of again
// after the next reload, unless something else has begun or is shown by then.
function begin(page, signs) {
  const found = draft(page);
  drafts[page] = found ? { ...found, running: [], lost: [...(found.running ?? []), ...(found.lost ?? [])] } : { ...drafts[page] };
  begun[page] = signs;
  store(page);
  watched(page);
}
new MutationObserver(() => Object.keys(begun).forEach(watched)).observe(document.body, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
// What the page `page` shows has this address now; shown in the address bar where the page is.
function place(page, { e, rule = "" }) {
  const before = drafts[page]?.e ?? [];
  keep(page, { e, ruled: rule, ...(e.length && `${e}` !== `${before}` ? { lost: [] } : {}) });
  const query = new URLSearchParams(location.search), now = read();
  if (now.page !== page || (`${now.e}` === `${e}` && now.rule === rule)) return;
  for (const name of ["e", "rule"]) query.delete(name);     // so that they always stand in the same order
  for (const [name, value] of Object.entries({ e: `${e}`, rule })) if (value) query.set(name, value);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}
// For the page's load: where a draft says what is to be shown, the address need not be opened.
const arrive = () => ({ ...read(), restores: read().e.length > 0 && draft(read().page) !== null });
Object.assign(window.vs2, { keep, draft, begin, place, arrive });
// A button that presses another one: "start again" in a notice.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-press]");
  if (button) document.querySelector(button.dataset.press)?.click();
});
