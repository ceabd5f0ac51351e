// The Duel page: the two clips, in step, and what is said of them. Follows duel.js in one script.
const videos = all(".vs-duel-players video"), seek = find(".vs-duel-controls input"), STEP = 1 / 24;
const lead = () => videos[0].duration >= videos[1].duration ? videos[0] : videos[1];  // the longer one leads
let wanted = true, clock = 0;  // whether they are to play
let slow = 0, waiting = "";  // what was told before it said that clips are prepared, which it says where that takes long

function busy(sentence) {
  desk.toggleAttribute("aria-busy", !!sentence);
  clearTimeout(slow);
  const told = find(".vs-duel-told").textContent;
  if (sentence) slow = setTimeout(() => { waiting = told; tell(sentence); }, 600);
  else if (told === words.preparing) tell(waiting);
  for (const button of all(".vs-duel-questions button, [data-do=skip]")) button.disabled = !!sentence;
}
function show() {
  find(".vs-duel-prompt p").textContent = pair.prompt;
  said = {};
  active = 0;
  began = performance.now();
  for (const video of videos) {
    const side = video.closest("[data-side]").dataset.side;
    video.parentElement.querySelector(".vs-duel-unplayable").hidden = true;
    video.src = source(pair[side]);
    video.load();
  }
  seek.value = 0;
  questions();
  play(true);
}
function stop() {
  for (const video of videos) { video.pause(); video.removeAttribute("src"); video.load(); }
}
function play(on) {
  wanted = on;
  find("[data-do=play]").textContent = on ? words.pause : words.play;
  for (const video of videos) if (on) video.play().catch(() => {}); else video.pause();
  cancelAnimationFrame(clock);
  if (on) clock = requestAnimationFrame(follow);
}
function follow() {  // the shorter clip waits at its end until the longer one begins again
  if (!element.isConnected) return;
  const first = lead(), other = videos.find((one) => one !== first);
  if (first.duration && other.duration) {
    const place = Math.min(first.currentTime, other.duration - 0.001);
    if (!other.seeking && Math.abs(other.currentTime - place) > 0.12) other.currentTime = place;
    if (first.currentTime >= other.duration) other.pause();
    else if (wanted && other.paused) other.play().catch(() => {});
    where(first);
  }
  if (wanted) clock = requestAnimationFrame(follow);
}
function where(first) {
  seek.max = first.duration || 1;
  seek.value = first.currentTime;
  seek.setAttribute("aria-valuetext", `${first.currentTime.toFixed(1)} s`);
  find(".vs-duel-time").textContent = `${first.currentTime.toFixed(1)} s / ${(first.duration || 0).toFixed(1)} s`;
}
function put(at) {
  const first = lead(), place = Math.max(0, Math.min(at, (first.duration || 0) - 0.001));
  for (const video of videos) if (video.duration) video.currentTime = Math.min(place, video.duration - 0.001);
  seek.value = place;
  find(".vs-duel-time").textContent = `${place.toFixed(1)} s / ${(first.duration || 0).toFixed(1)} s`;
}
function step(by) {
  play(false);
  put(lead().currentTime + by * STEP);
}

// ---- the questions: one, or one a dimension
function called(choice) {  // an answer's name: a side is called another thing where one clip stands above the other
  const tall = { [CHOICES[0]]: words.top, [CHOICES[1]]: words.bottom }[choice], wide = words.choices[choice];
  return tall ? [make("span", "vs-duel-wide", wide), make("span", "vs-duel-tall", tall)] : [make("span", "", wide)];
}
function answer(choice) {
  const button = make("button");
  button.type = "button";
  button.dataset.choice = choice;
  button.append(...called(choice));
  return button;
}
function questions() {
  find(".vs-duel-questions").replaceChildren(...duel.aspects.map((aspect) => {
    const row = make("div", "vs-duel-question");
    row.dataset.aspect = aspect;
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", words.names[aspect]);
    if (duel.aspects.length > 1) row.append(make("span", "vs-duel-aspect", words.names[aspect]));
    const [left, right, tie, bad] = CHOICES;
    row.append(...[left, tie, bad, right].map(answer));
    return row;
  }));
  paint();
}
function paint() {
  for (const row of all(".vs-duel-question")) {
    const aspect = row.dataset.aspect;
    row.classList.toggle("vs-active", duel.aspects.length > 1 && duel.aspects[active] === aspect);
    for (const button of row.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", said[aspect] === button.dataset.choice);
      button.disabled = sending || desk.hasAttribute("aria-busy");
    }
  }
}
function choose(aspect, choice) {
  if (!pair || sending || desk.hasAttribute("aria-busy")) return;
  said[aspect] = choice;
  const open = duel.aspects.findIndex((one) => !said[one]);
  if (open < 0) { paint(); return vote({ ...said }, words.saved); }
  active = open;
  paint();
}
function skip() { vote({}, words.skipped); }
