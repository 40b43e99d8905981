// Turns the pages of a PDF where it stands; without this, a link leads to a page for that.

for (const look of document.querySelectorAll("[data-look]")) {
  const last = Number(look.dataset.look);
  const image = look.querySelector("img");
  const number = look.querySelector("[data-look-number]");
  const steps = look.querySelectorAll("[data-look-step]");
  if (last < 2) continue;

  function turn(by) {
    const page = Number(number.textContent) + by;
    number.textContent = page;
    image.src = image.src.replace(/\d+\/$/, `${page}/`);
    for (const step of steps) {
      const next = page + Number(step.dataset.lookStep);
      step.disabled = next < 1 || next > last;
    }
  }

  look.querySelector("[data-look-plain]").remove();
  for (const step of steps) {
    step.hidden = false;
    step.addEventListener("click", () => turn(Number(step.dataset.lookStep)));
  }
  turn(0);
}
