// Brings a preview into view, and asks before a pasted table is left behind unread.
const form = document.querySelector("[data-paste]");
const text = form.querySelector("textarea");
const file = form.querySelector("[type=file]");
const preview = document.getElementById("preview");

if (preview) {
  preview.focus({ preventScroll: true });
  preview.scrollIntoView({ block: "start" });
}

// A chosen file is read at once: there is nothing else to do with it.
file.addEventListener("change", () => {
  if (file.files.length) form.querySelector("[data-preview]").click();
});

// What was pasted first is shown at once; a correction waits for the button.
text.addEventListener("paste", () => {
  if (text.value.trim() === "") {
    setTimeout(() => { if (text.value.includes("\n")) form.querySelector("[data-preview]").click(); });
  }
});

let isLeaving = false;
const shown = text.value;
form.addEventListener("submit", () => { isLeaving = true; });
window.addEventListener("beforeunload", (event) => {
  if (!isLeaving && text.value !== shown) event.preventDefault();
});
