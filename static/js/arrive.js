// A link to a field puts the cursor into it.
function arrive() {
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  const field = place.matches("input, select, textarea") ? place : place.querySelector("input, select, textarea");
  if (field && place.id.startsWith("id_")) {
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "center" });
  }
}

window.addEventListener("hashchange", arrive);
arrive();
