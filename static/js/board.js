// Moves candidates to the seats and among them: dragged by the handle, or by arrow keys on it.
//
// The portal takes the whole order at once. What it refuses is sent once more as a page: that one
// shows the list as it is now, beside the order that was wanted.

import { token } from "./server.js";

const EDGE = 60; // so near to the window's edge, dragging scrolls
const STEP = 12;

const form = document.getElementById("board");
const whole = form.querySelector("[data-whole]");
const said = form.querySelector("[data-said]");
const pool = form.querySelector("[data-pool]");
const candidates = form.querySelector("[data-candidates]");
const slots = [...form.querySelectorAll("[data-slot]")];

const seated = () => slots.map((slot) => slot.querySelector("[data-card]")).filter(Boolean);
const handleOf = (card) => card.querySelector("[data-handle]");
const nameOf = (card) => `“${card.dataset.name}”`;

let stored = seated();
let waiting = 0;
let isLeaving = false;
let sending = Promise.resolve();

function say(text, isProblem = false) {
  said.textContent = text;
  said.classList.toggle("order-problem", isProblem);
}

// Showing an order

function seat(card, slot) {
  const from = card.parentElement;
  slot.append(card);
  if (from.parentElement === pool) from.remove();
}

function unseat(card) {
  const line = document.createElement("li");
  line.append(card);
  pool.prepend(line);
}

function label(card, place, taken) {
  const handle = handleOf(card);
  if (!handle) return; // its officer has stepped aside
  const where = place ? `第 ${place} 名` : "候选申报";
  handle.setAttribute("aria-label", `${card.dataset.name}，${where}，用方向键移动`);
  card.querySelector("[data-move=up]").disabled = place === 1;
  card.querySelector("[data-move=down]").disabled = place === taken;
  card.querySelector("[data-move=recommend]").disabled = taken === slots.length;
}

function lay(order) {
  const before = pool.children.length;
  for (const card of seated()) if (!order.includes(card)) unseat(card);
  slots.forEach((slot, index) => {
    const card = order[index];
    const field = slot.querySelector("[name=order]");
    field.disabled = !card;
    field.value = card ? card.dataset.card : "";
    slot.classList.toggle("seat-free", !card);
    if (card && card.parentElement !== slot) seat(card, slot);
  });
  order.forEach((card, index) => label(card, index + 1, order.length));
  for (const card of pool.querySelectorAll("[data-card]")) label(card, 0, order.length);
  const count = form.querySelector("[data-count]");
  count.textContent = Number(count.textContent) + pool.children.length - before;
  form.querySelector("[data-none]").hidden = pool.children.length > 0;
  document.querySelector("[data-taken]").textContent = order.length;
}

// Saving it

function settle(order, answer) {
  stored = order;
  form.elements.version.value = answer.version;
  for (const card of order) {
    const opinion = card.querySelector("[name^=opinion-]");
    if (!opinion) continue;
    const draft = answer.drafts[card.dataset.card];
    if (draft && !opinion.value) {
      opinion.value = draft;
      card.querySelector(`#draft-${card.dataset.card}`).hidden = false;
    }
    opinion.defaultValue = card.querySelector("[name^=seen-]").value = opinion.value;
  }
}

async function send(words) {
  if (isLeaving) return;
  const order = seated();
  let message = "网络不通，次序没有保存，已恢复原来的次序。";
  try {
    const body = new FormData(form);
    body.set("csrfmiddlewaretoken", token());
    body.set("move", "order");
    const headers = { Accept: "application/json" };
    const response = await fetch(whole.formAction, { method: "POST", body, headers });
    if (response.ok && !response.redirected) {
      const answer = await response.json();
      settle(order, answer);
      say(`${words}，次序已保存 ${answer.saved_at}`);
      return;
    }
    if (response.status === 409) {
      isLeaving = true;
      form.requestSubmit(whole);
      return;
    }
    message = "次序没有保存，已恢复原来的次序。登录可能已失效，请在另一窗口登录后再试。";
  } catch { /* said below */ }
  lay(stored);
  say(message, true);
}

