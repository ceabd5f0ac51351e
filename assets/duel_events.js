// The Duel page: clicks, keys, files. The last of the files that make one script.
const keysBox = find("[name=keys]"), KEYS_KEPT = "vs2-duel-keys";
const DO = {
  folder: () => folder.click(), clear: () => { trouble(""); clear(); }, all: () => { close(); start(); },
  play: () => play(!wanted), again: async () => { const answer = await call("duel_again"); if (!answer.problem) { take(answer.duel); stale(); next(); } },
  retry: () => next(), skip, undo: () => undo(), rank: () => (ranked.hidden ? reveal() : forget()), delete: remove,
  restore: async () => { const answer = await call("duel_restore"); if (!answer.problem) start(); },
  bring: () => find("[data-scores]").click(),
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { do: what, choice, vote: id, open: other, export: kind } = button.dataset;
  if (what !== "delete") { sure = false; find("[data-do=delete]").textContent = words.delete; }
  if (what) DO[what]();
  else if (choice) choose(button.closest("[data-aspect]").dataset.aspect, choice);
  else if (id) undo(id);
  else if (kind) download(kind);
  else if (other) call("duel_open", { id: other }).then((answer) => answer.duel ? open(answer.duel) : start());
});
form.addEventListener("submit", (event) => { event.preventDefault(); create(); });
form.layout.addEventListener("change", () => look());
input.addEventListener("change", () => { add([...input.files].map((file) => ({ file, name: file.name }))); input.value = ""; });
folder.addEventListener("change", () => { add([...folder.files].map((file) => ({ file, name: file.webkitRelativePath || file.name }))); folder.value = ""; });
find("[data-scores]").addEventListener("change", ({ target }) => { if (target.files[0]) bring(target.files[0]); target.value = ""; });
by.addEventListener("change", () => reveal());
setup.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("vs-over"); });
setup.addEventListener("dragleave", () => zone.classList.remove("vs-over"));
setup.addEventListener("drop", async (event) => {
  event.preventDefault();
  zone.classList.remove("vs-over");
  const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...event.dataTransfer.files].map((file) => ({ file, name: file.name }));
  try { add(entries.length ? (await Promise.all(entries.map((one) => inside(one)))).flat() : plain); } catch (error) { add(plain); }
});
seek.addEventListener("input", () => { const at = Number(seek.value); play(false); put(at); });
for (const video of videos) {
  video.addEventListener("error", () => {
    if (!video.getAttribute("src")) return;
    const note = video.parentElement.querySelector(".vs-duel-unplayable");
    note.textContent = words.unplayable;
    note.hidden = false;
  });
  video.addEventListener("loadedmetadata", () => where(lead()));
  video.addEventListener("click", () => play(!wanted));
}
keysBox.addEventListener("change", () => keep(KEYS_KEPT, keysBox.checked ? "on" : "off"));
function key(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", key);
  if (!desk.offsetParent || !keysBox.checked || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing) return;
  if (event.target.closest?.("textarea, select, [contenteditable], input:not([type=checkbox]), [role=tab], .vs-duel-table, pre")) return;
  const choice = { ArrowLeft: 0, ArrowRight: 1, ArrowUp: 2, ArrowDown: 3, 1: 0, 2: 1, 3: 2, 4: 3 }[event.key];
  if (choice !== undefined) {
    if (event.repeat || !pair) return;
    choose(duel.aspects[active], CHOICES[choice]);
  } else if (event.key === " ") {
    if (event.target.closest?.("button, summary, input")) return;
    play(!wanted);
  } else if (event.repeat && !",.".includes(event.key)) return;
  else if (event.key === ",") step(-1);
  else if (event.key === ".") step(1);
  else if (event.key === "s") skip();
  else if (event.key === "u" && duel?.seen) undo();
  else return;
  event.preventDefault();
}
document.addEventListener("keydown", key);
keysBox.checked = kept(KEYS_KEPT) !== "off";
let judged = 0;
watch("value", () => {
  if (props.value?.turn) start();
  else if (props.value?.judged && props.value.judged !== judged) {
    judged = props.value.judged;
    if (!ranked.hidden) reveal();
  }
});
if (props.value?.turn) start();
