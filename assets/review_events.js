// The Review page: who reviews, clicks and keys. The last of the files that make one script.
// ---- who reviews
function named(name) {
  name = name.trim();
  if (name === reviewer) return;
  if (shown) {
    save();
    const left = draft(shown.id);
    if (left && !reviewer && !draft(shown.id, name)) {  // what was said before there was a name is theirs
      keep(draftKey(shown.id, name), JSON.stringify(left));
      keep(draftKey(shown.id, ""), null);
    }
  }
  reviewer = name;
  keep("vs2-reviewer", name);
  list();
  if (shown) { const id = shown.id; shown = null; open(id); }
}
async function download(kind) {
  const line = find(".vs-exported");
  let answer;
  try { answer = await server.review_export({ address: window.vs2.read(), kind }); } catch (error) { answer = { problem: words.file }; }
  line.textContent = answer.problem || answer.said;
  if (answer.problem) return;
  const link = make("a");
  link.href = address(answer.path);
  link.download = answer.name;
  link.click();
}

// ---- what a visitor does
element.addEventListener("click", (event) => {
  const button = event.target.closest("button, [data-time]");
  if (!button || button.disabled) return;
  const { verdict: value, of, score, unmark, time, id, step: by, export: kind } = button.dataset;
  if (time !== undefined) { if (video.readyState) { video.pause(); video.currentTime = Number(time) + 0.001; } }
  else if (value) verdict(of, value);
  else if (score) verdict(of, "disagree", Number(score));
  else if (unmark) { said.wrong_passages.splice(Number(unmark), 1); paintText(); changed(); }
  else if (id) open(id);
  else if (by) move(Number(by));
  else if (kind) download(kind);
  else if (button.dataset.do === "mark") mark();
  else if (button.dataset.do === "save") keepNow();
  else if (button.matches(".vs-more-items")) list(true);
  else if (button.matches(".vs-remove-review")) {
    if (!sure) { sure = 1; button.textContent = words.remove_sure; return; }
    sure = 0;
    button.textContent = words.remove;
    clearTimeout(timer);
    said = blank();
    note.value = "";
    keep(draftKey(shown.id, reviewer), null);
    waiting.set(shown.id, { who: reviewer, review: null });
    saved = formOf(said);
    paintText();
    paint();
    send();
  }
});
rated.addEventListener("focusin", (event) => {
  const box = event.target.closest("[data-key]"), number = DIMENSIONS.indexOf(box?.dataset.key);
  if (number >= 0 && !box.contains(event.relatedTarget)) choose(number);
});
// A press on the button must not take the selection away that it is about.
find("[data-do=mark]").addEventListener("mousedown", (event) => event.preventDefault());
note.addEventListener("input", () => { said.note = note.value; changed(); });
note.addEventListener("change", () => save());
let searching = 0;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => { clearTimeout(searching); searching = setTimeout(() => list(), 250); });
nameBox?.addEventListener("change", () => named(nameBox.value));
nameBox?.addEventListener("keydown", (event) => { if (event.key === "Enter") nameBox.blur(); });
keysBox.addEventListener("change", () => keep("vs2-review-keys", keysBox.checked ? "on" : "off"));
video.addEventListener("error", () => video.getAttribute("src") && clipSays(words.unplayable));

function keepNow() {
  save();
  if (unnamed()) nameBox.focus();
}
function key(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", key);
  if (!element.offsetParent || !keysBox.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("textarea, select, [contenteditable], input:not([type=checkbox])")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const digit = Number(/^(?:Digit|Numpad)([1-5])$/.exec(event.code)?.[1]), letter = event.key.toLowerCase();
  const now = DIMENSIONS[active];
  if (letter === "j" || letter === "k") move(letter === "j" ? 1 : -1);
  else if (!shown) return;
  else if (digit && (event.shiftKey || awaitsScore)) verdict(now, "disagree", digit);
  else if (digit && digit <= DIMENSIONS.length) {
    choose(digit - 1);
    const box = find(`.vs-rated-part[data-key="${DIMENSIONS[active]}"]`);
    box.scrollIntoView({ block: "nearest" });
    box.querySelector(".vs-vote button:not(:disabled)").focus({ preventScroll: true });  // Tab goes on from there
  } else if (event.shiftKey || digit) return;
  else if (letter === "a") verdict(now, "agree");
  else if (letter === "d") verdict(now, "disagree");
  else if (letter === "h" || letter === "l") step(letter === "h" ? -1 : 1);
  else if (letter === "m") mark();
  else if (letter === "n") note.focus();
  else if (letter === "s") keepNow();
  else if (letter === "p") { if (video.paused) video.play().catch(() => {}); else video.pause(); }
  else if (event.key === "Escape") { awaitsScore = false; paint(); return; }
  else return;
  event.preventDefault();
}
document.addEventListener("keydown", key);
keysBox.checked = kept("vs2-review-keys") !== "off";
if (nameBox) { reviewer = (kept("vs2-reviewer") || "").trim(); nameBox.value = reviewer; }
watch("value", () => start());
if (props.value) start();
