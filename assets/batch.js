// The files of the Batch page: chosen or dropped, many at once, sent one after another. Runs once when the zone is
// made; `words` (sentences and limits) is put before it. The value is {files: [{path, name}], turn}.
const find = (name) => element.querySelector(name);
const zone = find(".vs-zone"), input = find("input"), box = find(".vs-files"), list = find("ul"), busy = find(".vs-busy");
const problem = find(".vs-zone-problem");
let files = [], turn = 0, sending = false, checking = false;
const waits = early("batch", () => sending || checking);

function say(sentence) {
  problem.textContent = sentence || "";
  problem.hidden = !sentence;
}
function draw() {
  const bare = !files.length && !sending;
  const held = element.contains(document.activeElement) && document.activeElement !== document.body;
  zone.dataset.state = bare ? "empty" : "ready";
  box.hidden = bare;
  input.tabIndex = bare ? 0 : -1;
  if (held && bare) input.focus();
  else if (document.activeElement === input && !bare) find(".vs-add").focus();
  list.replaceChildren(...files.map((file) => {
    const line = document.createElement("li");
    line.append(naming(make("span", "vs-name"), file.name));
    return line;
  }));
}
function publish() {
  const sent = files.filter((file) => file.path);  // after a reload only the names of the files are known
  const kept = files.filter((file) => !file.path).map((file) => file.name);
  props.value = { files: sent.map(({ path, name }) => ({ path, name })), kept, turn };
  checking = true;
  waits.progress(100);
  trigger("upload");
}
async function take(chosen) {
  if (!chosen.length || sending) return;
  const mine = (turn += 1);
  say("");
  if (files.length + chosen.length > words.most) {
    return say(fill(words.too_many, { count: files.length + chosen.length, most: words.most }));
  }
  sending = true;
  draw();
  const all = chosen.reduce((sum, file) => sum + file.size, 0);
  let gone = 0;
  for (const [index, file] of chosen.entries()) {
    busy.textContent = fill(words.sending, { number: index + 1, count: chosen.length });
    if (file.size > words.megabytes * 1048576) {
      say(fill(words.too_large, { name: file.name, megabytes: words.megabytes }));
      gone += file.size;
      continue;
    }
    try {
      const before = gone;
      const sent = await send_file(file, (come) => { if (mine === turn) waits.progress(Math.min(99, percent(before + come, all))); });
      if (mine !== turn) return;
      files = [...files.filter((other) => other.name !== file.name), { path: sent.path, name: file.name }];
      draw();
    } catch (error) {
      if (mine !== turn) return;
      say(fill(words.not_sent, { name: file.name }));
    }
    gone += file.size;
  }
  sending = false;
  busy.textContent = files.length ? words.checking : "";
  draw();
  if (files.length) publish(); else waits.settle(false);
}
function clear() {
  turn += 1;
  sending = checking = false;
  waits.settle(false);
  files = [];
  busy.textContent = "";
  say("");
  draw();
  props.value = { files: [], turn };
  window.vs2?.keep("batch", { run: "" });
  trigger("clear");
}
// The server's answer: what it kept, after a reload of the page too, or the sentence that says what is wrong.
function hear() {
  const value = props.value;
  if (!value?.checked || (value.turn && value.turn !== turn)) return;
  window.vs2?.keep("batch", { run: value.run ?? "" });  // with which a reload finds the table
  if (value.kept) files = value.kept.map((name) => ({ name, path: "" }));
  if (!sending) busy.textContent = "";
  say(value.problem);
  draw();
  checking = false;
  if (!sending) waits.settle(!value.problem);
}
watch("value", hear);
hear();  // after a reload it may have come before this script ran
input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
find(".vs-add").addEventListener("click", () => input.click());
find(".vs-clear").addEventListener("click", clear);
element.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("vs-over"); });
element.addEventListener("dragleave", () => zone.classList.remove("vs-over"));
element.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("vs-over");
  take([...event.dataTransfer.files]);
});
