// Asks before a page is left on which something was written that is not being sent.

const forms = [...document.querySelectorAll("form[data-guard]")];
let sent = null;

const isWritten = (form) =>
  [...form.elements].some((each) => each.matches("textarea") && each.value !== each.defaultValue);

document.addEventListener("submit", (event) => {
  sent = event.target;
});

window.addEventListener("beforeunload", (event) => {
  if (forms.some((form) => form !== sent && isWritten(form))) event.preventDefault();
  setTimeout(() => {
    sent = null; // whoever is still here chose to stay
  });
});
