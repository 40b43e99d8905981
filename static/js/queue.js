// What is typed and not saved yet, sent one request at a time, the oldest first. A request saves
// fields of one part: the section's own, or a row's.

import { UNREACHABLE } from "./server.js";

const PAUSE = 800;
const LONGEST_PAUSE = 4000; // also for somebody who never stops typing
const RETRIES = [2000, 4000, 8000, 15000, 30000];
const LARGEST_FAREWELL = 60000; // browsers let a closing page send 64 KB

export const partOf = ({ group, key }) => `${group} ${key}`;
export const idOf = (place) => `${partOf(place)} ${place.field}`;

export class Queue {
  entries = new Map();
  gone = new Set();
  trouble = ""; // "unreachable", "signed-out" or "locked": why nothing is sent now
  message = "";
  savedAt = "";

  // ``tell`` has a function for each thing that can happen: changed, saved, clashed, gone, stored,
  // signedOut, locked.
  constructor({ server, kept, section, tell }) {
    Object.assign(this, { server, kept, section, tell });
    this.inFlight = new Set();
    this.failures = 0;
  }

  get(place) {
    return this.entries.get(idOf(place));
  }

  ofPart(part) {
    return [...this.entries.values()].filter((entry) => partOf(entry) === part);
  }

  get clashes() {
    return [...this.entries.values()].filter((entry) => entry.clash);
  }

  get refused() {
    return [...this.entries.values()].filter((entry) => entry.refusal);
  }

  get isSending() {
    return this.inFlight.size > 0;
  }

  // Whether something needs a person, or a connection, before it can be saved.
  get isStuck() {
    return this.trouble !== "" || this.clashes.length > 0 || this.gone.size > 0;
  }

  // Taking in

  put(entry) {
    delete entry.refusal;
    this.entries.set(idOf(entry), entry);
    this.kept.put(entry);
    this.tell.changed();
  }

  drop(entry) {
    this.entries.delete(idOf(entry));
    this.kept.remove(entry);
    this.tell.changed();
  }

  schedule(pause = PAUSE) {
    this.hold();
    if (this.trouble) return;
    this.since ??= Date.now();
    this.timer = setTimeout(
      () => this.flush(),
      Math.min(pause, this.since + LONGEST_PAUSE - Date.now()),
    );
  }

  hold() {
    clearTimeout(this.timer);
  }

  // Sending

  // Sends everything that can be sent; settles when that is done or cannot be done.
  flush() {
    this.hold();
    this.since = undefined;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      this.tell.changed();
    });
    return this.running;
  }

  // Tries again at once: what made it fail may have passed.
  retry() {
    if (!this.trouble || this.trouble === "locked" || this.running) return;
    clearTimeout(this.retryTimer);
    this.trouble = "";
    this.flush();
  }

  async run() {
    let batch = [];
    while (!this.trouble && (batch = this.next()).length) await this.deliver(batch);
  }

  next() {
    const able = [...this.entries.values()].filter(
      (entry) =>
        !entry.clash && !entry.refusal && !this.inFlight.has(entry) && !this.gone.has(partOf(entry)),
    );
    return able.filter((entry) => partOf(entry) === partOf(able[0]));
  }

  // The page is being left: everything at once, as far as the browser lets it through.
  leave() {
    let room = LARGEST_FAREWELL;
    let batch = [];
    while (!this.trouble && (batch = this.next()).length) {
      room -= new Blob([JSON.stringify(this.letter(batch))]).size;
      if (room < 0) break;
      this.deliver(batch, true);
    }
  }

  letter(batch) {
    const [{ group, key }] = batch;
    const changes = {};
    for (const { field, value, sent, seen } of batch) changes[field] = { value: sent ?? value, seen };
    const isNew = batch.some((entry) => entry.isNew);
    return { section: this.section, group, key, new: isNew, changes };
  }

  async deliver(batch, isLeaving = false) {
    const letter = this.letter(batch);
    for (const entry of batch) {
      // Whether it arrives is not known until the answer is here; until then it is sent as it was.
      entry.sent ??= entry.value;
      this.kept.put(entry);
      this.inFlight.add(entry);
    }
    this.tell.changed();
    const answer = await this.server.save(letter, isLeaving);
    for (const entry of batch) this.inFlight.delete(entry);
    this.receive(batch, answer);
    this.tell.changed();
  }

  receive(batch, { status, data }) {
    const part = partOf(batch[0]);
    if (status === UNREACHABLE || status >= 500) {
      this.fail();
    } else if (status === 401) {
      this.trouble = "signed-out";
      this.tell.signedOut(data);
    } else if (status === 409 && data.reason === "gone") {
      this.gone.add(part);
      this.tell.gone(part);
    } else if (status === 409) {
      this.trouble = "locked";
      this.message = data.message;
      this.tell.locked();
    } else if (status !== 200) {
      for (const entry of batch) entry.refusal = data.message || `服务器没有接受（${status}）`;
    } else {
      this.failures = 0;
      this.savedAt = data.saved_at;
      for (const entry of this.ofPart(part)) entry.isNew = false;
      this.tell.stored(part);
      for (const entry of batch) this.settle(entry, data);
    }
  }

  settle(entry, { fields, conflicts }) {
    const { [entry.field]: answer } = { ...fields, ...conflicts };
    const sent = entry.sent;
    entry.sent = undefined;
    if (!answer) {
      entry.refusal = "服务器没有说是否存上";
    } else if (entry.field in conflicts && answer.theirs !== entry.value) {
      entry.clash = answer;
      this.tell.clashed(entry);
    } else {
      entry.seen = answer.seen;
      if (entry.value === sent || entry.field in conflicts) this.entries.delete(idOf(entry));
      this.tell.saved(entry, entry.field in conflicts ? entry.value : sent, answer.error ?? "");
    }
    if (this.entries.get(idOf(entry)) === entry) this.kept.put(entry);
    else this.kept.remove(entry);
  }

  fail() {
    this.trouble = "unreachable";
    const pause = RETRIES[Math.min(this.failures, RETRIES.length - 1)];
    this.failures += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.retry(), pause);
  }
}
