// Shows the change from before to after while the figures are typed; leaving the value blank uses it.
function number(input) {
  const text = input.value.normalize("NFKC").replace(/[\s,%]/g, "");
  return text === "" ? NaN : Number(text);
}

for (const row of document.querySelectorAll('tr[data-kind="increase"], tr[data-kind="decrease"]')) {
  const before = row.querySelector('[name$="-before"]');
  const after = row.querySelector('[name$="-after"]');
  const output = row.querySelector(".computed");
  const sign = row.dataset.kind === "decrease" ? -1 : 1;
  const show = () => {
    const change = (sign * (number(after) - number(before)) * 100) / Math.abs(number(before));
    output.textContent = Number.isFinite(change) ? `留空则取 ${change.toFixed(2)}` : "";
  };
  before.addEventListener("input", show);
  after.addEventListener("input", show);
  show();
}
