// Watches a job: shows its progress as it goes, then loads the page that has the file.

const job = document.querySelector("[data-state]");
const progress = job.querySelector("progress");
const label = job.querySelector("[data-label]");
const message = job.querySelector("[data-message]");

async function look() {
  let wait = 1000;
  try {
    const response = await fetch(job.dataset.state, { headers: { Accept: "application/json" } });
    if (response.redirected) {
      location.reload(); // signed out meanwhile: on to the sign-in page, and back here
      return;
    }
    const state = await response.json();
    progress.value = state.percent;
    label.textContent = state.label;
    label.className = `badge-state badge-${state.status}`;
    if (state.message && state.message !== message.textContent) message.textContent = state.message;
    if (state.finished) {
      location.reload();
      return;
    }
  } catch {
    message.textContent = "网络暂时不通，恢复后会自动继续。";
    wait = 3000;
  }
  setTimeout(look, wait);
}

setTimeout(look, 500);
