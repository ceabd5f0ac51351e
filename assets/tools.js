// What several scripts of the pages use; put before each (vs2/ui/theme.py).
const make = (tag, name, said) => {
  const part = document.createElement(tag);
  if (name) part.className = name;
  part.textContent = said ?? "";
  return part;
};
const source = (path) =>
  `${window.gradio_config?.root ?? ""}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
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
