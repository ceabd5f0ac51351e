// The order of the candidates, changed by their buttons or by dragging what is below a player. Put after compare.js.
let dragged = null;

// Called by `tile` of compare.js for each candidate.
function ordering(item, caption) {
  const buttons = make("span", "vs-moves");
  for (const [by, sign, said] of [[-1, "‹", words.MOVE_LEFT], [1, "›", words.MOVE_RIGHT]]) {
    const button = make("button", "vs-quiet vs-move", sign);
    button.type = "button";
    button.dataset.by = by;
    button.setAttribute("aria-label", fill(said, item));
    button.title = fill(said, item);
    button.addEventListener("click", () => {
      move(item, items.indexOf(item) + by);
      const other = item.tile.querySelector(`.vs-move[data-by="${-by}"]`);
      (button.disabled ? other : button).focus();
    });
    buttons.append(button);
  }
  caption.draggable = true;
  caption.addEventListener("dragstart", (event) => {
    if (busy || items.length < 2) return event.preventDefault();
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.name);  // without data some browsers drag nothing
    item.tile.classList.add("vs-dragged");
  });
  caption.addEventListener("dragend", dropped);
  return buttons;
}
function dropped() {
  dragged?.tile.classList.remove("vs-dragged");
  dragged = null;
  for (const { tile } of items) delete tile.dataset.drop;
}
// The results follow: the server ranks what stands there in the new order (`publish`).
function move(item, to) {
  const from = items.indexOf(item);
  if (busy || from < 0 || to < 0 || to >= items.length || to === from) return;
  halt();  // a player that is put elsewhere stops by itself
  items.splice(from, 1);
  items.splice(to, 0, item);
  const next = items[to + 1]?.tile ?? null;
  tiles.insertBefore(item.tile, next);
  go(at);
  draw();
  find(".vs-moved").textContent = fill(words.MOVED, { name: item.name, number: to + 1, count: items.length });
  publish(true);
}
// Before or after the tile that the pointer is over, by the half it is in.
function target(event) {
  const over = items.find(({ tile }) => tile.contains(event.target));
  if (!over || over === dragged) return null;
  const box = over.tile.getBoundingClientRect();
  return { over, after: event.clientX > box.left + box.width / 2 };
}
// Caught before compare.js takes it for files.
for (const kind of ["dragover", "dragleave", "drop"]) {
  element.addEventListener(kind, (event) => {
    if (!dragged) return;
    event.stopPropagation();
    event.preventDefault();
    for (const { tile } of items) delete tile.dataset.drop;
    const found = target(event);
    if (kind === "dragover" && found) found.over.tile.dataset.drop = found.after ? "after" : "before";
    if (kind !== "drop" || !found) return;
    const item = dragged, rest = items.filter((one) => one !== item);
    dropped();
    move(item, rest.indexOf(found.over) + Number(found.after));
  }, true);
}
