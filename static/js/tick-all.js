// One box ticks all others of its table or group; without script each is ticked itself.

for (const group of document.querySelectorAll("[data-tick-all]")) {
  const all = group.querySelector("[data-all]");
  const boxes = [...group.querySelectorAll("input[type=checkbox]:not([data-all])")];
  if (!all) continue;
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  all.closest("label").hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  group.addEventListener("change", show);
  show(); // the browser keeps ticks over a reload
}
