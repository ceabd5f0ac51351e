// What several scripts of the pages use; put before each (vs2/ui/theme.py).
const make = (tag, name, said) => {
  const part = document.createElement(tag);
  if (name) part.className = name;
  part.textContent = said ?? "";
  return part;
};
const source = (path) =>
  `${window.gradio_config?.root ?? ""}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
// The address of a video in place of a file (vs2/ui/addresses.py), as scripts take files: {address, name, size}.
const by_address = (address) => {
  let name = address;
  try {
    const { pathname, hostname } = new URL(address);
    name = decodeURIComponent(pathname.split("/").pop()) || hostname;
  } catch (error) { /* no address: the server says so */ }
  return { address, name, size: 0 };
};
// What was given, on the server: a file is sent (`told` hears how far), an address fetched there. `said` of its error
// is for people.
async function sent_of(given, server, told) {
  if (!given.address) return send_file(given, told);
  const answer = await server.fetch({ address: given.address });
  if (answer?.path) return answer;
  throw Object.assign(new Error("not fetched"), { said: answer?.problem });
}
// The field for it, and what is pasted anywhere (assets/anywhere.js), go to `take`.
function addresses(element, take) {
  const form = element.querySelector(".vs-by-address");
  if (!form) return;
  const field = form.querySelector("input");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(by_address(field.value.trim()));
    field.value = "";
  });
  form.addEventListener("vs2:address", (event) => take(by_address(event.detail)));
}
const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
// Sends a file to where uploads are; `told` hears how many of its bytes have gone. Gives {path}.
const send_file = (file, told) => new Promise((done, fail) => {
  const request = new XMLHttpRequest(), form = new FormData();
  form.append("files", file);
  request.open("POST", `${window.gradio_config?.root ?? ""}/gradio_api/upload`);
  request.upload.addEventListener("progress", (event) => told(Math.min(event.loaded, file.size)));
  request.addEventListener("error", () => fail(new Error("the connection broke")));
  request.addEventListener("load", () => {
    let path = null;
    try { [path] = JSON.parse(request.responseText); } catch (error) { path = null; }  // a refusal is no list
    if (request.status === 200 && typeof path === "string") done({ path });
    else fail(new Error(`the upload was answered with ${request.status}`));
  });
  request.send(form);
});
const percent = (gone, all) => (all ? Math.min(100, Math.floor((100 * gone) / all)) : 0);
// A press on a page's button that comes while `pending()` waits, and is made when `settle(true)` says so: the line
// `#NAME-waits` (vs2/ui/parts.py) tells of it, and can be told not to wait.
function early(name, pending) {
  const line = () => document.querySelector(`#${name}-waits .vs-waits`);
  let wanted = false, gone = 0;
  function tell() {
    const place = line();
    if (!place) return;
    place.hidden = !wanted;
    const said = gone < 100 ? fill(place.dataset.sending, { percent: gone }) : place.dataset.checking;
    place.querySelector("span").textContent = wanted ? said : "";
  }
  function settle(run) {
    const press = wanted && run;
    wanted = false;
    gone = 0;
    tell();
    if (press) push(Date.now() + 5000);
  }
  // The same answer that ends the waiting may still be about to enable the button.
  function push(until) {
    const button = document.querySelector(line()?.dataset.button);
    if (button?.disabled && Date.now() < until) setTimeout(push, 50, until); else button?.click();
  }
  function hold(event) {
    if (!element.isConnected) return ["click", "keydown"].forEach((kind) => document.removeEventListener(kind, hold, true));
    const place = line(), at = (where) => place && where && event.target.closest?.(where);
    if (event.type === "click" && at(".vs-wait-not") && place.contains(event.target)) return settle(false);
    const asked = event.type === "click" ? at(place?.dataset.button)
      : event.key === "Enter" && event.shiftKey && at(place?.dataset.field);
    if (!asked || !pending()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wanted = true;
    tell();
  }
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, hold, true);
  return { settle, progress: (share) => { gone = share; tell(); } };
}
// A file's name, cut in its middle where there is no room: names of a series differ at their ends. The same as
// `name` of vs2/ui/parts.py.
const UNCUT = 11, END = 8;
const naming = (part, said) => {
  const letters = [...(said ?? "")];
  part.replaceChildren();
  part.removeAttribute("title");
  if (letters.length <= UNCUT) { part.textContent = said ?? ""; return part; }
  part.title = said;
  part.append(make("span", "vs-start", letters.slice(0, -END).join("")), make("span", "vs-end", letters.slice(-END).join("")));
  return part;
};
