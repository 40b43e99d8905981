// A menu of the masthead closes when one looks elsewhere; without script it stays until clicked again.

const menu = document.querySelector(".menu");

document.addEventListener("click", (event) => {
  if (!menu.contains(event.target)) menu.open = false;
});
menu.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
