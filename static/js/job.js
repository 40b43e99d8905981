// Watches a job: shows its progress as it goes, then loads the page that has the file.

const job = document.querySelector("[data-state]");
const progress = job.querySelector("progress");
const label = job.querySelector("[data-label]");
const message = job.querySelector("[data-message]");

async function look() {
  let wait = 1000;
  try {
    const response = await fetch(job.dataset.state, { headers: { Accept: "application/json" } });
    if (response.status === 401 || response.status === 404) {
      location.reload(); // signed out, or no longer there: the page itself says so
      return;
    }
    if (!response.ok) {
      message.textContent = "门户暂时不能回答，稍后会自动再问。";
      setTimeout(look, 5000);
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
