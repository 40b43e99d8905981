// Saves a tick as soon as it is set; without script each block has its own button.
const count = document.querySelector(".reentry-count b");

for (const form of document.querySelectorAll("form[data-ticks]")) {
  const button = form.querySelector("button:not([type=button])");
  button.hidden = true;
  form.addEventListener("change", async (event) => {
    const step = event.target.checked ? 1 : -1;
    try {
      const response = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      if (response.type !== "opaqueredirect") throw new Error(response.status);
      count.textContent = Number(count.textContent) + step;
      button.hidden = true;
    } catch {
      // What could not be saved stays ticked, with the button to save it.
      button.hidden = false;
      button.textContent = "未能保存，点这里再试";
    }
  });
}
