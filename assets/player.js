// The video box: choose or drop a file, see it at once, send it, and play the server's copy where the browser
// cannot play the original. Runs once when the box is made; `words` (sentences and limits) is put before it.
const find = (name) => element.querySelector(name);
const zone = find(".vs-zone"), input = find("input[type=file]"), video = find("video"), busy = find(".vs-busy");
const problem = find(".vs-zone-problem"), unplayable = find(".vs-unplayable"), name = find(".vs-name");
const rate = find(".vs-rate"), fps = rate.querySelector("input");  // of a zip of pictures
// `turn` numbers what the box was given, `current` is the value for it: the server may still answer about older ones.
let turn = 0, current = null, shown = 0, local = null, failed = false;
const page = zone.dataset.page, waits = early(page, () => zone.dataset.state === "sending");

function set(value) {
  current = value;
  props.value = value;
  window.vs2?.keep(page, { video: value });
}
function show(state, sentence) {
  const held = zone.contains(document.activeElement), bare = state === "empty";
  zone.dataset.state = state;
  // The input is out of sight while there is a video: then the keyboard goes to the buttons below it.
  input.tabIndex = bare ? 0 : -1;
  if (held && bare) input.focus();
  else if (document.activeElement === input && !bare) find(".vs-replace").focus();
  busy.textContent = state === "sending" ? fill(words.uploading, { percent: 0 })
    : state === "fetching" ? words.fetching : state === "preparing" ? words.preparing : "";
  problem.textContent = sentence || "";
  problem.hidden = !sentence;
  if (state === "preparing") waits.progress(100);
  else if (state !== "sending") waits.settle(state === "ready");
}
function play(url) {
  failed = false;
  unplayable.hidden = true;
  if (local) URL.revokeObjectURL(local);
  local = url.startsWith("blob:") ? url : null;
  video.src = url;
}
function empty() {
  turn += 1;
  if (local) URL.revokeObjectURL(local);
  local = null;
  video.removeAttribute("src");
  video.load();
  input.value = "";
  name.textContent = "";
  unplayable.hidden = true;
  rate.hidden = true;
}
function refuse(sentence) {
  empty();
  if (props.value) set(null);
  show("empty", sentence);
}
async function take(file) {
  if (!file) return;
  const mine = (turn += 1);
  if (props.value) { set(null); trigger("clear"); }
  if (file.size > words.megabytes * 1048576) return refuse(words.too_large);
  naming(name, file.name);
  show(file.address ? "fetching" : "sending");
  rate.hidden = !/\.zip$/i.test(file.name);
  fps.value = words.fps;
  if (rate.hidden && !file.address) play(URL.createObjectURL(file));
  else video.removeAttribute("src");
  try {
    const sent = await sent_of(file, server, (gone) => {
      if (mine !== turn || zone.dataset.state !== "sending") return;
      busy.textContent = fill(words.uploading, { percent: percent(gone, file.size) });
      waits.progress(Math.min(99, percent(gone, file.size)));
    });
    if (mine !== turn) return;
    show("preparing");
    set({ path: sent.path, name: file.name, turn: mine, fps: rate.hidden ? null : fps.valueAsNumber || words.fps });
    trigger("upload");
  } catch (error) {
    if (mine === turn) refuse(error.said || words.not_uploaded);
  }
}
// Other times of the same pictures: the server makes another copy of them.
fps.addEventListener("change", () => {
  if (!current || fps.valueAsNumber === current.fps) return;
  if (!fps.checkValidity() || !fps.value) {
    fps.value = current.fps;
    fps.setAttribute("aria-invalid", "true");
    fps.focus();
    return show("ready", words.rate_wrong);
  }
  fps.removeAttribute("aria-invalid");
  const { path, name } = current;
  show("preparing");
  set({ path, name, turn: (turn += 1), fps: fps.valueAsNumber });
  trigger("upload");
});
function fail() {
  if (!video.getAttribute("src")) return;
  failed = true;
  unplayable.hidden = zone.dataset.state !== "ready";
}
video.addEventListener("error", fail);
video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) fail(); });  // its sound alone can be played
// The server answers with the same value, completed: a player's copy, or the sentence that says what is wrong.
function hear() {
  let value = props.value;
  if (!value) {  // the server has emptied the box
    if (current) { set(null); empty(); show("empty"); }
    return;
  }
  if (value.turn && value.turn !== turn) {  // about a file that has since been replaced or removed
    props.value = current;
    return;
  }
  if (value.problem) return refuse(value.problem);
  if (!value.checked || (value.turn && value.turn === shown)) return;
  if (!value.turn) value = { ...value, turn: (turn += 1) };  // an example
  current = value;
  window.vs2?.keep(page, { video: { ...value, turn: null } });
  shown = value.turn;
  naming(name, value.name);
  rate.hidden = !value.fps;
  if (value.fps) fps.value = value.fps;
  if (value.player) play(source(value.player));
  else if (value.fps) failed = true;  // no browser plays a zip
  show("ready");
  unplayable.hidden = !failed;
}
watch("value", hear);
hear();  // what an address names may have come before this script ran
input.addEventListener("change", () => take(input.files[0]));
addresses(element, take);
find(".vs-replace").addEventListener("click", () => { input.value = ""; input.click(); });
find(".vs-remove").addEventListener("click", () => {
  empty();
  show("empty");
  set(null);
  trigger("clear");
  input.focus();
});
zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("vs-over"); });
zone.addEventListener("dragleave", () => zone.classList.remove("vs-over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("vs-over");
  take(event.dataTransfer.files[0]);
});
