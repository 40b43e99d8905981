// Long texts of one line of a table open and close together, for they are read against each other.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches("details[data-together]")) return;
    const label = target.closest("dl > div")?.querySelector("dt").textContent;
    for (const other of target.closest("tr").querySelectorAll("details[data-together]")) {
      if (other.closest("dl > div")?.querySelector("dt").textContent === label) other.open = target.open;
    }
  },
  true, // a toggle does not bubble
);
