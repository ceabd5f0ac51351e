// The Duel page: its state and how it speaks with the server. Runs once, when the page is made, in one script with
// `words` (what it says) before it and duel_pair.js, duel_ranking.js, duel_setup.js and duel_events.js behind it.
// While a pair is shown nothing here knows whose a clip is: the server tells names only where they are asked for.
const find = (name) => element.querySelector(name), all = (name) => [...element.querySelectorAll(name)];
const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const setup = find(".vs-duel-setup"), desk = find(".vs-duel-case"), results = find(".vs-duel-results"), more = find(".vs-duel-more");
const CHOICES = Object.keys(words.choices), OPENED = "vs2-duel";
// `duel` is the open duel as the server has it, `pair` the one that is shown, `said` what was chosen for it so far.
let duel = null, pair = null, said = {}, active = 0, turn = 0, sending = false, began = 0;

function keep(key, value) {
  try { if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value); } catch (error) { /* kept for this visit alone */ }
}
function kept(key) {
  try { return localStorage.getItem(key); } catch (error) { return null; }
}
async function call(name, values = {}) {
  let answer;
  try { answer = await server[name]({ address: window.vs2.read(), id: duel?.id, ...values }); } catch (error) { answer = { problem: words.offline }; }
  trouble(answer.problem);
  return answer;
}
function trouble(sentence) {
  const line = find(".vs-duel-problem");
  line.textContent = sentence || "";
  line.hidden = !sentence;
}
function tell(sentence) { find(".vs-duel-told").textContent = sentence || ""; }

// ---- the page as a whole
async function start() {
  const mine = (turn += 1), before = duel?.id ?? kept(OPENED);
  const answer = await call("duel_open", { id: before });
  if (mine !== turn) return;
  listed(answer.duels || []);
  undoable(answer.undo);
  if (answer.duel && answer.duel.id === duel?.id && pair && answer.duel.seen === pair.after) return take(answer.duel);
  if (answer.duel) open(answer.duel); else close();
}
function open(state) {
  const other = state.id !== duel?.id;
  take(state);
  keep(OPENED, state.id);
  props.value = { duel: state.id };
  setup.hidden = true;
  desk.hidden = results.hidden = more.hidden = false;
  if (other) {
    forget();
    tell("");
    if (state.seen < state.total) questions();  // before the pair is there: they have their place
  }
  next();
}
function close() {
  turn += 1;
  duel = pair = null;
  keep(OPENED, null);
  stop();
  setup.hidden = false;
  desk.hidden = results.hidden = more.hidden = true;
  more.open = false;
  forget();
}
function take(state) {
  duel = state;
  find(".vs-duel-name").textContent = state.name;
  const number = Math.min(state.seen + 1, state.total);
  find(".vs-duel-progress").textContent = state.total ? say(words.progress, { number, total: state.total }) : "";
  find(".vs-duel-case .vs-progress i").style.width = `${state.total ? 100 * state.seen / state.total : 0}%`;
  find("[data-do=undo]").disabled = !state.seen;
  const lines = find(".vs-duel-broken");
  lines.hidden = !state.broken.length;
  lines.replaceChildren(...state.broken.map((line) => make("li", "", line)));
  votes();
}
async function next() {
  const mine = (turn += 1);
  pair = null;
  busy(words.preparing);
  const answer = await call("duel_pair");
  if (mine !== turn) return;
  busy("");
  find("[data-do=retry]").hidden = !answer.problem;
  if (answer.problem) return;
  take(answer.duel);
  pair = answer.pair;
  const done = find(".vs-duel-done");
  done.hidden = !!pair;
  find(".vs-duel-asked").hidden = !pair;
  find("[data-do=skip]").hidden = !pair;
  if (!pair) {
    stop();
    find(".vs-duel-questions").replaceChildren();
    done.querySelector("p").textContent = duel.pairs ? words.done : words.done_none;
    done.querySelector("button").hidden = !duel.pairs;
    return;
  }
  show();
}
// ---- a vote
async function vote(choices, sentence) {
  if (!pair || sending) return;
  sending = true;
  paint();
  const answer = await call("duel_vote", { choices, after: pair.after });
  sending = false;
  if (answer.problem) return paint();
  take(answer.duel);
  tell(answer.stored ? sentence : words.moved);
  stale();
  next();
}
async function undo(id) {
  if (sending) return;
  sending = true;
  const answer = await call("duel_undo", id ? { vote: id } : {});
  sending = false;
  if (answer.problem) return;
  take(answer.duel);
  tell(answer.undone ? words.undone : words.moved);
  stale();
  next();
}
