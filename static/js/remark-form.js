// The form for one comment: a phrase goes in where one is writing, Ctrl+Enter saves.

export function dress(form) {
  const { phrase, text } = form.elements;
  const labelOf = ({ id }) => form.querySelector(`label[for=${id}]`).textContent.trim();
  const row = document.createElement("div");
  row.className = "phrases";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", labelOf(phrase));
  const groups = [...phrase.querySelectorAll("optgroup")];

  function show() {
    const kind = form.querySelector("[name=kind]:checked");
    const options = groups.filter(({ label }) => kind && label === labelOf(kind)).flatMap(({ children }) => [...children]);
    row.replaceChildren(
      ...options.map(({ value }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "btn btn-sm btn-quiet";
        button.textContent = value;
        return button;
      }),
    );
  }

  row.addEventListener("click", ({ target }) => {
    if (!target.matches("button")) return;
    text.setRangeText(target.textContent, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
  form.addEventListener("change", ({ target }) => {
    if (target.name === "kind") show();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  if (phrase.value) text.value = phrase.value + text.value; // as it would have been saved
  phrase.value = "";
  phrase.closest(".mb-3").replaceWith(row);
  form.append(phrase);
  phrase.hidden = true;
  show();
}

for (const form of document.querySelectorAll("form.remark")) dress(form);
