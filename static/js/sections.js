// Marks in the rail the section that is being read.

const rail = document.querySelector("[data-sections]");
const links = new Map(
  [...(rail?.querySelectorAll("a:not(.to-desk)") ?? [])].map((link) => [document.getElementById(link.hash.slice(1)), link]),
);
let marked = null;

function mark() {
  const line = 120; // below the top of the window, where a link to a section puts its heading
  const passed = [...links.keys()].filter((part) => part?.getBoundingClientRect().top < line);
  const link = links.get(passed.at(-1));
  if (link === marked) return;
  marked?.removeAttribute("aria-current");
  link?.setAttribute("aria-current", "location");
  marked = link;
  // On a narrow screen the rail is one line that scrolls.
  if (link) rail.scrollLeft = link.offsetLeft - (rail.clientWidth - link.offsetWidth) / 2;
}

window.addEventListener("scroll", mark, { passive: true });
mark();
