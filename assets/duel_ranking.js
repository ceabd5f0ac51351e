// The Duel page: the ranking, which shows names only where they are asked for; the list of votes; files. Follows
// duel_pair.js in one script.
const ranked = find(".vs-duel-ranked"), asks = find("[data-do=rank]"), by = find("[name=dimension]");
let asked = 0, sure = false;

function forget() {  // the names leave the page
  asked += 1;
  ranked.hidden = find(".vs-duel-bring").hidden = find(".vs-duel-by").hidden = true;
  ranked.replaceChildren();
  asks.textContent = words.show;
  asks.setAttribute("aria-expanded", "false");
  find(".vs-duel-hidden").hidden = false;
  find(".vs-duel-brought").textContent = find(".vs-exported").textContent = "";
  sure = false;
  find("[data-do=delete]").textContent = words.delete;
}
async function reveal() {
  const mine = (asked += 1);
  const answer = await call("duel_rank", { dimension: by.value });
  if (mine !== asked || answer.problem) return;
  for (const option of by.options) option.hidden = option.disabled = !duel.aspects.includes(option.value);
  by.value = answer.dimension;
  ranked.innerHTML = answer.html;  // escaped by the server
  ranked.hidden = find(".vs-duel-bring").hidden = false;
  find(".vs-duel-by").hidden = duel.aspects.length < 2;
  find(".vs-duel-hidden").hidden = true;
  asks.textContent = words.hide;
  asks.setAttribute("aria-expanded", "true");
}
// A vote has come or gone: a ranking that is open would tell, by how it moves, who made what. It closes.
function stale() { if (!ranked.hidden) forget(); }
function votes() {
  find(".vs-duel-votes").replaceChildren(...duel.votes.map((one) => {
    const row = make("li"), back = make("button", "vs-action", words.take_back);
    back.type = "button";
    back.dataset.vote = one.id;
    back.setAttribute("aria-label", say(words.take_back_of, { prompt: one.prompt }));
    const told = make("b");
    for (const [aspect, choice] of Object.entries(one.choices)) {
      if (duel.aspects.length > 1) told.append(`${told.childNodes.length ? "; " : ""}${words.names[aspect]}: `);
      told.append(...called(choice));
    }
    if (!told.childNodes.length) told.textContent = words.skipped;
    row.append(make("span", "vs-duel-vote-prompt", one.prompt), told, back);
    return row;
  }));
  find(".vs-duel-count").textContent = !duel.seen ? words.list_empty
    : duel.votes.length < duel.seen ? say(words.list_more, { shown: duel.votes.length, count: duel.seen }) : "";
}
async function download(kind) {
  const answer = await call("duel_export", { kind });
  find(".vs-exported").textContent = answer.said || "";
  if (answer.problem) return;
  const link = make("a");
  link.href = source(answer.path);
  link.download = answer.name;
  link.click();
}
async function bring(file) {
  if (file.size > words.megabytes * 1048576) return trouble(say(words.too_large, { name: file.name, megabytes: words.megabytes }));
  let sent;
  try { sent = await upload(file); } catch (error) { return trouble(say(words.not_sent, { name: file.name })); }
  const answer = await call("duel_bring", { file: { path: sent.path, name: file.name } });
  find(".vs-duel-brought").textContent = answer.said || "";
  if (!answer.problem) reveal();
}
async function remove() {
  const button = find("[data-do=delete]");
  if (!sure) { sure = true; button.textContent = words.delete_sure; return; }
  const answer = await call("duel_delete");
  if (answer.problem) return;
  close();
  start();
}
