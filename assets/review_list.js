// The Review page: the list of evaluations and its filter. Follows review_desk.js in one script.
function filter() {
  const of = (name) => form.elements[name].value, scores = {};
  for (const key of DIMENSIONS) scores[key] = [Number(of(`${key}_least`)), Number(of(`${key}_most`))];
  return { text: of("text"), model: of("model"), reviewed: of("reviewed") ? of("reviewed") === "true" : null, scores };
}
function matching() {  // how many of those loaded the server would still list before what comes next
  const wanted = filter().reviewed;
  return items.filter((item) => !item.named && (wanted === null || wanted === item.reviews > 0)).length;
}
const more = () => items.filter((item) => !item.named).length < count;
async function list(further = false) {
  const mine = (listTurn += 1), page = window.vs2.read();
  let answer;
  try {
    answer = await server.review_find({ address: page, filter: filter(), offset: further ? matching() : 0, reviewer });
  } catch (error) { answer = { problem: words.offline }; }
  if (mine !== listTurn) return;
  if (answer.problem) {
    items = [];
    listed.replaceChildren();
    find(".vs-listed").textContent = answer.problem;
    return;
  }
  answer.items.forEach((item, number) => { item.named = number < answer.named; });
  const known = new Set(further ? items.map((item) => item.id) : []);
  items = [...(further ? items : []), ...answer.items.filter((item) => !known.has(item.id))];
  if (!further) count = answer.count;
  const models = form.elements.model, chosen = models.value;
  models.replaceChildren(new Option(words.all_models, ""), ...answer.models.map(([name, label]) => new Option(label, name)));
  models.value = answer.models.some(([name]) => name === chosen) ? chosen : "";
  listed.replaceChildren(...items.map(row));
  find(".vs-more-items").hidden = !more();
  const filtered = filtering();
  find(".vs-listed").textContent = count === 1 ? words.count_one : count || items.length ? say(words.count, { count })
    : filtered ? words.no_match : words.empty;
  where();
}
const filtering = () => [...form.elements].some((one) => one.value && !(one.name.endsWith("_least") && one.value === "1")
  && !(one.name.endsWith("_most") && one.value === "5"));
function row(item) {
  const made = make("li"), button = press("", { id: item.id });
  button.setAttribute("aria-current", item.id === shown?.id);
  const digits = make("span", "vs-item-digits", item.scores.map((score) => score ?? "–").join(" "));
  digits.title = DIMENSIONS.map((key, at) => `${words.short[key]}: ${item.scores[at] ?? item.lacking[at]}`).join(", ");
  const beneath = make("span", "vs-item-line");
  beneath.append(digits, ...(item.withheld ? [make("span", "vs-item-withheld", item.withheld)] : []), make("span", "vs-item-model", item.model), make("span", "vs-badge"));
  button.append(make("span", "vs-item-prompt", item.prompt), beneath);
  made.append(button);
  label(button, item);
  return made;
}
function label(button, item) {
  const reviews = item.reviews === 1 ? words.badge_one : item.reviews ? say(words.badge, { count: item.reviews }) : "";
  const text = draft(item.id) ? words.badge_draft : item.mine ? words.mine : reviews;
  const badge = button.querySelector(".vs-badge");
  badge.textContent = text;
  badge.dataset.kind = draft(item.id) ? "draft" : item.mine ? "mine" : "";
}
function badge(id) {
  const button = listed.querySelector(`[data-id="${id}"]`), item = items.find((one) => one.id === id);
  if (button && item) label(button, item);
}
async function start() {
  const page = window.vs2.read();
  await list();
  const wanted = page.page === "review" && page.e[0];
  if (wanted && wanted !== shown?.id) await open(wanted);
  else if (!shown && items.length) await open(items[0].id);
  else if (!shown) trouble("");
  find(".vs-found").closest(".vs-review").setAttribute("data-started", "");
}
