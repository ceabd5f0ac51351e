// The bar under the player: a mark for each moment that the rationale names, in the colour of the section that names it.
// Put after player.js. The rationale's script says when there are other words (`vs2:said`, vs2/ui/scripts.py).
const bar = find(".vs-timeline"), track = find(".vs-track"), head = find(".vs-head-mark"), tip = find(".vs-tip");
// A moment's buttons in the rationale that is shown; those of further samples are theirs alone.
const NAMED = "#rationale .vs-said > p .vs-time, #rationale .vs-said > .vs-part .vs-time";
// Pixels that a mark takes presses in; for fingers more (assets/touch.css).
const SMALLEST = 8, WIDEST = matchMedia("(pointer: coarse), (max-width: 760px)").matches ? 44 : 24;
let moments = [], marks = [], drawn = "";

function moments_named() {
  const found = new Map();
  for (const button of document.querySelectorAll(NAMED)) {
    const { time, mark, sentence } = button.dataset;
    const one = found.get(time) ?? { time: Number(time), names: [], said: [], parts: [] };
    const part = button.closest("[data-part]")?.dataset.part ?? "";
    if (!one.names.includes(mark)) one.names.push(mark);
    if (!one.said.includes(sentence)) one.said.push(sentence);
    if (!one.parts.includes(part)) one.parts.push(part);
    found.set(time, one);
  }
  return [...found.values()].sort((one, other) => one.time - other.time);
}
const colour = (part) => `var(--vs-${part}, var(--vs-quiet))`;
// One moment of several sections has a stripe of each colour.
function stripes(parts) {
  const each = 100 / parts.length;
  return `linear-gradient(${parts.map((part, n) => `${colour(part)} ${n * each}% ${(n + 1) * each}%`).join(", ")})`;
}
function mark_of(moment) {
  const button = make("button", "vs-moment"), line = make("i");
  button.type = "button";
  button.dataset.time = moment.time;
  button.dataset.parts = moment.parts.join(" ");
  button.setAttribute("aria-label", moment.names.join("; "));
  line.style.background = stripes(moment.parts);
  button.append(line);
  button.addEventListener("click", () => seek_to(moment.time));
  button.addEventListener("focus", () => tell(button, moment));
  button.addEventListener("blur", hush);
  button.addEventListener("pointerenter", () => tell(button, moment));
  return button;
}
function seek_to(time) {
  if (!video.readyState) return;
  video.pause();
  video.currentTime = time + 0.001;  // a hair inside the frame, so that rounding does not show the one before
}
function tell(button, moment) {
  tip.replaceChildren(make("b", "", moment.names.join("; ")), ...moment.said.map((said) => make("span", "", said)));
  tip.hidden = false;
  hold(button);
  const room = bar.clientWidth - tip.offsetWidth, middle = button.offsetLeft + button.offsetWidth / 2;
  tip.style.left = `${Math.max(0, Math.min(room, middle - tip.offsetWidth / 2))}px`;
}
function hold(button) {
  for (const one of marks) one.removeAttribute("aria-describedby");
  button?.setAttribute("aria-describedby", tip.id);
}
function hush() {
  tip.hidden = true;
  hold(null);
}
// Where two are close, each takes presses up to the middle between them.
function place() {
  const whole = video.duration, wide = track.clientWidth;
  marks.forEach((button, n) => {
    const near = [moments[n - 1], moments[n + 1]].filter(Boolean).map((one) => Math.abs(one.time - moments[n].time));
    const room = whole > 0 && near.length ? (Math.min(...near) / whole) * wide : WIDEST;
    button.style.width = `${Math.max(SMALLEST, Math.min(WIDEST, room))}px`;
    button.style.left = `${whole > 0 ? Math.min(100, (moments[n].time / whole) * 100) : 0}%`;
  });
  bar.dataset.ready = whole > 0 && whole < Infinity ? "yes" : "";
  follow();
}
function look() {
  const found = moments_named(), now = JSON.stringify(found);
  if (now === drawn) return;
  drawn = now;
  const held = marks.indexOf(document.activeElement), time = held >= 0 ? moments[held].time : null;
  hush();
  moments = found;
  for (const button of marks) button.remove();
  marks = moments.map(mark_of);
  track.append(...marks);
  place();
  if (held < 0) return;
  const same = moments.findIndex((moment) => moment.time === time);
  if (same >= 0) marks[same].focus({ preventScroll: true });
}
function follow() {
  const whole = video.duration, now = video.currentTime;
  head.style.left = `${whole > 0 && whole < Infinity ? (now / whole) * 100 : 0}%`;
  let last = -1;
  moments.forEach((moment, n) => { if (moment.time <= now + 0.002) last = n; });
  marks.forEach((button, n) => { if (n === last) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current"); });
  if (!video.paused && !video.ended) requestAnimationFrame(follow);
}
for (const kind of ["loadedmetadata", "durationchange", "emptied"]) video.addEventListener(kind, place);
for (const kind of ["play", "seeking", "seeked", "timeupdate", "pause"]) video.addEventListener(kind, follow);
bar.addEventListener("pointerleave", () => { if (!marks.includes(document.activeElement)) hush(); });
bar.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !tip.hidden) { event.stopPropagation(); hush(); }
  const at = marks.indexOf(document.activeElement), next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: marks.length - 1 }[event.key];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  marks[next]?.focus();
});
new ResizeObserver(place).observe(track);
document.addEventListener("vs2:said", look);
look();  // the rationale may have come before this script ran
