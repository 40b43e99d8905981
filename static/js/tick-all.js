// One box in the head of a table ticks all boxes of its rows; without script each is ticked itself.

for (const table of document.querySelectorAll("[data-tick-all]")) {
  const all = table.querySelector("[data-all]");
  const boxes = [...table.querySelectorAll("tbody input[type=checkbox]")];
  if (!all) continue;
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  all.closest("label").hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  table.addEventListener("change", show);
  show(); // the browser keeps ticks over a reload
}
