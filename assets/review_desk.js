// The Review page: the evaluation that is reviewed. Follows review_marks.js in one script.
function press(label, data, text) {
  const made = make("button", "", text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  Object.assign(made.dataset, data);
  return made;
}
function rating(key) {  // what is said of one dimension: the judge's score, agree or disagree, the right score
  const head = make("header"), name = words.labels[key], score = shown.scores[key];
  head.append(make("h3", "", name), make("span", "vs-judged", `${words.judge}: ${score ?? (without(key) ? words.withheld : words.unread)}`));
  const row = make("div", "vs-vote");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", say(words.verdict_on, { name }));
  const why = without(key) ? [make("p", "vs-reason", shown.nothing.length ? "" : shown.not_judged[key]),
    make("p", "vs-empty", words.nothing_to_agree)].filter((line) => line.textContent) : [];
  if (!why.length) {
    for (const value of ["agree", "disagree"]) row.append(press("", { verdict: value, of: key }, words[value]));
    row.firstChild.disabled = score === null;
  }
  const digits = make("span", "vs-right-score");
  digits.append(make("span", "", words.right));
  for (const digit of DIGITS) digits.append(press(say(words.right_for, { score: digit, name }), { score: digit, of: key }, digit));
  row.append(digits);
  return [head, ...why, row];
}
function nothing() {  // why nothing at all was judged, once, and that the words below are no description
  const box = make("div", "vs-not-judged");
  box.setAttribute("role", "note");
  box.append(make("h3", "", words.nothing_title), ...shown.nothing.map((line) => make("p", "", line)));
  if (shown.parts.length) box.append(make("p", "", words.unknowing));
  return box;
}
function build() {
  rated.replaceChildren(...(shown.nothing.length ? [nothing()] : []));
  const found = new Set();
  if (shown.aside) rated.append(make("p", "vs-aside", shown.aside));  // the samples together gave another score
  for (const part of shown.parts) {
    const box = make("section", "vs-rated-part");
    if (part.key && !found.has(part.key)) { found.add(part.key); box.dataset.key = part.key; box.append(...rating(part.key)); }
    const text = make("p");
    text.dataset.start = part.start;
    box.append(text);
    rated.append(box);
  }
  find(".vs-mark-bar").hidden = !shown.parts.length;
  if (!shown.parts.length) rated.append(make("p", "vs-empty", words.no_rationale));
  for (const key of DIMENSIONS.filter((one) => !found.has(one))) {
    const box = make("section", "vs-rated-part");
    box.dataset.key = key;
    box.append(...rating(key));
    if (shown.parts.length) box.append(make("p", "vs-empty", words.said_nothing));
    rated.append(box);
  }
  find(".vs-prompt").textContent = shown.prompt;
  find(".vs-its-judge").textContent = shown.video;
  find(".vs-its-whose").innerHTML = shown.whose;  // escaped by the server
  note.value = said.note;
  desk.hidden = false;
}
function paintText() {
  parts().forEach((part, number) => {
    part.innerHTML = shown.parts[number].html;  // escaped by the server, with buttons for times
    const base = shown.parts[number].start, length = points(part.textContent);
    const within = (start, end, tag, name) => start < base + length && end > base && wrap(part, start - base, end - base, tag, name);
    for (const { start, end } of said.wrong_passages) within(start, end, "mark");
    if (shown.sentences[sentence]) within(...shown.sentences[sentence], "span", "vs-here");
  });
}
function paint() {
  for (const box of all(".vs-rated-part[data-key]")) {
    const key = box.dataset.key;
    box.classList.toggle("vs-active", DIMENSIONS[active] === key);
    box.classList.toggle("vs-awaits", DIMENSIONS[active] === key && awaitsScore);
    for (const button of box.querySelectorAll("[data-verdict]"))
      button.setAttribute("aria-pressed", said.verdicts[key] === button.dataset.verdict);
    const right = said.verdicts[key] === "agree" ? shown.scores[key] : said.corrected[key];
    for (const button of box.querySelectorAll("[data-score]"))
      button.setAttribute("aria-pressed", right === Number(button.dataset.score));
  }
  const text = [...parts().map((part) => part.textContent).join("")];
  find(".vs-marks").hidden = !said.wrong_passages.length;
  find(".vs-marks ul").replaceChildren(...said.wrong_passages.map(({ start, end }, number) => {
    const row = make("li"), quote = text.slice(start, end).join("");
    row.append(make("q", "", quote), press(`${words.unmark}: ${quote}`, { unmark: number }, "×"));
    return row;
  }));
  tell();
}
// A dimension that a visitor goes to: verdicts are of it from now on, and the sentences begin at what is said of it.
function choose(number) {
  if (number !== active) awaitsScore = false;
  active = begin = number;
  paint();
}
function beginning() {
  const at = shown.parts.findIndex((part) => part.key === DIMENSIONS[begin]);
  begin = -1;
  if (at < 0) return -1;
  const from = shown.parts[at].start, to = shown.parts[at + 1]?.start ?? Infinity;
  return shown.sentences.findIndex(([start]) => start >= from && start < to);
}
function step(by) {
  if (!shown?.sentences.length) return;
  const first = beginning();
  if (first >= 0) [sentence, by] = [first, 0];
  sentence = Math.max(0, Math.min(shown.sentences.length - 1, sentence + by));
  paintText();
  const here = find(".vs-here");
  here?.scrollIntoView({ block: "nearest" });
  find("[data-live]").textContent = all(".vs-here").map((one) => one.textContent).join("");
}
function address(path) {
  return `${window.gradio_config?.root ?? ""}/gradio_api/file=${path.split("/").map(encodeURIComponent).join("/")}`;
}
function clipSays(sentence) {
  const line = find(".vs-no-clip");
  line.textContent = sentence;
  line.hidden = !sentence;
}
async function play(mine) {
  video.removeAttribute("src");
  video.controls = shown.clip;
  video.load();
  if (!shown.clip) return clipSays(words.no_clip);
  clipSays(words.preparing);
  let answer;
  try { answer = await server.review_clip({ id: shown.id }); } catch (error) { answer = { problem: words.offline }; }
  if (mine !== turn) return;
  if (answer.path) { video.src = address(answer.path); clipSays(""); } else clipSays(answer.problem || words.no_clip);
}
function trouble(sentence) {
  const line = find(".vs-desk > .vs-problem");
  line.textContent = sentence || "";
  line.hidden = !sentence;
}
async function open(id) {
  if (shown) save();
  const mine = (turn += 1);
  for (const button of listed.querySelectorAll("[data-id]")) button.setAttribute("aria-current", button.dataset.id === id);
  desk.setAttribute("aria-busy", "true");     // keys on the clip do nothing until it is there
  let answer;
  try { answer = await server.review_show({ id, reviewer }); } catch (error) { answer = { problem: words.offline }; }
  if (mine !== turn) return;
  desk.removeAttribute("aria-busy");
  if (answer.problem) return trouble(answer.problem);
  if (shown) save();  // what was said while the answer came
  trouble("");
  if (onSpace) reviewer = answer.reviewer;
  shown = answer;
  has = !!answer.review;
  saved = formOf(answer.review || blank());
  const left = draft(id);
  said = left || structuredClone(answer.review) || blank();
  begin = -1;
  [active, sentence, awaitsScore, sure] = [Math.max(0, DIMENSIONS.findIndex((key) => lacking().includes(key))), -1, false, 0];
  find(".vs-mark-bar").classList.remove("vs-needed");
  find(".vs-remove-review").textContent = words.remove;
  build();
  paintText();
  if (left) changed(); else paint();
  where();
  play(mine);
  const query = new URLSearchParams(location.search);
  query.set("e", id);
  if (window.vs2.read().page === "review") history.replaceState(null, "", `?${query}`);
}
function where() {
  const number = items.findIndex((item) => item.id === shown?.id);
  find(".vs-position").textContent = number < 0 ? "" : say(words.of, { number: number + 1, count: Math.max(count, items.length) });
  find("[data-step='-1']").disabled = number <= 0;
  find("[data-step='1']").disabled = number + 1 >= items.length && !more();
}
async function move(by) {
  const number = items.findIndex((item) => item.id === shown?.id) + by;
  if (number >= items.length && more()) await list(true);
  if (!items[number]) return;
  await open(items[number].id);
  listed.querySelector(`[data-id="${items[number].id}"]`)?.scrollIntoView({ block: "nearest" });
}
