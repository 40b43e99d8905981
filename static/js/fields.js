// The fields of a page that is filled in: which answer each stands for, what it shows and has shown.

import { idOf, partOf } from "./queue.js";

const OF_ROW = /^([a-z_]+)-(.+)-([a-z0-9_]+)$/;
const NOT_TYPED = ["hidden", "submit", "button", "file"];

export class Fields {
  constructor(form) {
    this.form = form;
    this.box = form.querySelector("fieldset.all");
    this.seen = JSON.parse(form.elements.seen.value || "{}");
    this.stored = new Map();
    for (const place of this.places()) this.stored.set(idOf(place), this.rendered(place));
  }

  // What bare names belong to: the section, or the row that this page is about.
  get own() {
    const { group = "", key = "" } = this.form.dataset;
    return { group, key };
  }

  place(control) {
    if (!control.name || NOT_TYPED.includes(control.type)) return null;
    const [, group, key, field] = OF_ROW.exec(control.name) || [];
    if (!group) return { ...this.own, field: control.name };
    return field === "delete" ? null : { group, key, field };
  }

  places(part) {
    const found = new Map();
    for (const control of this.box.elements) {
      const place = this.place(control);
      if (place && (part === undefined || partOf(place) === part)) found.set(idOf(place), place);
    }
    return [...found.values()];
  }

  prefix(place) {
    return partOf(place) === partOf(this.own) ? "" : `${place.group}-${place.key}`;
  }

  name(place) {
    const prefix = this.prefix(place);
    return prefix ? `${prefix}-${place.field}` : place.field;
  }

  has(place) {
    return Boolean(this.control(place));
  }

  // One control of the place: of radio buttons, the first.
  control(place) {
    const found = this.form.elements.namedItem(this.name(place));
    return found instanceof RadioNodeList ? found[0] : found;
  }

  row(place) {
    return this.control(place)?.closest("tr");
  }

  read(place) {
    const found = this.form.elements.namedItem(this.name(place));
    if (found.type === "checkbox") return found.checked ? "on" : "";
    return found.value;
  }

  // What the portal put into a field, whatever a browser or a quick hand has put there since.
  rendered(place) {
    const found = this.form.elements.namedItem(this.name(place));
    if (found instanceof RadioNodeList) return [...found].find((radio) => radio.defaultChecked)?.value ?? "";
    if (found.type === "checkbox") return found.defaultChecked ? "on" : "";
    if (found.type !== "select-one") return found.defaultValue;
    return [...found.options].find((option) => option.defaultSelected)?.value ?? "";
  }

  write(place, value) {
    const found = this.form.elements.namedItem(this.name(place));
    if (found instanceof RadioNodeList) for (const radio of found) radio.checked = radio.value === value;
    else if (found.type === "checkbox") found.checked = value === "on";
    else found.value = value;
    if (found.type === "date" && found.value !== value) {
      found.type = "text"; // a calendar shows nothing of what is no date
      found.value = value;
    }
    for (const kind of ["input", "change"]) {
      this.control(place).dispatchEvent(new Event(kind, { bubbles: true }));
    }
  }

  // What a field shows, in words.
  words(place) {
    const control = this.control(place);
    if (control.type === "checkbox") return control.checked ? "是" : "否";
    if (control.type === "select-one") return control.value && control.selectedOptions[0].text;
    if (control.type !== "radio") return control.value;
    const [chosen] = this.box.querySelectorAll(`[name="${control.name}"]:checked`);
    return chosen ? chosen.labels[0].textContent.trim() : "";
  }

  // Whether a field holds what the portal has.
  isAsStored(place) {
    return this.read(place) === (this.stored.get(idOf(place)) ?? "");
  }

  fingerprint(place) {
    return this.seen[this.prefix(place)]?.[place.field];
  }

  // The portal now has ``value`` in a field; a plain save of the page has to say so as well.
  note(place, value, fingerprint) {
    this.stored.set(idOf(place), value);
    (this.seen[this.prefix(place)] ??= {})[place.field] = fingerprint;
    this.form.elements.seen.value = JSON.stringify(this.seen);
  }

  // The portal has nothing of these fields any more.
  forget(places) {
    for (const place of places) {
      this.stored.delete(idOf(place));
      delete this.seen[this.prefix(place)];
    }
    this.form.elements.seen.value = JSON.stringify(this.seen);
  }

  label(place) {
    const control = this.control(place);
    const group = control.closest("[role=radiogroup]");
    const words =
      group?.getAttribute("aria-label") ??
      (control.type === "radio" ? control.closest("fieldset").querySelector("legend") : control.labels[0])
        ?.textContent;
    return (words || place.field).replace(/\s+/g, " ").trim();
  }
}
