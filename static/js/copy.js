// Copies the text of the element that a button names; without script people select it themselves.
export async function copy(source) {
  const text = source.value ?? source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP browsers offer no clipboard, only the old command for what is selected.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(document.getElementById(button.dataset.copy));
    button.textContent = copied ? "已复制" : "请按 Ctrl+C 复制";
    setTimeout(() => { button.textContent = label; }, 3000);
  });
}
