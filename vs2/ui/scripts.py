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
# Buttons that copy a text or a link, and say so for a moment.
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
"""
# The address names the evaluation that is shown, and none where none is: while one is judged, after a stop.
NAMED = """
new MutationObserver(() => {
  const kept = element.querySelector("[data-kept]")?.dataset.kept;
  window.vs2.place("evaluate", { e: kept ? [kept] : [] });
}).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-kept"] });
"""
# A button in a list that deletes one evaluation of it, and one that takes the last deletion back, as long as it can.
ONE_DELETED = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-delete]");
  if (button) trigger("select", { id: button.dataset.delete });
  if (event.target.closest("button[data-undo]")) trigger("submit");
});
let over = 0;
function ends() {
  clearTimeout(over);
  const button = element.querySelector("button[data-undo]");
  if (button) over = setTimeout(() => button.closest("p").remove(), Number(button.dataset.undo) * 1000);
}
new MutationObserver(ends).observe(element, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["data-undo"] });
ends();
"""
# Saves the file that a hidden button was just given.
SAVE_FILE = "() => { setTimeout(() => document.querySelector('#history-file').click(), 150); }"
# A line that says which scores are of an earlier prompt: `data-judged-by` of what is below names the prompts that
# were judged, by the key of a candidate on the board, or "" for the only clip. Told by `window.vs2.earlier()` too.
EARLIER = """
const plain = (text) => (text ?? "").replace(/\\r\\n?/g, "\\n").trim();
const line = element.querySelector(".vs-earlier"), words = line.querySelector("span");
function asked(key) {
  const shared = document.querySelector(line.dataset.prompt)?.value;
  const tile = key ? document.querySelector(`.vs-tile[data-key="${CSS.escape(key)}"]`) : null;
  return plain(tile?.querySelector(".vs-own textarea")?.value) || plain(shared);
}
function tell() {
  if (!element.isConnected) return;
  const found = document.querySelector(line.dataset.scores)?.querySelector("[data-judged-by]")?.dataset.judgedBy;
  const judged = Object.entries(found ? JSON.parse(found) : {});
  const old = judged.filter(([key, prompt]) => plain(prompt) !== asked(key)).map(([, prompt]) => prompt);
  const said = old.length ? line.dataset.said.replace("{count}", old.length).replace("{prompt}", old[0]) : "";
  if (words.textContent !== said) words.textContent = said;
  line.hidden = !said;
}
document.addEventListener("input", (event) => event.target.closest?.("textarea") && tell());
const watches = new MutationObserver(tell);
const begin = () => {
  const scores = document.querySelector(line.dataset.scores);
  if (!scores) return void setTimeout(begin, 100);
  watches.observe(scores, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-judged-by"] });
  tell();
};
begin();
((window.vs2 ??= {}).earlier ??= []).push(tell);
"""
# What tells it of a prompt that was not typed: an example's, a link's.
PROMPTED = "() => { for (const tell of window.vs2?.earlier ?? []) requestAnimationFrame(tell); }"
