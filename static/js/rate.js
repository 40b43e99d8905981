// Shows what the values before and after make of an indicator; leaving its value blank uses it.
function number(input) {
  const text = input.value.normalize("NFKC").replace(/[\s,%]/g, "");
  return text === "" ? NaN : Number(text);
}

for (const row of document.querySelectorAll("tr[data-kind]")) {
  const before = row.querySelector('[name$="-before"]');
  const after = row.querySelector('[name$="-after"]');
  const output = row.querySelector(".computed");
  const kind = row.dataset.kind;
  const isChange = kind === "increase" || kind === "decrease";
  const computed = () => {
    if (!isChange) return number(after);
    const change = ((number(after) - number(before)) * 100) / Math.abs(number(before));
    return kind === "decrease" ? -change : change;
  };
  const show = () => {
    const value = computed();
    if (Number.isFinite(value)) output.textContent = `留空则取 ${value.toFixed(2)}`;
    else output.textContent = isChange && number(before) === 0 ? "建设前为 0，无法计算" : "";
  };
  before.addEventListener("input", show);
  after.addEventListener("input", show);
  show();
}
