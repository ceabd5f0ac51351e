"""What the Evaluate page's pieces do in the browser: each runs once, when its piece is made (`js_on_load`)."""

# A frame's button moves the player to that time.
SEEK = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-time]");
  const video = document.querySelector("#video video");
  if (button && video && video.readyState) { video.pause(); video.currentTime = Number(button.dataset.time) + 0.001; }
});
"""
# Sections that a reader has folded stay folded while text comes: each update makes them anew.
FOLD = SEEK + """
const folded = new Set();
const fold = () => {
  for (const part of element.querySelectorAll("details[data-part]")) {
    if (part.open === folded.has(part.dataset.part)) part.open = !part.open;
  }
};
const flip = (part) => {
  folded.delete(part.dataset.part) || folded.add(part.dataset.part);
  fold();
};
const pressed = (event) => event.target.closest("details[data-part] > summary")?.parentElement;
// A part may be made anew between the press and the release of a button: then no click comes, so the press counts.
element.addEventListener("mousedown", (event) => { if (pressed(event) && event.button === 0) flip(pressed(event)); });
element.addEventListener("click", (event) => {
  if (!pressed(event)) return;
  event.preventDefault();
  if (event.detail === 0) flip(pressed(event));  // by keyboard
});
// The bar under the player has marks for the times that are named (assets/timeline.js).
const said = () => document.dispatchEvent(new CustomEvent("vs2:said"));
said();
new MutationObserver(() => {
  if (element.querySelector(".vs-empty")) folded.clear();
  fold();
  said();
}).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["open"] });
"""
# Buttons that copy a text or a link, and say so for a moment. The address follows the evaluation that is shown.
COPY = """
async function write(text) {
  try { await navigator.clipboard.writeText(text); } catch (error) {  // a page that is not served securely
    const area = document.createElement("textarea");
    area.value = text;
    element.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-link]");
  if (!button) return;
  await write(button.dataset.copy ?? new URL(button.dataset.link, location.href).href);
  const before = button.dataset.label ?? button.textContent;
  button.dataset.label = before;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, 1600);
});
new MutationObserver(() => {
  const kept = element.querySelector("[data-kept]")?.dataset.kept;
  const query = new URLSearchParams(location.search);
  if (!kept || query.get("show") || query.get("e") === kept) return;
  query.set("e", kept);
  history.replaceState(null, "", `?${query}`);
}).observe(element, { childList: true, subtree: true });
"""
# A button in a list that deletes one evaluation of it.
ONE_DELETED = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-delete]");
  if (button) trigger("select", { id: button.dataset.delete });
});
"""
# Saves the file that a hidden button was just given.
SAVE_FILE = "() => { setTimeout(() => document.querySelector('#history-file').click(), 150); }"
