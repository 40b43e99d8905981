// Shows what the values before and after make of an indicator; leaving its value blank uses it, and
// another value asks for a reason.
function number(input) {
  const text = input.value.normalize("NFKC").replace(/[\s,%]/g, "").replace("\u2212", "-");
  return text === "" ? NaN : Number(text);
}

for (const row of document.querySelectorAll("tr[data-kind]")) {
  const [before, after, value, note] = ["before", "after", "value", "note"].map(
    (name) => row.querySelector(`[name$="-${name}"]`),
  );
  const output = row.querySelector(".computed");
  const kind = row.dataset.kind;
  const isChange = kind === "increase" || kind === "decrease";
  const computed = () => {
    if (!isChange) return number(after);
    const change = ((number(after) - number(before)) * 100) / Math.abs(number(before));
    return kind === "decrease" ? -change : change;
  };
  const said = () => {
    const result = computed();
    if (!Number.isFinite(result)) {
      return isChange && number(before) === 0 ? "建设前为 0，无法计算" : "";
    }
    // Half up, as the server rounds; a millionth makes up for binary fractions.
    const cents = Math.sign(result) * Math.round(Math.abs(result) * 100 + 1e-6);
    const words = (cents / 100).toFixed(2);
    if (value.value.trim() === "") return `留空则取 ${words}`;
    if (Math.abs(number(value) - cents / 100) < 0.0101) return "";
    return `计算值 ${words}${note.value.trim() ? "" : "，请写明理由"}`;
  };
  const show = () => {
    output.textContent = said();
  };
  for (const input of [before, after, value, note]) input.addEventListener("input", show);
  show();
}
