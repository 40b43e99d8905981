// Asks before a page is left on which something was written that is not being sent.

let sent = null;

const isWritten = (form) =>
  [...form.elements].some((each) => each.matches("textarea") && each.value !== each.defaultValue);

document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sent = event.target;
});

window.addEventListener("beforeunload", (event) => {
  const forms = [...document.querySelectorAll("form[data-guard]")];
  if (forms.some((form) => form !== sent && isWritten(form))) event.preventDefault();
  setTimeout(() => {
    sent = null; // whoever is still here chose to stay
  });
});
