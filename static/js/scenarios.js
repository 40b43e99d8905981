// Choosing a 环节 narrows the 场景 to it; the line of Annex 1 is composed while people write.
const segment = document.getElementById("id_segment");
const scenario = document.getElementById("id_scenario");
const ownName = document.getElementById("id_own_scenario");
const instanceName = document.getElementById("id_name");
const line = document.querySelector("[data-line]");

const groups = [...scenario.querySelectorAll("optgroup")];
const chosen = (select) => select.value && select.selectedOptions[0].text;

function narrow() {
  const wanted = chosen(segment);
  const fitting = groups.filter((group) => !wanted || group.label === wanted);
  const kept = scenario.value;
  // Taken out, not hidden: not every browser hides the options of a list.
  for (const group of groups) group.remove();
  scenario.append(...fitting);
  scenario.value = kept;
  if (scenario.selectedIndex < 0) scenario.value = "";
}

function compose() {
  const place = (chosen(scenario) || ownName.value.trim()).replace(/（参考）$/, "");
  const parts = [chosen(segment), place, instanceName.value.trim()];
  line.textContent = parts.map((part) => part || "……").join("—");
}

// A scenario picked first brings its own 环节 with it.
scenario.addEventListener("change", () => {
  const group = scenario.selectedOptions[0] && scenario.selectedOptions[0].closest("optgroup");
  if (group && !segment.value) {
    const match = [...segment.options].find((option) => option.text === group.label);
    if (match) segment.value = match.value;
    narrow();
  }
});
segment.addEventListener("change", narrow);
for (const input of [segment, scenario, ownName, instanceName]) {
  input.addEventListener("input", compose);
  input.addEventListener("change", compose);
}
// A stored contradiction stays on show until somebody resolves it.
if (!scenario.classList.contains("is-invalid")) narrow();
