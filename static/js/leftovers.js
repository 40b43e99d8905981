// Shows what this browser keeps and the application does not have, to be copied or given up.

import { copyOf, offerCopy } from "./beside.js";

const panel = document.getElementById("leftovers");
const shown = new Map();

export function showLeftovers(entries, giveUp, why) {
  for (const entry of entries) {
    const item = copyOf("leftover");
    const text = item.querySelector("[data-text]");
    item.querySelector("[data-field]").textContent = entry.label;
    text.textContent = entry.text || "（空）";
    offerCopy(item.querySelector("[data-copy]"), text);
    const link = item.querySelector("a");
    link.href = entry.address;
    link.hidden = entry.address === location.pathname;
    panel.querySelector("ul").append(item);
    shown.set(item, () => giveUp(entry));
  }
  if (why) panel.querySelector("p").textContent = why;
  count();
}

function count() {
  panel.querySelector("[data-count]").textContent = shown.size;
  panel.hidden = shown.size === 0;
}

panel.querySelector("[data-give-up]").addEventListener("click", () => {
  for (const [item, giveUp] of shown) {
    giveUp();
    item.remove();
  }
  shown.clear();
  count();
});
