// Counts the 字 of a long text against its limit while it is being written.
const LINES = /\r\n?/g;

function written(area) {
  return [...area.value.replace(LINES, "\n").trim()].length;
}

for (const area of document.querySelectorAll("textarea[data-limit]")) {
  const meter = area.parentElement.querySelector(".meter");
  if (!meter) continue;
  const limit = Number(area.dataset.limit);
  const show = () => {
    const count = written(area);
    meter.textContent = `已写 ${count} 字 / 限 ${limit} 字`;
    if (count > limit) meter.textContent += `，超出 ${count - limit} 字`;
    meter.classList.toggle("meter-over", count > limit);
  };
  area.addEventListener("input", show);
  show();
}
