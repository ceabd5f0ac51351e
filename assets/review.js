// The Review page: its state, drafts and saving. Runs once, when the page is made, in one script with `words` (what it
// says) before it and review_marks.js, review_desk.js, review_list.js and review_events.js behind it.
// Offsets in a rationale count Unicode code points, as Python does, and never UTF-16 units.
const DIMENSIONS = Object.keys(words.short), DIGITS = [1, 2, 3, 4, 5];
const find = (name) => element.querySelector(name), all = (name) => [...element.querySelectorAll(name)];
const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const onSpace = !!find(".vs-top-bar").dataset.space;
const form = find(".vs-filter"), listed = find(".vs-items"), desk = find(".vs-case"), rated = find(".vs-rated");
const video = find("video"), note = find("[name=note]"), nameBox = find("[name=reviewer]"), keysBox = find("[name=keys]");
// `shown` is the evaluation on the desk, `said` the review of it as it stands, `saved` how the server has it.
let items = [], count = 0, shown = null, said = null, saved = "", has = false;
// `begin` is the dimension where stepping from sentence to sentence starts, -1 once it has.
let begin = -1;
let reviewer = "", active = 0, sentence = -1, awaitsScore = false, turn = 0, listTurn = 0, timer = 0, sure = 0;
const waiting = new Map(), failed = new Map();  // reviews on their way by evaluation; what the server refused
let sending = null;

// ---- what stays in this browser: the name, drafts, whether keys are on
function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value);
    return true;
  } catch (error) { return false; }  // a browser that keeps nothing asks before it leaves, see below
}
function kept(key) {
  try { return localStorage.getItem(key); } catch (error) { return null; }
}
const draftKey = (id, who) => `vs2-review ${who} ${id}`;
function draft(id, who = reviewer) {
  try { return JSON.parse(kept(draftKey(id, who))); } catch (error) { return null; }
}

// ---- a review
const blank = () => ({ verdicts: {}, corrected: {}, wrong_passages: [], note: "" });
const formOf = (review) => JSON.stringify([DIMENSIONS.map((key) => [review.verdicts[key] || "", review.corrected[key] || 0]),
  review.wrong_passages.map((passage) => [passage.start, passage.end]), review.note.trim()]);
// What the judge did not judge has no verdict, only the right score, for whoever wants to give it.
const without = (key) => shown.not_judged[key] !== undefined;
const lacking = () => DIMENSIONS.filter((key) => !said.verdicts[key] && !without(key));
const changedSince = () => formOf(said) !== saved;
function changed() {
  failed.delete(shown.id);
  const wrote = keep(draftKey(shown.id, reviewer), changedSince() ? JSON.stringify(said) : null);
  window.onbeforeunload = wrote || !changedSince() ? null : (event) => event.preventDefault();
  clearTimeout(timer);
  if (changedSince() && reviewer && !lacking().length) timer = setTimeout(save, 700);
  paint();
  badge(shown.id);
}
function save() {
  clearTimeout(timer);
  if (!shown || !changedSince() || !reviewer || lacking().length) return tell();
  failed.delete(shown.id);
  waiting.set(shown.id, { who: reviewer, review: structuredClone(said) });
  send();
}
async function send() {
  if (sending) return;
  while (waiting.size) {
    const [id, job] = waiting.entries().next().value;
    waiting.delete(id);
    sending = id;
    tell();
    let answer;
    try {
      answer = job.review ? await server.review_save({ ...job.review, id, reviewer: job.who })
        : await server.review_remove({ id, reviewer: job.who });
    } catch (error) { answer = { problem: words.offline }; }
    sending = null;
    if (answer.problem) failed.set(id, answer.problem); else stored(id, job, answer);
    tell();
  }
}
function stored(id, job, answer) {
  const form = formOf(job.review || blank()), left = draft(id, job.who);
  if (left && formOf(left) === form) keep(draftKey(id, job.who), null);
  const item = items.find((one) => one.id === id);
  if (item) Object.assign(item, { reviews: answer.reviews, mine: job.who === reviewer ? !!job.review : item.mine });
  if (shown?.id === id && job.who === reviewer) { saved = form; has = job.review ? true : "removed"; }
  if (shown?.id === id && !changedSince()) window.onbeforeunload = null;
  badge(id);
  trigger("submit");  // the figures of agreement
}
// All is said, and nobody has said it: the name is what is wrong, and the line below says so.
const unnamed = () => nameBox && shown && !reviewer && changedSince() && !lacking().length;
function nameless() {
  if (!nameBox) return;
  const line = find(".vs-saved");
  line.id ||= "vs-review-saved";
  if (unnamed()) { nameBox.setAttribute("aria-invalid", "true"); nameBox.setAttribute("aria-describedby", line.id); }
  else { nameBox.removeAttribute("aria-invalid"); nameBox.removeAttribute("aria-describedby"); }
}
function tell() {
  const line = find(".vs-saved");
  find(".vs-remove-review").hidden = !(shown && has === true);
  if (!shown) return;
  nameless();
  const problem = failed.get(shown.id);
  line.dataset.state = problem ? "failed" : changedSince() ? "draft" : "saved";
  if (problem) line.textContent = say(words.not_saved, { problem });
  else if (sending === shown.id || waiting.has(shown.id)) line.textContent = words.saving;
  else if (!changedSince()) line.textContent = has === true ? words.saved : has ? words.removed : words.nothing_yet;
  else if (!reviewer) line.textContent = onSpace ? words.draft_login : words.draft_name;
  else if (lacking().length) line.textContent = say(words.draft, { what: lacking().map((key) => words.short[key]).join(", ") });
  else line.textContent = words.saving;
}
