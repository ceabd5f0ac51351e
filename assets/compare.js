// The board of the Compare page: candidates that are uploaded or come from the history, and their players in step.
// Runs once when the board is made; `words` (sentences, limits, colours) is put before it.
const find = (name) => element.querySelector(name);
const zone = find(".vs-zone"), input = find("input[type=file]"), problem = find(".vs-zone-problem");
const players = find(".vs-players"), tiles = find(".vs-tiles"), picker = find(".vs-picker");
const seek = find(".vs-seek"), clock = find(".vs-clock"), playing = find(".vs-play");
// What is shown, in order: {key, name, prompt, path, id, again, problem, fps, kept, asked, tile, video, sent}. `kept` is
// what its judgement here is stored under, `asked` the settings that it was judged with.
let items = [], busy = false, at = 0, running = false, made = 0, ruled = "";

function say(sentence) {
  problem.textContent = sentence || "";
  problem.hidden = !sentence;
}
// The value that the server gets; `changed` says that other candidates stand there than before.
function publish(changed) {
  const names = ["key", "name", "prompt", "path", "id", "again", "problem", "rate"];
  props.value = { items: items.map((item) => Object.fromEntries(names.map((name) => [name, item[name]]))) };
  remember();
  if (changed) trigger("select");
}
// What a reload brings back; and the address names what stands here, where all of it is stored.
function remember() {
  const names = ["key", "name", "prompt", "path", "player", "id", "again", "rate", "fps", "by", "overall", "kept", "asked"];
  const there = items.filter((item) => item.path || item.id), stored = items.map((item) => (item.again ? "" : item.id) || item.kept);
  window.vs2?.keep("compare", { items: there.map((item) => Object.fromEntries(names.map((name) => [name, item[name]]))) });
  window.vs2?.place("compare", { e: stored.every(Boolean) ? stored : [], rule: ruled });
}
const waits = early("compare", () => items.some((item) => item.file));
// How much of all that is on its way here has come.
function share() {
  const sending = items.filter((item) => item.size);
  const sum = (of) => sending.reduce((total, item) => total + of(item), 0);
  waits.progress(sending.some((item) => !item.sent) ? Math.min(99, percent(sum((item) => item.come ?? 0), sum((item) => item.size))) : 100);
}
function draw() {
  items.forEach((item, index) => {
    item.tile.style.setProperty("--candidate", words.colours[index % words.colours.length]);
    item.tile.querySelector(".vs-number").textContent = index + 1;
    item.own.setAttribute("aria-label", fill(words.OWN_PROMPT_LABEL, { number: index + 1 }));
  });
  const bare = !items.length;
  tiles.dataset.count = items.length;
  zone.dataset.state = bare ? "empty" : "ready";
  input.tabIndex = bare ? 0 : -1;
  players.hidden = bare;
  find(".vs-keys").hidden = find(".vs-add").hidden = bare;
  find(".vs-count").textContent = bare ? "" : fill(words.COUNT, { count: items.length, most: words.most });
  for (const control of element.querySelectorAll(".vs-add, .vs-past, .vs-drop-one, .vs-own textarea, .vs-again input")) {
    control.disabled = busy;
  }
  items.forEach(({ tile }, index) => {
    for (const one of tile.querySelectorAll(".vs-move")) one.disabled = busy || !items[index + Number(one.dataset.by)];
  });
  extent();
}
function tile(item) {
  const made = make("li", "vs-tile"), figure = make("figure"), caption = make("figcaption");
  const video = make("video");
  Object.assign(video, { muted: true, playsInline: true, preload: "auto", disablePictureInPicture: true });
  video.setAttribute("aria-label", item.name);
  video.addEventListener("loadedmetadata", () => {
    if (!video.videoWidth) note(item, words.UNPLAYABLE);  // its sound alone can be played
    video.currentTime = Math.min(at, video.duration || 0);
    extent();
  });
  video.addEventListener("error", () => { if (video.getAttribute("src")) note(item, words.UNPLAYABLE); });
  video.addEventListener("click", toggle);
  const gone = make("button", "vs-quiet vs-drop-one", "×");
  gone.type = "button";
  gone.setAttribute("aria-label", fill(words.REMOVE, item));
  gone.addEventListener("click", () => remove(item));
  caption.append(make("b", "vs-number"), naming(make("span", "vs-name"), item.name), make("span", "vs-tile-state"), ordering(item, caption), gone);
  const view = make("div", "vs-view");
  view.append(video);
  figure.append(view, caption);
  made.append(figure, make("p", "vs-tile-note"));
  made.dataset.key = item.key;
  const own = make("details", "vs-own"), area = make("textarea");
  area.rows = 2;
  area.maxLength = 4000;
  area.placeholder = words.OWN_PROMPT_HINT;
  area.value = item.prompt || "";
  area.addEventListener("input", () => { item.prompt = area.value; publish(); });
  own.append(make("summary", "", words.OWN_PROMPT), area);
  if (item.id) {
    made.append(make("p", "vs-by", item.by), make("p", "vs-asked", item.prompt));
    const again = make("label", "vs-again"), box = make("input");
    box.type = "checkbox";
    own.hidden = true;
    again.append(box, ` ${words.AGAIN}`);
    again.hidden = !item.path;
    if (item.again) own.hidden = !(box.checked = own.open = true);
    box.addEventListener("change", () => { item.again = box.checked; own.hidden = !(own.open = box.checked); publish(); });
    made.append(again);
  }
  if (!item.id && /\.zip$/i.test(item.name)) made.append(speed(item));
  made.append(own);
  tiles.append(made);
  Object.assign(item, { tile: made, video, own: area });
}
// How fast the pictures of a zip follow one another. Another rate makes it another candidate, not judged yet.
function speed(item) {
  const holder = make("div");
  holder.innerHTML = words.RATE_FIELD;
  const label = holder.firstElementChild, field = label.querySelector("input");
  label.hidden = false;
  if (item.rate) field.value = item.rate; else item.rate = field.valueAsNumber;
  field.addEventListener("change", async () => {
    if (field.valueAsNumber === item.rate) return;
    if (!field.checkValidity() || !field.value) {
      field.value = item.rate;
      field.setAttribute("aria-invalid", "true");
      field.focus();
      return say(words.RATE_WRONG);
    }
    field.removeAttribute("aria-invalid");
    say("");
    item.rate = field.valueAsNumber;
    item.tile.dataset.key = item.key = key();
    if (!item.sent) return;  // it is still on its way and takes the new rate with it
    item.path = "";
    await prepare(item);
  });
  return label;
}
function note(item, sentence, bad) {
  const place = item.tile.querySelector(".vs-tile-note");
  place.textContent = sentence || "";
  place.classList.toggle("vs-problem", Boolean(bad && sentence));
  if (bad) place.setAttribute("role", "alert");
}
const state = (item, said, kind) => {
  item.tile.querySelector(".vs-tile-state").textContent = said;
  item.tile.dataset.state = kind;
};
const key = () => `c${(made += 1)}-${Date.now().toString(36)}`;
function put(item) {
  items.push(Object.assign(item, { key: item.key ?? key() }));
  tile(item);
}
function remove(item) {
  const index = items.indexOf(item);
  item.gone = true;
  item.file = null;
  if (item.local) URL.revokeObjectURL(item.local);
  item.video.removeAttribute("src");
  item.tile.remove();
  items.splice(index, 1);
  say("");
  draw();
  publish(true);
  if (items.length) arrived(); else waits.settle(false);
  const next = items[Math.min(index, items.length - 1)];
  if (next) next.tile.querySelector(".vs-drop-one").focus(); else input.focus();
}

