// The grid of the Best of N page: a tile a candidate, with its player, moved to its place as it is judged.
// Runs once when the grid is made; `words` is put before it. The value is {items, number, run}, from the server.
const list = element.querySelector(".vs-contest"), empty = element.querySelector(".vs-empty");
const all = element.querySelector(".vs-play-all");
const tiles = new Map();
const write = (part, said) => { if (part.textContent !== said) part.textContent = said; };

function tile(item) {
  const made = make("li", "vs-entry"), frame = make("div", "vs-frame"), video = make("video");
  Object.assign(video, { muted: true, loop: true, playsInline: true, tabIndex: 0, preload: "metadata", hidden: true });
  video.setAttribute("aria-label", item.label);
  const stage = make("p", "vs-stage"), meter = make("i", "vs-meter"), bar = make("b");
  meter.append(bar);
  frame.append(video, stage, meter);
  const line = make("p", "vs-entry-line");
  const place = make("span", "vs-place"), overall = make("b", "vs-entry-overall");
  line.append(make("b", "vs-number", String(item.number)), naming(make("span", "vs-name"), item.name), place, overall);
  const scores = make("dl", "vs-three"), cells = {};
  for (const [key, label] of Object.entries(words.SHORT)) {
    const cell = make("div");
    cells[key] = make("dd");
    cell.append(make("dt", "", label), cells[key]);
    scores.append(cell);
  }
  const note = make("p", "vs-entry-note"), links = make("p", "vs-entry-links");
  made.append(frame, line, scores, note, links);
  // The player's own controls hide much of a small picture: they are there for whoever points at it or has come to it.
  for (const kind of ["pointerenter", "focusin"]) frame.addEventListener(kind, () => { video.controls = true; });
  frame.addEventListener("pointerleave", () => { video.controls = frame.contains(document.activeElement); });
  frame.addEventListener("focusout", () => { video.controls = frame.matches(":hover"); });
  for (const kind of ["play", "pause", "loadedmetadata"]) video.addEventListener(kind, tell);
  return { made, video, stage, meter, bar, place, overall, scores, cells, note, links, path: "", kept: "" };
}
function show(item) {
  if (!tiles.has(item.number)) {
    const fresh = tile(item);
    tiles.set(item.number, fresh);
    list.append(fresh.made);
  }
  const one = tiles.get(item.number);
  one.made.dataset.state = item.state;
  one.made.toggleAttribute("data-winner", Boolean(item.winner));
  if (item.player && item.player !== one.path) {
    one.path = item.player;
    one.video.src = `${source(item.player)}#t=0.001`;  // a telephone shows no frame before one is asked for
    one.video.hidden = false;
  }
  write(one.stage, item.said);
  one.stage.hidden = !item.said;
  one.meter.hidden = item.percent === null;
  one.bar.style.width = `${item.percent ?? 0}%`;
  write(one.place, item.place);
  write(one.overall, item.overall);
  one.overall.classList.toggle("vs-lacking", !/\d/.test(item.overall));  // words in a number's place
  one.scores.hidden = !item.scores;
  for (const [key, cell] of Object.entries(one.cells)) {
    write(cell, item.scores?.[key] ?? "");
    cell.classList.toggle("vs-lacking", !/\d/.test(cell.textContent));
  }
  write(one.note, item.note);
  one.note.classList.toggle("vs-problem", item.state === "failed");
  if (item.kept !== one.kept) {
    one.kept = item.kept;
    one.links.replaceChildren(...item.links.map(({ to, said, label }) => {
      const link = make("a", "", said);
      link.href = to;
      link.dataset.open = "";
      link.setAttribute("aria-label", label);
      return link;
    }));
  }
}
// A player that is moved in the page is paused by that, and loses the keyboard.
function order(items) {
  const wanted = items.map((item) => tiles.get(item.number).made);
  if (wanted.every((part, index) => part === list.children[index])) return;
  const held = document.activeElement, playing = [...tiles.values()].filter((one) => !one.video.paused);
  wanted.forEach((part, index) => { if (list.children[index] !== part) list.insertBefore(part, list.children[index] ?? null); });
  for (const one of playing) one.video.play().catch(() => {});  // another update may move it again meanwhile
  if (list.contains(held)) held.focus({ preventScroll: true });
}
function tell() {
  const there = [...tiles.values()].filter((one) => one.path);
  all.hidden = there.length < 2;
  write(all, there.some((one) => !one.video.paused) ? words.PAUSE_ALL : words.PLAY_ALL);
}
function hear() {
  const { items = [], run = "" } = props.value ?? {};
  window.vs2?.keep("best_of", { run });  // with which a reload finds what was made
  const known = new Set(items.map((item) => item.number));
  for (const [number, one] of tiles) {
    if (known.has(number)) continue;
    one.video.removeAttribute("src");
    one.made.remove();
    tiles.delete(number);
  }
  items.forEach(show);
  order(items);
  empty.hidden = items.length > 0;
  tell();
}
all.addEventListener("click", () => {
  const there = [...tiles.values()].filter((one) => one.path), halt = there.some((one) => !one.video.paused);
  for (const { video } of there) {
    if (halt) video.pause();
    else { video.currentTime = 0; video.play().catch(() => {}); }  // a browser that plays nothing says so by itself
  }
});
watch("value", hear);
hear();
