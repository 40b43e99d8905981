// Puts back into the page what pages that were closed have left unsaved, and has it sent.

import { addRow } from "./add-row.js";
import { showLeftovers } from "./leftovers.js";

export function takeBack({ form, fields, queue, kept, putBack }) {
  let hasTakenKey = false;

  // Whether the page has the field, if need be in a row that it adds.
  function hasRoom(entry) {
    if (entry.section !== form.dataset.section) return false;
    if (fields.has(entry)) return true;
    if (!entry.isNew) return false;
    if (form.hasAttribute("data-new") && entry.group === fields.own.group && !hasTakenKey) {
      hasTakenKey = true;
      const { key, address } = form.dataset;
      form.dataset.address = address.replace(key, entry.key);
      form.dataset.key = form.elements.key.value = entry.key;
    } else {
      addRow(entry.group, entry.key);
    }
    return fields.has(entry);
  }

  function inOrderOfThePage(entries) {
    const names = fields.places().map((place) => fields.name(place));
    const rank = (entry) => names.indexOf(fields.name(entry));
    return entries.sort((one, other) => rank(one) - rank(other));
  }

  kept.left((entries) => {
    const homeless = entries.filter((entry) => !hasRoom(entry));
    const ours = entries.filter((entry) => !homeless.includes(entry));
    for (const entry of inOrderOfThePage(ours)) {
      if (queue.get(entry)) continue; // typed here as well: asked about once that is saved
      if (fields.read(entry) !== entry.value) {
        queue.put({ ...entry });
        putBack(entry, entry.value);
      }
      if (kept.works) kept.remove(entry, entry.page);
    }
    showLeftovers(homeless, (entry) => kept.remove(entry, entry.page));
    queue.schedule(0);
  });
}
