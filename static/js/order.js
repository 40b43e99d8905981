// Orders the rows of a table: dragged by a handle, or with Alt and an arrow while it has the focus.
// The form named by data-order then takes the whole order at once; the buttons work without this.

const EDGE = 60; // so near to the window's edge, dragging scrolls
const STEP = 12;

for (const body of document.querySelectorAll("[data-order]")) {
  const form = document.getElementById(body.dataset.order);
  const said = document.querySelector("[data-order-said]");
  document.querySelector("[data-order-help]").hidden = false;
  const rows = () => [...body.rows];
  let stored = rows();
  let sending = Promise.resolve();

  function number() {
    const all = rows();
    all.forEach((row, index) => {
      row.querySelector("[data-number]").textContent = index + 1;
      row.querySelector("[value=up]").disabled = index === 0;
      row.querySelector("[value=down]").disabled = index === all.length - 1;
      const handle = row.querySelector("[data-handle]");
      handle.setAttribute("aria-label", `第 ${index + 1} 条，调整次序：${handle.dataset.handle}`);
    });
  }

  function say(text, isProblem = false) {
    said.textContent = text;
    said.classList.toggle("order-problem", isProblem);
  }

  async function send(order, words) {
    let message = "网络不通，次序没有保存，已恢复原来的次序。";
    try {
      const body = new FormData(form);
      const headers = { Accept: "application/json" };
      const response = await fetch(form.action, { method: "POST", body, headers });
      if (response.ok && !response.redirected) {
        stored = order;
        say(`${words}，次序已保存。`);
        return;
      }
      message = response.status === 409
        ? (await response.json()).message
        : "次序没有保存，已恢复原来的次序。请刷新页面后再试。";
    } catch { /* said below */ }
    body.append(...stored);
    number();
    say(message, true);
  }

  // One after the other, so that the last order is the one that stays.
  function save(row) {
    const order = rows();
    if (order.every((each, index) => each === stored[index])) return;
    number();
    const words = `已移到第 ${order.indexOf(row) + 1} 条`;
    say(words);
    sending = sending.then(() => send(order, words));
  }

  let dragged = null;

  function middle(row) {
    const box = row.getBoundingClientRect();
    return box.top + box.height / 2;
  }

  // The others make way: a row that is itself moved would lose the pointer, or the focus.
  function follow(y) {
    let neighbour = dragged.previousElementSibling;
    while (neighbour && y < middle(neighbour)) {
      dragged.after(neighbour);
      neighbour = dragged.previousElementSibling;
    }
    neighbour = dragged.nextElementSibling;
    while (neighbour && y > middle(neighbour)) {
      dragged.before(neighbour);
      neighbour = dragged.nextElementSibling;
    }
    if (y < EDGE) window.scrollBy(0, -STEP);
    else if (y > window.innerHeight - EDGE) window.scrollBy(0, STEP);
  }

  function drop() {
    const row = dragged;
    row.classList.remove("dragged");
    dragged = null;
    save(row);
  }

  for (const row of rows()) {
    const handle = row.querySelector("[data-handle]");
    handle.hidden = false;
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      dragged = row;
      row.classList.add("dragged");
    });
    handle.addEventListener("pointermove", (event) => { if (dragged) follow(event.clientY); });
    handle.addEventListener("lostpointercapture", () => { if (dragged) drop(); });
    handle.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && dragged) {
        body.append(...stored);
        dragged.classList.remove("dragged");
        dragged = null;
      }
      if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
      event.preventDefault();
      const neighbour = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
      if (!neighbour) return;
      if (event.key === "ArrowUp") row.after(neighbour);
      else row.before(neighbour);
      row.scrollIntoView({ block: "nearest" });
      save(row);
    });
  }
  number();
}
