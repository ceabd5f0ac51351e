// A frame of the strip, enlarged: the picture at its time from the clip that the player has; its small picture until
// that is there, or where no browser plays the clip. `words` (what its controls say) is put before it.
const strip = () => [...element.querySelectorAll(".vs-strip [data-time]")];
const dialog = make("dialog", "vs-enlarged"), whole = make("figure"), small = make("img"), large = make("video");
const said = make("p"), back = make("button", "vs-action", "‹"), on = make("button", "vs-action", "›");
const close = make("button", "vs-action", words.close), opener = make("button", "vs-action vs-enlarge", words.enlarge);
let shown = 0, from = null;

function build() {
  const top = make("header"), foot = make("footer", "vs-foot-of-frame");
  dialog.setAttribute("aria-label", words.title);
  Object.assign(large, { muted: true, playsInline: true, preload: "auto", disablePictureInPicture: true });
  large.setAttribute("aria-hidden", "true");
  said.setAttribute("role", "status");
  for (const [button, name] of [[back, words.back], [on, words.on], [close, ""], [opener, ""]]) {
    button.type = "button";
    if (name) button.setAttribute("aria-label", name);
  }
  top.append(make("h2", "", words.title), close);
  whole.append(small, large);
  foot.append(back, said, on);
  dialog.append(top, whole, foot);
  element.append(dialog, opener);
}
// Each answer of the server makes the strip anew, and with it what stands beside it here.
function stay() {
  if (!opener.isConnected) element.append(opener);
  if (dialog.isConnected) return;
  const open = dialog.open;
  if (open) dialog.close();
  element.append(dialog);
  if (open && strip().length) { dialog.showModal(); show(Math.min(shown, strip().length - 1)); }
}
function show(index) {
  const all = strip(), frame = all[index];
  if (!frame) return;
  shown = index;
  const picture = frame.querySelector("img"), source = document.querySelector("#video video")?.currentSrc;
  small.src = picture.src;
  small.alt = picture.alt;
  said.textContent = words.at.replace(/\{(\w+)\}/g, (_, name) => ({
    number: frame.querySelector("b").textContent, count: all.at(-1).querySelector("b").textContent,
    time: String(Number(Number(frame.dataset.time).toFixed(2))) })[name]);
  back.setAttribute("aria-disabled", index === 0);
  on.setAttribute("aria-disabled", index === all.length - 1);
  delete large.dataset.there;
  if (!source) return;
  if (large.getAttribute("src") !== source) large.src = source;
  if (large.readyState) seek(); else large.addEventListener("loadedmetadata", seek, { once: true });
}
const wanted = () => Number(strip()[shown]?.dataset.time ?? 0) + 0.001;
function seek() {
  if (Math.abs(large.currentTime - wanted()) < 1e-4 && large.readyState >= 2) large.dataset.there = "yes";
  else large.currentTime = wanted();
}
large.addEventListener("seeked", () => { if (Math.abs(large.currentTime - wanted()) < 0.01) large.dataset.there = "yes"; });
function enlarge(index, by) {
  from = by;
  dialog.showModal();
  show(index);
  on.focus();
}
// That which is at the player's time, else the first.
function nearest() {
  const now = document.querySelector("#video video")?.currentTime ?? 0;
  return Math.max(0, strip().findLastIndex((frame) => Number(frame.dataset.time) <= now + 0.002));
}
build();
opener.addEventListener("click", () => { if (strip().length) enlarge(nearest(), opener); });
element.addEventListener("dblclick", (event) => {
  const frame = event.target.closest(".vs-strip [data-time]");
  if (frame) enlarge(strip().indexOf(frame), frame);
});
back.addEventListener("click", () => show(shown - 1));
on.addEventListener("click", () => show(shown + 1));
close.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("keydown", (event) => {
  const to = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: strip().length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  show(to);
});
dialog.addEventListener("close", () => {
  if (dialog.open) return;  // it was only put back
  large.removeAttribute("src");
  large.load();
  (from?.isConnected ? from : strip()[shown] ?? opener).focus();
});
new MutationObserver(stay).observe(element, { childList: true, subtree: true });
