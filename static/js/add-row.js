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

for (const button of document.querySelectorAll("[data-add-row]")) {
  const table = document.querySelector(`[data-rows="${button.dataset.addRow}"]`);
  const blank = table && table.querySelector("tr[data-blank]");
  if (!blank) continue;
  const pattern = blank.cloneNode(true);
  button.hidden = false;
  button.addEventListener("click", () => {
    const row = renamed(pattern.cloneNode(true), pattern.dataset.blank, randomKey());
    table.tBodies[table.tBodies.length - 1].append(row);
    row.querySelector("input:not([type=hidden])").focus();
  });
}
