// Adds a blank row to a table of rows: a copy of the blank one under a key of its own.

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function renamed(row, from, to) {
  for (const element of row.querySelectorAll("*")) {
    for (const attribute of [...element.attributes]) {
      if (attribute.value.includes(from)) {
        element.setAttribute(attribute.name, attribute.value.replaceAll(from, to));
      }
    }
  }
  row.dataset.blank = to;
  return row;
}

const patterns = new Map();

// The new row; null where the page has no table of such rows.
export function addRow(group, key = randomKey()) {
  const pattern = patterns.get(group);
  if (!pattern) return null;
  const row = renamed(pattern.row.cloneNode(true), pattern.row.dataset.blank, key);
  pattern.table.tBodies[pattern.table.tBodies.length - 1].append(row);
  return row;
}

for (const button of document.querySelectorAll("[data-add-row]")) {
  const group = button.dataset.addRow;
  const table = document.querySelector(`[data-rows="${group}"]`);
  const blank = table && table.querySelector("tr[data-blank]");
  if (!blank) continue;
  patterns.set(group, { table, row: blank.cloneNode(true) });
  button.hidden = false;
  button.addEventListener("click", () => {
    addRow(group).querySelector("input:not([type=hidden])").focus();
  });
}
