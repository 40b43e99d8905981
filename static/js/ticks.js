// Saves a tick as soon as it is set or taken away; without script each block has its own button.
const count = document.querySelector(".reentry-count b");

async function save(form, box) {
  const said = new FormData();
  said.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  said.set(box.checked ? "place" : "was", box.value);
  const response = await fetch(form.action, { method: "POST", body: said, redirect: "manual" });
  if (response.type !== "opaqueredirect") throw new Error(response.status);
}

for (const form of document.querySelectorAll("form[data-ticks]")) {
  const button = form.querySelector("button:not([type=button])");
  button.hidden = true;
  form.addEventListener("change", async (event) => {
    const box = event.target;
    try {
      await save(form, box);
      count.textContent = Number(count.textContent) + (box.checked ? 1 : -1);
    } catch {
      // What could not be saved stays as it was set, with the button to save it.
      button.hidden = false;
      button.textContent = "未能保存，点这里再试";
    }
  });
}
