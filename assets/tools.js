// What several scripts of the pages use; put before each (vs2/ui/theme.py).
const make = (tag, name, said) => {
  const part = document.createElement(tag);
  if (name) part.className = name;
  part.textContent = said ?? "";
  return part;
};
const source = (path) =>
  `${window.gradio_config?.root ?? ""}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