// Files: all are shown at once and sent one after another.
async function take(files) {
  if (busy || !files.length) return;
  const room = words.most - items.length, some = files.slice(0, room), rest = files.slice(room);
  say(room <= 0 ? fill(words.FULL, words)
    : rest.length ? fill(words.TOO_MANY, { most: words.most, names: rest.map((file) => file.name).join(", ") }) : "");
  const added = some.map((file) => {
    const item = {
      name: file.name, prompt: "", file, size: file.size, local: file.address ? "" : URL.createObjectURL(file) };
    put(item);
    if (!item.rate && item.local) item.video.src = item.local;
    state(item, file.address ? words.FETCHING : fill(words.SENDING, { percent: 0 }), "sending");
    return item;
  });
  draw();
  publish(true);
  for (const item of added) if (!item.gone) await send(item);
}
async function send(item) {
  if (item.file.size > words.megabytes * 1048576) return settle(item, { problem: words.TOO_LARGE });
  try {
    item.sent = (await sent_of(item.file, server, (gone) => {
      item.come = gone;
      if (!item.gone) state(item, fill(words.SENDING, { percent: percent(gone, item.size) }), "sending");
      share();
    })).path;
    share();
  } catch (error) {
    console.warn(error);
    return settle(item, { problem: error.said || words.LOST });
  }
  await prepare(item);
}
// The server looks at what was sent; for a zip again with each new rate, of which only the last counts.
async function prepare(item) {
  const asked = item.rate;
  let answer = { problem: words.LOST };
  state(item, words.PREPARING, "sending");
  publish(true);
  try {
    answer = (await server.prepare({ path: item.sent, name: item.name, rate: asked })) || answer;
  } catch (error) {
    console.warn(error);  // the sentence above says what to do
  }
  if (item.rate === asked) settle(item, answer);
}
function settle(item, answer) {
  item.file = null;
  if (item.gone) return;
  if (answer.problem) {
    item.problem = answer.problem;
    state(item, "", "bad");
    note(item, item.problem, true);
  } else {
    Object.assign(item, { path: answer.path, fps: answer.fps });
    state(item, "", "ready");
    item.player = answer.player;
    if (answer.player) { note(item, ""); item.video.src = source(answer.player); }
    else if (answer.rate) note(item, words.UNPLAYABLE);  // no browser plays a zip
  }
  publish(true);
  arrived();
}
// Nothing is on its way here any more: what waited for it begins.
const arrived = () => { if (!items.some((item) => item.file)) waits.settle(true); };

