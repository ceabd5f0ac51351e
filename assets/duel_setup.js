// The Duel page: clips are added, and what their names tell is looked at before a duel starts. Follows duel_ranking.js
// in one script.
const zone = find(".vs-zone"), input = find("[data-files]"), folder = find("[data-folder]"), form = find(".vs-duel-form");
const found = find(".vs-duel-found"), line = find(".vs-duel-setup .vs-busy");
let files = [], adding = 0;  // {path, name}: `name` with the folders that the visitor's disk has

function listed(duels) {
  const box = find(".vs-duel-mine");
  box.hidden = !duels.length;
  box.querySelector("ul").replaceChildren(...duels.map((one) => {
    const row = make("li"), button = make("button");
    button.type = "button";
    button.dataset.open = one.id;
    button.append(make("b", "", one.name), make("span", "", say(words.seen, { count: one.seen })));
    row.append(button);
    return row;
  }));
}
let over = 0;
function undoable(undo) {  // what was deleted last, as long as that can be taken back
  const line = find(".vs-duel-undo");
  clearTimeout(over);
  line.hidden = !undo;
  line.querySelector("span").textContent = undo?.said ?? "";
  if (undo) over = setTimeout(() => { line.hidden = true; }, undo.seconds * 1000);
}
async function inside(entry, way = "") {  // the files of a folder that was dropped, with their paths
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    return [{ file, name: way + file.name }];
  }
  const reader = entry.createReader(), entries = [];
  for (;;) {  // it gives a hundred at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) break;
    entries.push(...some);
    if (entries.length > 4 * words.most) break;
  }
  return (await Promise.all(entries.map((one) => inside(one, `${way}${entry.name}/`)))).flat();
}
async function add(chosen) {  // [{file, name}]
  chosen = chosen.filter(({ name }) => !name.split("/").some((part) => part.startsWith(".")));
  if (!chosen.length) return;
  trouble("");
  const count = files.length + chosen.length, mine = (adding += 1);
  if (count > words.most) return trouble(say(words.too_many, { count, most: words.most }));
  begin(false);
  for (const [index, { file, name }] of chosen.entries()) {
    line.textContent = say(words.sending, { number: index + 1, count: chosen.length });
    if (file.size > words.megabytes * 1048576) { trouble(say(words.too_large, { name, megabytes: words.megabytes })); continue; }
    try {
      const sent = await upload(file);
      if (mine !== adding) return;
      files = [...files.filter((one) => one.name !== name), { path: sent.path, name }];
    } catch (error) {
      if (mine !== adding) return;
      trouble(say(words.not_sent, { name }));
    }
  }
  look();
}
function begin(ready) {
  form.querySelector("[type=submit]").disabled = !ready;
  find("[data-do=clear]").hidden = !files.length;
  zone.dataset.state = "empty";
  if (!ready) found.hidden = true;
}
async function look() {
  if (!files.length) { line.textContent = ""; return begin(false); }
  const mine = (adding += 1), earlier = find(".vs-duel-problem").textContent;
  begin(false);
  line.textContent = words.checking;
  const answer = await call("duel_look", { files, layout: form.layout.value });
  if (mine !== adding) return;
  line.textContent = "";
  if (answer.problem) return;
  trouble(earlier.startsWith(words.offline) ? "" : earlier);
  begin(true);
  found.hidden = false;
  find(".vs-duel-said").textContent = answer.said;
  find(".vs-duel-names").textContent = say(words.found_names, { names: answer.names });
  const left = found.querySelector("details");
  left.hidden = !answer.left_out_count;
  left.querySelector("summary").textContent = say(words.left_out, { count: answer.left_out_count });
  left.querySelector("ul").replaceChildren(...answer.left_out.map((one) => make("li", "", one)));
}
function clear() {
  adding += 1;
  files = [];
  line.textContent = "";
  begin(false);
  for (const part of [".vs-duel-said", ".vs-duel-names"]) find(part).textContent = "";
  found.querySelector("ul").replaceChildren();
}
async function create() {
  const button = form.querySelector("[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  line.textContent = words.starting;
  const answer = await call("duel_start", { files, layout: form.layout.value, name: form.elements.name.value, each: form.each.checked });
  line.textContent = "";
  button.disabled = false;
  if (answer.problem) return;
  clear();  // the names are off the page
  form.reset();
  open(answer.duel);
  find(".vs-duel-name").tabIndex = -1;
  find(".vs-duel-name").focus();
}
