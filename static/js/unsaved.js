// Says that there are unsaved changes, and asks before they are left behind.
const guarded = document.querySelector("form[data-guard]");

if (guarded && !guarded.querySelector("fieldset.all:disabled")) {
  const state = guarded.querySelector("[data-save-state]");
  let unsaved = guarded.hasAttribute("data-unsaved");

  const show = () => {
    if (!unsaved || !state) return;
    state.textContent = "有未保存的修改";
    state.classList.add("savebar-unsaved");
  };
  const change = () => {
    unsaved = true;
    show();
  };
  guarded.addEventListener("input", change);
  guarded.addEventListener("change", change);
  guarded.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  show();
}
