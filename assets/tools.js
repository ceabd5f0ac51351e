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
// What was given, on the server: a file is uploaded, an address fetched there. `said` of its error is for people.
async function sent_of(given, upload, server) {
  if (!given.address) return upload(given);
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
