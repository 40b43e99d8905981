// A link to a field puts the cursor into it, one to a button the focus; if that is disabled, beside it.
const FIELD = "input, select, textarea, button";

function arrive() {
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  const field = place.matches(FIELD) ? place : place.querySelector(FIELD);
  if (field && place.id.startsWith("id_")) {
    if (field.matches("button:disabled")) return field.parentElement.querySelector("button:enabled").focus();
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "center" });
  }
}

// On a narrow screen the sections lie in one row, which scrolls: the present one is brought into it.
const here = document.querySelector(".rail [aria-current]");
if (here) {
  const row = here.closest("ol");
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

window.addEventListener("hashchange", arrive);
window.addEventListener("load", arrive); // the browser's own arriving may take the focus until then
