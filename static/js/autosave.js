// Saves a page field by field while it is being filled in; loses nothing of what was typed.

import { complain, hideClash, showClash, showGone, showMine } from "./beside.js";
import { Fields } from "./fields.js";
import { Kept } from "./kept.js";
import { showLeftovers } from "./leftovers.js";
import { Queue, partOf } from "./queue.js";
import { Server } from "./server.js";
import { SignIn } from "./sign-in.js";
import { StateLine } from "./state-line.js";
import { steadily } from "./steady.js";
import { takeBack } from "./take-back.js";

const REST = 1000; // without a keystroke, before anything may take the keyboard

const form = document.getElementById("filling");
const { autosave: saveUrl, session: sessionUrl, section, user } = form.dataset;
const kept = new Kept(user, saveUrl);
const fields = new Fields(form);
const server = new Server({ user, saveUrl, sessionUrl });
const tell = { changed: () => line.show(), saved, stored, clashed, gone, signedOut, locked };
const queue = new Queue({ server, kept, section, tell });
const signIn = new SignIn(server, () => queue.retry());
const line = new StateLine(form, queue, kept, signIn);

// Typing

let typedAt = 0;
let isPutBack = false; // what stands in the fields now was put there, not typed

function isNew(place) {
  const row = fields.row(place);
  return row ? row.hasAttribute("data-blank") : form.hasAttribute("data-new");
}

function note(place) {
  const entry = queue.get(place);
  const value = fields.read(place);
  if (entry ? entry.value === value : fields.isAsStored(place)) return;
  if (entry && fields.isAsStored(place) && entry.sent === undefined && !entry.clash) {
    queue.drop(entry);
    return;
  }
  const typed = { value, text: fields.words(place) };
  if (entry) {
    queue.put(Object.assign(entry, typed));
    showMine(entry);
    return;
  }
  queue.put({
    section,
    ...place,
    ...typed,
    seen: fields.fingerprint(place),
    isNew: isNew(place),
    label: fields.label(place),
    address: location.pathname,
  });
}

fields.box.addEventListener("input", (event) => {
  const place = fields.place(event.target);
  if (!place || isPutBack) return;
  typedAt = Date.now();
  note(place);
  if (event.isComposing) queue.hold(); // pinyin that is no text yet
  else queue.schedule();
});

fields.box.addEventListener("compositionend", () => queue.schedule());

fields.box.addEventListener("change", (event) => {
  const place = fields.place(event.target);
  if (!place || isPutBack) return line.show();
  // The choice of one field may change others of its part; what listens has had its turn by then.
  queueMicrotask(() => {
    fields.places(partOf(place)).forEach(note);
    queue.schedule(0);
  });
});

function putBack(place, value) {
  isPutBack = true;
  fields.write(place, value);
  isPutBack = false;
}

// What comes of it

function saved(entry, value, error) {
  fields.note(entry, value, entry.seen);
  steadily(() => complain(fields, entry, error));
}

function stored(part) {
  signIn.close();
  const row = fields.row(fields.places(part)[0]);
  if (row) row.removeAttribute("data-blank");
  if (row || !form.hasAttribute("data-new")) return;
  form.removeAttribute("data-new");
  history.replaceState(null, "", form.dataset.address);
  for (const entry of queue.ofPart(part)) {
    entry.address = location.pathname;
    kept.put(entry);
  }
}

function clashed(entry) {
  steadily(() => showClash(fields, entry, (whose) => settle(entry, whose)));
}

function settle(entry, whose) {
  const { seen, theirs } = entry.clash;
  hideClash(entry);
  delete entry.clash;
  if (whose === "mine") {
    queue.put(Object.assign(entry, { seen }));
    queue.schedule(0);
  } else {
    queue.drop(entry);
    fields.note(entry, theirs, seen);
    complain(fields, entry, "");
    putBack(entry, theirs);
  }
  fields.control(entry).focus();
}

function gone(part) {
  const places = fields.places(part);
  steadily(() => showGone(fields, places[0], (choice) => replace(part, places, choice)));
}

function replace(part, places, choice) {
  const row = fields.row(places[0]);
  queue.gone.delete(part);
  queue.ofPart(part).forEach((entry) => queue.drop(entry));
  if (choice === "again") {
    if (row) row.dataset.blank = places[0].key;
    else form.dataset.new = "";
    fields.forget(places);
    places.forEach(note);
    queue.schedule(0);
  } else if (row) row.remove();
  else location.assign(form.dataset.up);
}

function atRest(act) {
  const rest = typedAt + REST - Date.now();
  if (rest > 0) setTimeout(atRest, rest, act);
  else act();
}

function signedOut(data) {
  atRest(() => {
    if (queue.trouble === "signed-out") signIn.open(data);
  });
}

function locked() {
  atRest(() => {
    fields.box.disabled = true;
    showLeftovers([...queue.entries.values()], (entry) => queue.drop(entry), queue.message);
  });
}

// Leaving and coming back

let isPosting = false;

form.addEventListener("submit", async (event) => {
  if (isPosting) return;
  event.preventDefault();
  // Else the posted page would meet its own fields on their way and take them for another's.
  queue.retry();
  await queue.flush();
  if (queue.isStuck) {
    if (queue.trouble === "signed-out") signIn.open();
    return;
  }
  isPosting = true;
  setTimeout(() => form.requestSubmit(event.submitter)); // not while this event is going on
});

window.addEventListener("beforeunload", (event) => {
  const isAtRisk = form.hasAttribute("data-unsaved") || (queue.entries.size > 0 && !kept.works);
  if (isAtRisk && !isPosting) event.preventDefault();
});

window.addEventListener("pagehide", () => queue.leave());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") queue.leave();
  else queue.retry();
});
window.addEventListener("focus", () => queue.retry());
window.addEventListener("online", () => queue.retry());
window.addEventListener("offline", () => line.show());

fields.places().forEach(note); // typed before this script was there
queue.schedule(0);
takeBack({ form, fields, queue, kept, putBack });
