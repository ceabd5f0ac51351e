// The Review page: verdicts, and passages marked as wrong. Follows review.js in one script.
function verdict(key, value, score) {
  active = DIMENSIONS.indexOf(key);
  if (without(key)) {
    if (score === undefined) return paint();
    if (said.corrected[key] === score) delete said.corrected[key]; else said.corrected[key] = score;
    return changed();
  }
  if (value === "agree" && shown.scores[key] === null) return;
  if (score !== undefined && score === shown.scores[key]) value = "agree";
  said.verdicts[key] = value;
  if (value === "agree") delete said.corrected[key];
  else if (score !== undefined) said.corrected[key] = score;
  awaitsScore = value === "disagree" && score === undefined;
  if (!awaitsScore) {
    const next = DIMENSIONS.findIndex((one) => lacking().includes(one));
    if (next >= 0) active = next;
  }
  changed();
}
const points = (text) => [...text].length;
const parts = () => all(".vs-rated [data-start]");
function place(part, node, offset) {  // code points from the part's start to a place in it
  const before = document.createRange();
  before.selectNodeContents(part);
  before.setEnd(node, offset);
  return points(before.toString());
}
function selected() {
  const chosen = getSelection();
  if (!chosen || chosen.isCollapsed || !chosen.rangeCount) return null;
  const range = chosen.getRangeAt(0);
  let from = Infinity, to = -1;
  for (const part of parts()) {
    if (!range.intersectsNode(part)) continue;
    const whole = document.createRange(), base = Number(part.dataset.start);
    whole.selectNodeContents(part);
    const start = range.compareBoundaryPoints(Range.START_TO_START, whole) > 0
      ? place(part, range.startContainer, range.startOffset) : 0;
    const end = range.compareBoundaryPoints(Range.END_TO_END, whole) < 0
      ? place(part, range.endContainer, range.endOffset) : points(part.textContent);
    if (end > start) { from = Math.min(from, base + start); to = Math.max(to, base + end); }
  }
  const text = [...parts().map((part) => part.textContent).join("")];
  while (from < to && /\s/.test(text[from])) from += 1;
  while (to > from && /\s/.test(text[to - 1])) to -= 1;
  return to > from ? [from, to] : null;
}
function mark() {
  const range = selected() || shown.sentences[sentence];
  if (!range) { find(".vs-mark-bar").classList.add("vs-needed"); return; }
  const [start, end] = range, marks = said.wrong_passages;
  const inside = marks.some((one) => one.start <= start && end <= one.end);
  const joined = [];
  if (inside) {
    for (const one of marks) {
      if (one.end <= start || end <= one.start) { joined.push(one); continue; }
      if (one.start < start) joined.push({ start: one.start, end: start });
      if (end < one.end) joined.push({ start: end, end: one.end });
    }
  } else {
    for (const one of [...marks, { start, end }].sort((a, b) => a.start - b.start)) {
      const last = joined.at(-1);
      if (last && one.start <= last.end) last.end = Math.max(last.end, one.end); else joined.push({ ...one });
    }
  }
  said.wrong_passages = joined;
  getSelection().removeAllRanges();
  paintText();
  changed();
}
function wrap(part, from, to, tag, className) {  // puts the part's text from..to (code points) into elements of their own
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  let at = 0;
  for (let node of nodes) {
    const letters = [...node.data], start = Math.max(from - at, 0), end = Math.min(to - at, letters.length);
    at += letters.length;
    if (start >= end) continue;
    if (start > 0) node = node.splitText(letters.slice(0, start).join("").length);
    const inner = letters.slice(start, end).join("").length;
    if (inner < node.data.length) node.splitText(inner);
    const made = document.createElement(tag);
    if (className) made.className = className;
    node.replaceWith(made);
    made.append(node);
  }
}
