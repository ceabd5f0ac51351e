// A clip that is dropped or pasted anywhere goes to the place for files of the page that is open; from a page that has
// none to the Evaluate page. Runs once, after site.js; `words` is put before it.
const inputs = () => [...document.querySelectorAll(".vs-zone input[type=file]")].filter((one) => one.getClientRects().length);
async function seen(within) {
  const until = performance.now() + within;
  while (!inputs().length && performance.now() < until) await new Promise((done) => setTimeout(done, 50));
  return inputs()[0];
}
// The place for files, after turning to the page that has one.
async function reception() {
  const here = await seen(1500);  // the page may still be on its way
  if (here) return here;
  history.pushState(null, "", location.pathname);
  go();
  return seen(60000);
}
async function hand(files) {
  const input = await reception();
  if (!input) return;
  const given = new DataTransfer();
  for (const file of files) given.items.add(file);
  input.files = given.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
const cover = document.createElement("div");
cover.className = "vs-anywhere";
cover.textContent = words.anywhere;
cover.setAttribute("aria-hidden", "true");
document.body.append(cover);
const of_files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
let inside = 0;  // drags enter and leave every part of a page on their way
const cease = () => { inside = 0; cover.classList.remove("vs-shown"); };
document.addEventListener("dragenter", (event) => {
  if (!of_files(event)) return;
  inside += 1;
  cover.classList.add("vs-shown");
});
document.addEventListener("dragleave", (event) => { if (of_files(event) && (inside -= 1) <= 0) cease(); });
// Without this a browser opens the file in place of the page, and what was done here is gone.
document.addEventListener("dragover", (event) => { if (of_files(event)) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const taken = event.defaultPrevented;  // by a place for files that it was dropped on
  cease();
  if (!of_files(event)) return;
  event.preventDefault();
  if (!taken && event.dataTransfer.files.length) hand([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  const said = (event.clipboardData?.getData("text/plain") ?? "").trim();
  const writing = event.target.closest?.("input, textarea, [contenteditable]");
  if (files.length && !(writing && said)) {  // what office programs copy is a picture as well as text
    event.preventDefault();
    return hand(files);
  }
  if (writing || !/^https?:\/\/\S+$/i.test(said)) return;
  event.preventDefault();
  reception().then((input) => {
    const form = (input?.closest(".vs-board") ?? input?.closest(".vs-zone"))?.querySelector(".vs-by-address");
    form?.dispatchEvent(new CustomEvent("vs2:address", { detail: said }));
  });
});
