// What stands beside a field: what is wrong with it, and what somebody else made of it.

import { copy } from "./copy.js";
import { idOf } from "./queue.js";

export function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function home(control) {
  return control.closest("td.cell, [id^=div_id_]");
}

export function offerCopy(button, text) {
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text)) ? "已复制" : "请按 Ctrl+C 复制";
  });
}

// Complaints

export function complain(fields, place, message) {
  const control = fields.control(place);
  const id = `id_${fields.name(place)}`;
  let note = document.getElementById(`${id}_error`);
  amend(id, message);
  home(control).classList.remove("is-warned");
  if (!message && !note) return;
  if (message && !note) {
    note = Object.assign(document.createElement("div"), {
      id: `${id}_error`,
      className: "invalid-feedback",
    });
    const box = home(control);
    box.insertBefore(note, box.querySelector(".form-text"));
  }
  if (message) note.replaceChildren(Object.assign(document.createElement("p"), { textContent: message }));
  note.classList.toggle("mended", !message); // keeps its room, so that nothing jumps
  const isRadio = control.type === "radio";
  const described = isRadio ? control.closest("[role=radiogroup], fieldset") : control;
  const ids = new Set((described.getAttribute("aria-describedby") || "").split(" ").filter(Boolean));
  if (message) ids.add(`${id}_error`);
  else ids.delete(`${id}_error`);
  described.setAttribute("aria-describedby", [...ids].join(" "));
  if (isRadio) return;
  control.classList.toggle("is-invalid", Boolean(message));
  if (message) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

// The list above the form tells of the page as it was opened; what was changed since is marked.
function amend(id, message) {
  const item = document.querySelector(`.problems a[href="#${CSS.escape(id)}"]`)?.closest("li");
  item?.classList.toggle("amended", !message);
}

// Clashes: the field as typed here, and as somebody else saved it

const boxes = new Map();

export function showClash(fields, entry, choose) {
  hideClash(entry);
  const box = copyOf("clash");
  const { by, mine, at, theirs_text: theirs } = entry.clash;
  box.querySelector("[data-field]").textContent = entry.label;
  box.querySelector("[data-who]").textContent = [mine ? "您在另一个窗口" : by, at].filter(Boolean).join(" ");
  box.querySelector("[data-text=theirs]").textContent = theirs || "（空）";
  for (const button of box.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => choose(button.dataset.choose));
  }
  for (const button of box.querySelectorAll("[data-copy]")) {
    offerCopy(button, box.querySelector(`[data-text=${button.dataset.copy}]`));
  }
  const row = fields.row(entry);
  if (row) row.after(lineOf(row, box));
  else home(fields.control(entry)).append(box);
  boxes.set(idOf(entry), box);
  showMine(entry);
}

// In a table, what is said takes a line of its own.
function lineOf(row, box) {
  const line = document.createElement("tr");
  line.className = "said-line";
  line.append(Object.assign(document.createElement("td"), { colSpan: row.cells.length }));
  line.firstChild.append(box);
  return line;
}

function remove(box) {
  (box?.closest(".said-line") ?? box)?.remove();
}

export function showMine(entry) {
  const place = boxes.get(idOf(entry))?.querySelector("[data-text=mine]");
  if (place) place.textContent = entry.text || "（空）";
}

export function hideClash(entry) {
  remove(boxes.get(idOf(entry)));
  boxes.delete(idOf(entry));
}

export function goToQuestion() {
  const box = document.querySelector(".clash");
  box.scrollIntoView({ block: "center" });
  box.querySelector("button").focus({ preventScroll: true });
}

// A row that somebody deleted while it was being typed into

export function showGone(fields, place, choose) {
  const box = copyOf("gone");
  for (const button of box.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => {
      remove(box);
      choose(button.dataset.choose);
    });
  }
  const row = fields.row(place);
  if (row) row.before(lineOf(row, box));
  else fields.box.prepend(box);
}
