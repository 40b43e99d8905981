// Asking for changes, and deciding on the answers, without leaving the text one reads.

import { dress } from "./remark-form.js";
import { Server, UNREACHABLE } from "./server.js";
import { SignIn } from "./sign-in.js";

const template = document.getElementById("asking");
const { user, session, page: reader, unreachable, unfinished } = template.dataset;
const server = new Server({ user, sessionUrl: session });
let again = () => {};
const signIn = new SignIn(server, () => again());

let asking = null; // the one form that is open: its link, its box, itself
let isOpening = false;

// What is typed outlives a closed form and a reloaded page, in this tab.
const draftOf = (link) => `remark:${user}:${link.href}`;

function say(box, words) {
  const alert = box.querySelector("[role=alert]") ?? box.appendChild(template.content.querySelector("[role=alert]").cloneNode());
  alert.textContent = words;
  alert.hidden = !words;
}

async function pageAt(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" } });
    return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    return null;
  }
}

// Opening and closing

async function open(link) {
  if (asking?.link === link) return asking.form.elements.text.focus();
  if (asking && asking.form.elements.text.value !== asking.form.elements.text.defaultValue) {
    say(asking.box, unfinished);
    return asking.form.elements.text.focus();
  }
  asking?.box.remove();
  asking = null;
  const found = (await pageAt(link.href))?.querySelector("form.remark");
  if (!found) return location.assign(link.href);
  const box = template.content.firstElementChild.cloneNode(true);
  const form = document.importNode(found, true);
  form.action = link.href;
  box.append(form);
  under(link, box);
  asking = { link, box, form };
  dress(form);
  const { field, text } = form.elements;
  if (field?.value) field.closest(".mb-3").hidden = true; // it stands right above
  form.querySelector("[data-close]").textContent = template.dataset.fold;
  text.value = sessionStorage.getItem(draftOf(link)) ?? text.value;
  text.addEventListener("input", () => sessionStorage.setItem(draftOf(link), text.value));
  text.focus({ preventScroll: true });
  // The link, too: it stands beside what is asked about.
  for (const part of [box, link]) part.scrollIntoView({ block: "nearest" });
}

function under(link, box) {
  const asked = link.closest(".asked");
  const row = link.closest("tr:not(.asked-row)");
  const around = link.closest("dd, .comment");
  if (asked) asked.after(box);
  else if (row) cellUnder(row).append(box);
  else if (around) around.append(box);
  else link.closest("h2, h3, h4").after(box);
}

function cellUnder(row) {
  const next = row.nextElementSibling;
  if (next?.matches(".asked-row")) return next.cells[0];
  const below = document.createElement("tr");
  below.className = "asked-row";
  below.insertCell().colSpan = row.cells.length;
  row.after(below);
  return below.cells[0];
}

function close() {
  const { link, box } = asking;
  asking = null;
  box.remove();
  tidy();
  link.focus();
}

function tidy() {
  for (const row of document.querySelectorAll(".asked-row")) {
    if (!row.cells[0].childElementCount) row.remove();
  }
}

// Sending

async function send(form, box, done) {
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  const { status, data } = await server.post(form.action, new URLSearchParams(new FormData(form)));
  for (const button of buttons) button.disabled = false;
  if (status === 200) return done(data);
  if (status === 401) {
    again = () => send(form, box, done);
    return signIn.open(data);
  }
  say(box, (status !== UNREACHABLE && data.message) || unreachable);
}

async function written({ comment }) {
  const { link, box, form } = asking;
  sessionStorage.removeItem(draftOf(link));
  const { field } = form.elements;
  const isElsewhere = field && !field.querySelector(`[value="${field.value}"]`).defaultSelected;
  asking = null;
  const page = await pageAt(reader);
  if (!page || isElsewhere) return readAgain(comment);
  const id = `comment-${comment}`;
  refresh(page);
  const fresh = page.getElementById(id); // unless it took its own place already
  if (fresh) box.replaceWith(fresh);
  else box.remove();
  tidy();
  document.getElementById(id).focus({ preventScroll: true });
}

// A refused decision is shown under its own address: reloading that would decide again.
function readAgain(comment) {
  if (location.pathname !== reader) return location.assign(`${reader}#comment-${comment}`);
  location.hash = `comment-${comment}`;
  location.reload();
}

// What the portal says now of everything that was asked, and of what a return would send.
function refresh(page) {
  for (const shown of document.querySelectorAll("[data-live], .asked")) {
    const fresh = page.getElementById(shown.id);
    if (fresh) shown.replaceWith(fresh);
    else shown.remove();
  }
}

async function settled({ comment }) {
  const page = await pageAt(reader);
  if (!page) return readAgain(comment);
  refresh(page);
  tidy();
  const place = document.getElementById(`comment-${comment}`) ?? document.getElementById("unsent");
  place.focus({ preventScroll: true });
}

// Listening

document.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (asking && event.target.closest("[data-close]")) {
    event.preventDefault();
    return close();
  }
  const link = event.target.closest("a[data-ask]");
  if (!link) return;
  event.preventDefault();
  if (isOpening) return;
  isOpening = true;
  await open(link).finally(() => {
    isOpening = false;
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !asking?.box.contains(event.target)) return;
  close();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form === asking?.form) {
    event.preventDefault();
    send(form, asking.box, written);
  } else if (form.matches("[data-settle]")) {
    event.preventDefault();
    send(form, form, settled);
  }
});
