// Saves each row of the checklist as soon as it is marked.

import { Server, UNREACHABLE } from "./server.js";
import { SignIn } from "./sign-in.js";

const AGAIN = 10000;

const form = document.getElementById("marking");
const server = new Server({
  user: form.dataset.user,
  saveUrl: form.action,
  sessionUrl: form.dataset.session,
});
const signIn = new SignIn(server, () => send());
const line = form.querySelector("[data-save-state]");
const aloud = form.querySelector("[data-save-aloud]");
const unsaved = new Map(); // row → the number of its last change
let changes = 0;
let isSending = false;
let isInTrouble = false;
let isBack = false; // the connection, while something sent without it had not failed yet

const verdictOf = (row) => row.querySelector("[type=radio]:checked").value;

function message(rows) {
  const said = Object.fromEntries(
    [...new FormData(form)].filter(([name]) =>
      rows.some((row) => name.startsWith(`${row.id}-`)),
    ),
  );
  return { revision: form.elements.revision.value, ...said };
}

function say(mood, words) {
  line.textContent = words;
  line.className = `savebar-state small ${mood && `savebar-${mood}`}`;
  if (mood === "bad" || isInTrouble) aloud.textContent = words;
  isInTrouble = mood === "bad";
}

// Whoever still writes a note has not finished the row.
const isBeingWritten = (row) => row.contains(document.activeElement?.closest("textarea"));

async function send({ isLeaving = false } = {}) {
  if (isSending && !isLeaving) return;
  const sent = [...unsaved].filter(([row]) => isLeaving || !isBeingWritten(row));
  if (!sent.length) return;
  isSending = true;
  say("", "正在保存…");
  const { status, data } = await server.save(message(sent.map(([row]) => row)), isLeaving);
  isSending = false;
  if (status === 200) {
    for (const [row, change] of sent) {
      if (unsaved.get(row) === change) settle(row, data.errors[row.id]);
    }
    form.querySelector("[data-done]").textContent = data.done;
    form.querySelector("[data-progress]").value = data.done;
    if (Object.keys(data.errors).length) say("bad", "有条款没有保存，见该条下的说明");
    else say("good", `已保存 ${data.saved_at}`);
    send();
  } else if (status === 401) {
    say("bad", "登录已失效，有条款没有保存");
    signIn.open(data);
  } else if (status === UNREACHABLE || status >= 500) {
    say("bad", "暂时连不上服务器，稍后自动再试");
    setTimeout(send, isBack ? 0 : AGAIN);
    isBack = false;
  } else say("bad", data.message);
}

// A row that was answered; if it was refused, the next change of it sends it again.
function settle(row, complaint = "") {
  unsaved.delete(row);
  const said = row.querySelector("[data-said]");
  said.textContent = complaint;
  said.hidden = !complaint;
  const stale = row.querySelector("[data-stale]");
  const isNew = "changed" in row.dataset || stale?.querySelector("input").checked;
  if (!complaint && isNew) stale?.remove();
}

function compare(row) {
  const verdicts = new Set([...row.dataset.others.split(" "), verdictOf(row)].filter(Boolean));
  row.querySelector("[data-disputed]").hidden = verdicts.size < 2;
}

form.addEventListener("input", (event) => {
  const row = event.target.closest("[data-row]");
  unsaved.set(row, ++changes);
  if (!event.target.matches("[type=checkbox]")) row.dataset.changed = "";
});

form.addEventListener("change", (event) => {
  compare(event.target.closest("[data-row]"));
});

// Not every way of changing a text, such as dictating it, ends in a change event.
for (const moment of ["change", "focusout"]) {
  form.addEventListener(moment, () => setTimeout(send)); // the focus has not moved on yet
}

form.addEventListener("submit", () => unsaved.clear());
window.addEventListener("pagehide", () => send({ isLeaving: true }));
window.addEventListener("online", () => {
  isBack = isSending;
  send();
});
window.addEventListener("beforeunload", (event) => {
  if (isInTrouble && unsaved.size) event.preventDefault();
});