function save(order, card, words) {
  lay(order);
  handleOf(card).focus();
  card.scrollIntoView({ block: "nearest" });
  say(words);
  waiting += 1;
  // One after the other, so that the last order is the one that stays.
  sending = sending.then(() => send(words)).finally(() => { waiting -= 1; });
}

// Moving

function put(card, index) {
  const order = seated();
  const here = order.indexOf(card);
  const there = Math.min(index, here < 0 ? order.length : order.length - 1);
  if (here === there) return;
  const other = order[there];
  order[there] = card;
  let words = `${nameOf(card)}已放到第 ${there + 1} 名`;
  if (here >= 0) order[here] = other;
  else if (other) words += `，换下${nameOf(other)}`;
  save(order, card, words);
}

const isFull = () => seated().length === slots.length;

const MOVES = {
  recommend: (card) =>
    isFull()
      ? say(`${slots.length} 个名额已满；如需更换，请先移出一个，或用“放入”换下一个。`, true)
      : put(card, seated().length),
  up: (card) => put(card, Math.max(seated().indexOf(card) - 1, 0)),
  down: (card) => put(card, seated().indexOf(card) + 1),
  put: (card) => put(card, Number(card.querySelector("select").value) - 1),
  remove: (card) =>
    save(seated().filter((each) => each !== card), card, `${nameOf(card)}已移出名单`),
};

form.addEventListener("submit", (event) => {
  const button = event.submitter;
  const card = button?.closest("[data-card]");
  const move = card && !card.closest("[data-exempt]") && MOVES[button.dataset.move];
  if (isLeaving || !(move || waiting)) return;
  event.preventDefault();
  if (move) move(card);
  else sending.then(() => form.requestSubmit(button)); // now, it would go with the old version
});

// By keyboard

function walk(card, step) {
  const all = [...pool.querySelectorAll("[data-handle]")];
  all[all.indexOf(handleOf(card)) + step]?.focus();
}

function press(event, card) {
  const isSeated = seated().includes(card);
  const acts = {
    ArrowUp: () => (isSeated ? MOVES.up(card) : walk(card, -1)),
    ArrowDown: () => (isSeated ? MOVES.down(card) : walk(card, 1)),
    ArrowRight: () => isSeated || MOVES.recommend(card),
    ArrowLeft: () => isSeated && MOVES.remove(card),
  };
  if (!(event.key in acts)) return;
  event.preventDefault();
  acts[event.key]();
}

// By pointer

let dragged = null;

function target(event) {
  const below = document.elementFromPoint(event.clientX, event.clientY);
  return below?.closest("[data-slot]") ?? (candidates.contains(below) ? candidates : null);
}

function mark(place) {
  for (const each of [...slots, candidates]) each.classList.toggle("drop-here", each === place);
}

function follow(event) {
  const { card, x, y } = dragged;
  if (event.clientY < EDGE) window.scrollBy(0, -STEP);
  else if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, STEP);
  card.style.translate = `${event.pageX - x}px ${event.pageY - y}px`;
  dragged.over = target(event);
  mark(dragged.over);
}

function letGo() {
  const { card, over } = dragged;
  dragged = null;
  mark(null);
  card.classList.remove("dragged");
  card.style.translate = "";
  if (slots.includes(over)) put(card, slots.indexOf(over));
  else if (over === candidates && seated().includes(card)) MOVES.remove(card);
}

for (const handle of form.querySelectorAll("[data-handle]")) {
  const card = handle.closest("[data-card]");
  if (card.closest("[data-exempt]")) continue;
  handle.hidden = false;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    dragged = { card, x: event.pageX, y: event.pageY, over: null };
    card.classList.add("dragged");
  });
  handle.addEventListener("pointermove", (event) => { if (dragged) follow(event); });
  handle.addEventListener("lostpointercapture", () => { if (dragged) letGo(); });
  handle.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && dragged) {
      dragged.over = null;
      letGo();
    } else press(event, card);
  });
}

form.querySelector("[data-help]").hidden = false;
lay(stored);
