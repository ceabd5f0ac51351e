// The score cards. A card leads to what is said of its dimension; the arrows go from card to card, starting at the one
// that was chosen last.
let chosen = "";
const buttons = () => [...element.querySelectorAll(".vs-card h3 button")];
const rove = () => {
  const all = buttons(), at = Math.max(0, all.findIndex((one) => one.dataset.said === chosen));
  all.forEach((one, number) => { one.tabIndex = number === at ? 0 : -1; });
};
element.addEventListener("focusin", (event) => {
  if (!event.target.matches(".vs-card h3 button")) return;
  chosen = event.target.dataset.said;
  rove();
});
element.addEventListener("keydown", (event) => {
  const all = buttons(), at = all.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0,
    End: all.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  all[(to + all.length) % all.length].focus();
});
element.addEventListener("click", (event) => {
  const card = event.target.closest(".vs-card");
  if (!card || event.target.closest("abbr") || getSelection()?.toString()) return;
  const part = document.querySelector(`#rationale [data-part="${card.dataset.key}"]`);
  if (!part) return;
  const summary = part.querySelector("summary");
  if (!part.open) summary.click();
  summary.focus({ preventScroll: true });
  part.scrollIntoView({ block: "nearest" });
});
rove();
new MutationObserver(() => {  // each update makes the cards anew: the keyboard stays where it was
  const lost = chosen && document.activeElement === document.body;
  rove();
  if (lost && element.dataset.held) element.querySelector(`[data-said="${chosen}"]`)?.focus({ preventScroll: true });
}).observe(element, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-value"] });
element.addEventListener("focusin", () => { element.dataset.held = "yes"; });
element.addEventListener("focusout", (event) => { if (event.relatedTarget) delete element.dataset.held; });