// Evaluations that are stored: from the history, or named by the page's address.
function recalled({ items: found, alone, problem: sentence }) {
  if (sentence) return say(sentence);
  if (alone) for (const item of [...items]) remove(item);
  for (const one of found) {
    if (one.id && items.some((item) => item.id === one.id)) continue;
    if (items.length >= words.most) { say(fill(words.FULL, words)); break; }
    const item = { ...one };
    put(item);
    state(item, one.id ? one.overall : "", one.problem ? "bad" : one.id ? "done" : "ready");
    if (one.problem) { note(item, one.problem, true); continue; }
    if (one.player) item.video.src = source(one.player); else note(item, one.note || words.NO_CLIP);
  }
  draw();
  publish(true);
}
async function past() {
  const list = find(".vs-past-list"), failed = picker.querySelector(".vs-problem");
  list.replaceChildren();
  failed.hidden = true;
  picker.showModal();
  const answer = (await server.past(window.vs2?.read() ?? {})) || { problem: words.PAST_FAILED };
  const said = answer.problem || (answer.rows.length ? "" : words.PAST_EMPTY);
  failed.textContent = said;
  failed.hidden = !said;
  for (const one of answer.rows ?? []) {
    const row = make("li"), facts = make("span", "vs-past-facts"), add = make("button", "vs-action", words.PAST_ADD);
    add.type = "button";
    add.setAttribute("aria-label", `${words.PAST_ADD}: ${one.name}, ${one.prompt}`);
    const there = () => items.some((item) => item.id === one.id);
    const done = () => { add.disabled = true; add.textContent = words.PAST_ADDED; };
    if (there()) done();
    add.addEventListener("click", async () => {
      add.disabled = true;
      const recall = await server.recall({ e: [one.id] });
      if (recall?.items?.length) recalled(recall);
      if (there()) done(); else { failed.textContent = problem.textContent || words.PAST_FAILED; failed.hidden = false; }
    });
    facts.append(naming(make("b", "vs-name"), one.name), make("span", "", one.prompt), make("small", "", one.by));
    row.append(facts, make("b", "vs-past-overall", one.overall), add);
    list.append(row);
  }
}

