// All players closer at once, and moved alike; and all of them on the whole screen. Put after compare.js.
const NEAREST = 16, STEP = 1.25, PUSH = 0.1;  // the most, by a press or a turn of the wheel, and by an arrow (of the picture)
const near = { scale: 1, x: 0, y: 0 };  // x, y: how far the picture is moved, in parts of its player's width and height
const fingers = new Map();
let pinch = null, slid = false;

function zoom(scale, x = near.x, y = near.y) {
  near.scale = Math.min(NEAREST, Math.max(1, scale));
  const most = (near.scale - 1) / 2;  // so that the picture still covers its player
  near.x = Math.min(most, Math.max(-most, x));
  near.y = Math.min(most, Math.max(-most, y));
  players.style.setProperty("--zoom", near.scale === 1 ? "none"
    : `translate(${(near.x * 100).toFixed(3)}%, ${(near.y * 100).toFixed(3)}%) scale(${near.scale.toFixed(4)})`);
  players.dataset.zoomed = near.scale > 1 ? "yes" : "";
  find(".vs-zoom-reset").textContent = `${Math.round(near.scale * 100)} %`;
}
// What is under the point stays there. Its place counts from the middle of the player.
function zoom_at(point, scale) {
  const to = Math.min(NEAREST, Math.max(1, scale)), by = to / near.scale;
  zoom(to, point.x - (point.x - near.x) * by, point.y - (point.y - near.y) * by);
}
function within(view, event) {
  const box = view.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width - 0.5, y: (event.clientY - box.top) / box.height - 0.5, box };
}
const view_of = (event) => (event.target.closest(".vs-divider") ? null : event.target.closest(".vs-view"));

// The wheel scrolls the page until the players were chosen by a press or a key; with Ctrl, as a touchpad's pinch says
// it, it is for them at once. Where nothing is left to zoom out of, it scrolls again.
players.addEventListener("wheel", (event) => {
  const view = view_of(event), closer = event.deltaY < 0;
  if (!view || !event.deltaY || !(event.ctrlKey || near.scale > 1 || players.contains(document.activeElement))) return;
  if (!event.ctrlKey && !closer && near.scale === 1) return;
  event.preventDefault();
  zoom_at(within(view, event), near.scale * (closer ? STEP : 1 / STEP));
}, { passive: false });

const apart = () => {
  const [one, other] = [...fingers.values()];
  return { far: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1,
    clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
};
players.addEventListener("pointerdown", (event) => {
  const view = view_of(event);
  if (!view || event.button) return;
  if (!fingers.size) slid = false;
  fingers.set(event.pointerId, event);
  players.focus({ preventScroll: true });
  if (fingers.size === 2) pinch = { view, scale: near.scale, far: apart().far };
});
players.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId), view = event.target.closest?.(".vs-view");
  if (!before || !view) return;
  if (pinch && fingers.size === 2) {
    fingers.set(event.pointerId, event);
    slid = true;
    return zoom_at(within(pinch.view, apart()), (pinch.scale * apart().far) / pinch.far);
  }
  const { box } = within(view, event), x = event.clientX - before.clientX, y = event.clientY - before.clientY;
  if (near.scale === 1 || (!slid && Math.hypot(x, y) < 4)) return;
  slid = true;
  fingers.set(event.pointerId, event);
  if (!view.hasPointerCapture(event.pointerId)) view.setPointerCapture(event.pointerId);
  zoom(near.scale, near.x + x / box.width, near.y + y / box.height);
});
for (const kind of ["pointerup", "pointercancel"]) {
  window.addEventListener(kind, (event) => {
    fingers.delete(event.pointerId);
    if (fingers.size < 2) pinch = null;
  });
}
// A press that moved the picture does not play it as well.
players.addEventListener("click", (event) => {
  if (slid && event.target.closest(".vs-view")) event.stopPropagation();
  slid = false;
}, true);

players.addEventListener("keydown", (event) => {
  if (event.target.closest("textarea, select, .vs-tile input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const push = (x, y) => zoom(near.scale, near.x + x * PUSH, near.y + y * PUSH);
  const done = { "+": () => zoom_at({ x: 0, y: 0 }, near.scale * STEP), "-": () => zoom_at({ x: 0, y: 0 }, near.scale / STEP), 0: () => zoom(1) };
  done["="] = done["+"];
  if (event.shiftKey && near.scale > 1 && !event.target.closest("input, .vs-divider")) {
    Object.assign(done, { ArrowLeft: () => push(1, 0), ArrowRight: () => push(-1, 0), ArrowUp: () => push(0, 1), ArrowDown: () => push(0, -1) });
  }
  if (!done[event.key]) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  done[event.key]();
}, true);
find(".vs-zoom-in").addEventListener("click", () => zoom_at({ x: 0, y: 0 }, near.scale * STEP));
find(".vs-zoom-out").addEventListener("click", () => zoom_at({ x: 0, y: 0 }, near.scale / STEP));
find(".vs-zoom-reset").addEventListener("click", () => zoom(1));

const full = find(".vs-full");
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => {
  const done = document.fullscreenElement ? document.exitFullscreen() : players.requestFullscreen();
  done.catch((error) => console.warn(error));  // a browser may refuse it, and then shows what it showed
});
document.addEventListener("fullscreenchange", () => {
  full.textContent = document.fullscreenElement === players ? words.FULL_SCREEN_OFF : words.FULL_SCREEN;
});
