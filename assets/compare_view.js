// Two players as one picture: one over the other up to a divider, or their difference. Both are drawn from the players
// themselves, so that they are in step as those are. Put after compare.js.
const MOST_DRAWN = 1920, MOST_COUNTED = 960;  // pixels of the longer side: of a wipe's pictures, of one of differences
const stage = find(".vs-blend"), mode = find(".vs-mode"), divider = find(".vs-divider"), wiped = find(".vs-wipe-top");
const below = find(".vs-wipe-below"), above = wiped.querySelector("canvas"), differing = find(".vs-difference");
const firsts = find(".vs-first-of select"), seconds = find(".vs-second-of select"), amplify = find(".vs-amplify select");
const hidden_ones = [0, 1].map(() => document.createElement("canvas"));
let pair = [null, null], drawing = false, divided = 50;

const drawable = () => items.filter((item) => item.video.videoWidth && item.video.duration < Infinity);
// Who is chosen stays chosen, wherever it is moved to, until it is gone.
function choose() {
  const there = drawable();
  pair[0] = there.includes(pair[0]) ? pair[0] : there.find((item) => item !== pair[1]) ?? null;
  pair[1] = there.includes(pair[1]) && pair[1] !== pair[0] ? pair[1] : there.find((item) => item !== pair[0]) ?? null;
  const able = there.length > 1, on = able && mode.value !== "side";
  mode.disabled = !able;
  if (!able) mode.value = "side";
  for (const [list, item] of [[firsts, pair[0]], [seconds, pair[1]]]) {
    list.replaceChildren(...there.map((one) => {
      const option = make("option", "", `${items.indexOf(one) + 1}: ${one.name}`);
      option.value = one.key;
      option.selected = one === item;
      return option;
    }));
    list.parentElement.hidden = !on || there.length < 3;
  }
  find(".vs-amplify").hidden = !on || mode.value !== "difference";
  players.dataset.view = stage.dataset.view = on ? mode.value : "side";
  stage.hidden = !on;
  if (!on) return;
  for (const [place, item] of [[find(".vs-blend-first"), pair[0]], [find(".vs-blend-second"), pair[1]]]) {
    const number = make("b", "vs-number", items.indexOf(item) + 1);
    number.style.setProperty("--candidate", item.tile.style.getPropertyValue("--candidate"));
    place.replaceChildren(number, make("span", "vs-name", item.name));
  }
  above.setAttribute("aria-label", pair[0].name);
  below.setAttribute("aria-label", pair[1].name);
  find(".vs-blend-said").textContent = "";
  divide(divided);
  paint();
}
function size(canvas, width, height, most) {
  const by = Math.min(1, most / Math.max(width, height)), wide = Math.max(1, Math.round(width * by)), high = Math.max(1, Math.round(height * by));
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
}
function paint() {
  if (stage.hidden || pair.some((item) => !item || item.video.readyState < 2)) return;
  if (mode.value === "difference") return differ();
  for (const [canvas, { video }] of [[above, pair[0]], [below, pair[1]]]) {
    size(canvas, video.videoWidth, video.videoHeight, MOST_DRAWN);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  }
}
// |first - second| of each colour of each pixel, times what is chosen; the mean is of what it is before that.
function differ() {
  const { videoWidth, videoHeight } = pair[0].video, note = find(".vs-blend-said"), times = Number(amplify.value);
  let one, other;
  try {
    [one, other] = pair.map(({ video }, n) => {
      size(hidden_ones[n], videoWidth, videoHeight, MOST_COUNTED);
      const { width, height } = hidden_ones[n], context = hidden_ones[n].getContext("2d", { willReadFrequently: true });
      context.drawImage(video, 0, 0, width, height);
      return context.getImageData(0, 0, width, height);
    });
  } catch (error) {  // the pixels of a file of another machine are not told
    note.textContent = words.NOT_DRAWN;
    return console.warn(error);
  }
  let sum = 0;
  for (let n = 0; n < one.data.length; n += 4) {
    for (let colour = n; colour < n + 3; colour += 1) {
      const apart = Math.abs(one.data[colour] - other.data[colour]);
      sum += apart;
      one.data[colour] = apart * times;  // what is above 255 is 255
    }
    one.data[n + 3] = 255;
  }
  size(differing, one.width, one.height, MOST_COUNTED);
  differing.getContext("2d").putImageData(one, 0, 0);
  const sized = videoWidth === pair[1].video.videoWidth && videoHeight === pair[1].video.videoHeight;
  note.textContent = fill(words.DIFFERS, { times, mean: (sum / (one.data.length * 0.75)).toFixed(2) })
    + (sized ? "" : ` ${words.SIZES_DIFFER}`);
  differing.setAttribute("aria-label", note.textContent);
}
function drawn_on() {
  if (drawing || stage.hidden) return;
  drawing = true;
  const next = () => {
    drawing = running && !stage.hidden;
    paint();
    if (drawing) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}
function divide(to) {
  divided = Math.min(100, Math.max(0, to));
  wiped.style.clipPath = `inset(0 ${(100 - divided).toFixed(2)}% 0 0)`;
  divider.style.left = `${divided}%`;
  divider.setAttribute("aria-valuenow", Math.round(divided));
  if (pair[0]) divider.setAttribute("aria-valuetext", fill(words.DIVIDER_SAID, { percent: Math.round(divided), name: pair[0].name }));
}
divider.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  divider.focus({ preventScroll: true });
  divider.setPointerCapture(event.pointerId);
});
divider.addEventListener("pointermove", (event) => {
  if (!divider.hasPointerCapture(event.pointerId)) return;
  const box = divider.parentElement.getBoundingClientRect();
  divide(((event.clientX - box.left) / box.width) * 100);
});
divider.addEventListener("keydown", (event) => {
  const by = event.shiftKey ? 10 : 1;
  const to = { ArrowLeft: divided - by, ArrowDown: divided - by, ArrowRight: divided + by, ArrowUp: divided + by,
    PageDown: divided - 10, PageUp: divided + 10, Home: 0, End: 100 }[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();  // the players' own keys step frames
  divide(to);
});
mode.addEventListener("change", choose);
amplify.addEventListener("change", paint);
// Who was the other is put in the place of the one that is chosen twice.
for (const [list, n] of [[firsts, 0], [seconds, 1]]) {
  list.addEventListener("change", () => {
    const item = items.find((one) => one.key === list.value);
    if (item === pair[1 - n]) pair[1 - n] = pair[n];
    pair[n] = item;
    choose();
  });
}
stage.addEventListener("click", (event) => { if (event.target.closest(".vs-view") && !event.target.closest(".vs-divider")) toggle(); });
// The events of players do not bubble.
for (const kind of ["loadeddata", "seeked", "pause", "ended"]) tiles.addEventListener(kind, paint, true);
tiles.addEventListener("play", drawn_on, true);
players.addEventListener("vs2:candidates", choose);
choose();