// The players: one clock for all. The longest clip that can be played leads, a shorter one waits at its end.
const playable = () => items.filter((item) => item.video.readyState >= 1 && item.video.duration < Infinity);
const longest = () => playable().reduce((most, item) => Math.max(most, item.video.duration), 0);
const rate = () => Math.max(0, ...playable().map((item) => item.fps || 0)) || 25;
function extent() {
  seek.max = longest() || 1;
  seek.step = 1 / rate();
  for (const control of element.querySelectorAll(".vs-transport :is(button, input, select)")) {
    control.disabled = !longest();
  }
  tell();
  players.dispatchEvent(new CustomEvent("vs2:candidates"));  // the views of them follow
}
function tell() {
  seek.value = at;
  clock.textContent = `${at.toFixed(2)} / ${longest().toFixed(2)} s`;
  seek.setAttribute("aria-valuetext", `${at.toFixed(2)} s`);
}
function go(to) {
  at = Math.min(Math.max(to, 0), longest());
  // A hair inside the frame, so that rounding does not show the one before.
  for (const { video } of playable()) video.currentTime = Math.min(at + 0.001, Math.max(0, video.duration - 0.001));
  tell();
}
function halt() {
  running = false;
  for (const { video } of items) video.pause();
  players.dataset.playing = "";
  playing.setAttribute("aria-label", words.PLAY);
  playing.title = words.PLAY;
}
function start() {
  if (!longest()) return;
  go(at >= longest() - 0.02 ? 0 : at);
  running = true;
  players.dataset.playing = "yes";
  playing.setAttribute("aria-label", words.PAUSE);
  playing.title = words.PAUSE;
  for (const { video } of playable()) {
    video.playbackRate = Number(find(".vs-speed").value);
    if (at < video.duration - 0.01) video.play().catch(() => {});  // it may be paused again before it has begun
  }
  requestAnimationFrame(follow);
}
const toggle = () => (running ? halt() : start());
function follow() {
  if (!running) return;
  const end = longest(), lead = playable().find((item) => item.video.duration === end)?.video;
  if (!lead) return halt();
  at = lead.currentTime;
  for (const { video } of playable()) {
    if (video !== lead && at < video.duration && !video.seeking && Math.abs(video.currentTime - at) > 0.12) {
      video.currentTime = at;
    }
  }
  if (lead.ended || at >= end - 0.005) {
    at = end;
    if (!find(".vs-loop").checked) { halt(); return tell(); }
    at = 0;
    return start();
  }
  tell();
  requestAnimationFrame(follow);
}
function step(frames) {
  halt();
  go((Math.round(at * rate()) + frames) / rate());
}

// What the server says of the run, and what a link puts here.
function hear(said) {
  if (said.items) return recalled(said);
  busy = Boolean(said.busy);
  ruled = said.rule ?? ruled;
  for (const one of said.states ?? []) {
    const item = items.find((item) => item.key === one.key);
    if (item) Object.assign(item, { kept: one.kept ?? "", asked: one.asked ?? null });
    if (!item || item.problem || item.file) continue;  // what is on its way here says so itself
    state(item, one.said, one.state);
    note(item, one.problem || "", true);
  }
  draw();
  remember();
}
const line = (window.vs2board ??= { waiting: [] });
Object.assign(line, { hear, go: (to) => { halt(); go(to); } });
line.waiting.splice(0).forEach(hear);

input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
addresses(element, (given) => take([given]));
find(".vs-add").addEventListener("click", () => input.click());
find(".vs-past").addEventListener("click", past);
find(".vs-close").addEventListener("click", () => picker.close());
playing.addEventListener("click", toggle);
find(".vs-back").addEventListener("click", () => step(-1));
find(".vs-forward").addEventListener("click", () => step(1));
seek.addEventListener("input", () => { halt(); go(Number(seek.value)); });
find(".vs-speed").addEventListener("change", (event) => {
  for (const { video } of items) video.playbackRate = Number(event.target.value);
});
players.addEventListener("keydown", (event) => {
  if (event.target.closest("textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const done = { ",": () => step(-1), ".": () => step(1) };
  if (!event.target.closest("button, summary, input")) {
    Object.assign(done, { " ": toggle, ArrowLeft: () => step(-1), ArrowRight: () => step(1) });
  } else if (event.target === seek) done[" "] = toggle;
  if (!done[event.key]) return;
  event.preventDefault();
  done[event.key]();
});
element.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("vs-over"); });
element.addEventListener("dragleave", () => zone.classList.remove("vs-over"));
element.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("vs-over");
  take([...event.dataTransfer.files]);
});
