// Files go up by themselves: one after the other, each with its progress, to be stopped or tried
// again. The server's answer brings the slot as it now is. Without this, plain forms do the same.
import { token } from "./server.js";

const waiting = [];
let sending = null;

for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
for (const each of document.querySelectorAll("[data-scriptless]")) each.hidden = true;

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The files under way lie under their slot and outlive its refreshing.
function queueOf(slot) {
  let list = slot.querySelector("[data-queue]");
  if (!list) {
    list = element("ul", "", "uploads");
    list.dataset.queue = "";
    slot.append(list);
  }
  return list;
}

function spokenIn(slot) {
  let line = slot.querySelector("[data-said]");
  if (!line) {
    line = element("p", "", "upload-said small");
    line.dataset.said = "";
    line.setAttribute("role", "status");
    slot.append(line);
  }
  return line;
}

function refresh(slot, { html, used, used_text: usedText }) {
  if (!html) return;
  const quota = document.querySelector("[data-quota]");
  if (quota) {
    quota.querySelector("progress").value = used;
    quota.querySelector("[data-used]").textContent = usedText;
  }
  const body = slot.querySelector("[data-slot-body]");
  const hadFocus = body.contains(document.activeElement);
  body.innerHTML = html;
  for (const each of body.querySelectorAll("[data-scripted]")) each.hidden = false;
  for (const each of body.querySelectorAll("[data-scriptless]")) each.hidden = true;
  if (hadFocus) body.querySelector("input[type=file], a, button")?.focus();
  const row = slot.closest("details");
  const count = row?.querySelector("[data-count]");
  if (count) {
    const files = row.querySelectorAll("[data-file]").length;
    count.textContent = files ? `${files} 个文件` : "没有文件";
  }
}

class Upload {
  constructor(slot, file) {
    this.slot = slot;
    this.file = file;
    this.row = element("li", "", "upload-row");
    this.progress = document.createElement("progress");
    this.progress.max = 100;
    this.progress.value = 0;
    this.progress.setAttribute("aria-label", `${file.name} 上传进度`);
    this.state = element("span", "等待上传", "upload-state");
    this.state.setAttribute("role", "status");
    this.again = this.button("重试", () => this.enqueue());
    this.stop = this.button("取消", () => this.cancel());
    this.row.append(element("span", file.name, "upload-name"), this.progress, this.state, this.again, this.stop);
    queueOf(slot).append(this.row);
  }

  button(label, act) {
    const made = element("button", label, "btn btn-sm btn-quiet");
    made.type = "button";
    made.append(element("span", this.file.name, "visually-hidden"));
    made.addEventListener("click", act);
    return made;
  }

  show(text, { failed = false } = {}) {
    this.state.textContent = text;
    this.row.classList.toggle("upload-failed", failed);
    this.progress.hidden = failed;
    this.again.hidden = !failed;
    this.stop.firstChild.data = failed ? "关闭" : "取消";
  }

  enqueue() {
    this.progress.value = 0;
    this.show("等待上传");
    const form = this.slot.querySelector("form[data-upload]");
    this.replaces = form?.elements.replaces?.value;
    if (this.file.size > Number(form?.dataset.largest ?? Infinity)) {
      this.show(form.dataset.tooLarge, { failed: true });
      this.again.hidden = true;
      return;
    }
    waiting.push(this);
    next();
  }

  send() {
    // Read only now: an upload before this one may have filled the slot or changed its form.
    const form = this.slot.querySelector("form[data-upload]");
    if (!form) {
      this.show("此处已满，没有上传。请先移除一个文件再重试。", { failed: true });
      return false;
    }
    if (form.elements.replaces?.value !== this.replaces) {
      this.show("此处只放 1 个文件，刚才已放入另一个，此文件没有上传。要换成它，请重试。", { failed: true });
      return false;
    }
    const data = new FormData(form);
    data.set("files", this.file);
    const request = new XMLHttpRequest();
    this.request = request;
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", token());
    data.set("csrfmiddlewaretoken", token());
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      this.progress.value = (event.loaded * 100) / event.total;
      this.show(event.loaded < event.total ? `${Math.floor(this.progress.value)}%` : "正在检查文件");
    });
    request.addEventListener("load", () => this.answered());
    request.addEventListener("error", () => this.show("网络中断，没有上传。文件还在这里，恢复后请重试。", { failed: true }));
    request.addEventListener("loadend", () => {
      this.request = null;
      sending = null;
      next();
    });
    this.show("0%");
    request.send(data);
    return true;
  }

  answered() {
    const { status, responseText } = this.request;
    let answer = {};
    try {
      answer = JSON.parse(responseText);
    } catch {
      // A page and no answer of ours: what to say hangs on the status alone.
    }
    refresh(this.slot, answer);
    if (status === 200) {
      spokenIn(this.slot).textContent = answer.message;
      this.leave();
    } else {
      this.show(answer.message || WORDS[status] || "服务器暂时不能处理，没有上传。请稍后重试。", { failed: true });
      this.again.hidden = status === 400; // the file itself is refused, and will be again
    }
  }

  cancel() {
    const place = waiting.indexOf(this);
    if (place >= 0) waiting.splice(place, 1);
    this.request?.abort();
    this.leave();
  }

  leave() {
    const hadFocus = this.row.contains(document.activeElement);
    this.row.remove();
    if (hadFocus) this.slot.querySelector("input[type=file]")?.focus();
  }
}

const SIGNED_OUT = "登录已失效，没有上传。请在另一窗口重新登录，再回到这里重试。";
const WORDS = {
  401: SIGNED_OUT,
  403: SIGNED_OUT,
  404: "此处已不存在，没有上传。请刷新页面后查看。",
  413: "文件过大，没有上传。请压缩或拆分后再上传。",
};

function next() {
  while (!sending && waiting.length) {
    const upload = waiting.shift();
    if (upload.send()) sending = upload;
  }
}

function add(slot, files) {
  if (!slot.querySelector("form[data-upload]")) return;
  spokenIn(slot).textContent = "";
  for (const file of [...files]) new Upload(slot, file).enqueue();
}

document.addEventListener("change", (event) => {
  const input = event.target.closest("form[data-upload] input[type=file]");
  if (!input) return;
  add(input.closest("[data-slot]"), input.files);
  input.value = "";
});

document.addEventListener("submit", async (event) => {
  const slot = event.target.closest("[data-slot]");
  if (!slot || event.target.matches("[data-upload]")) return;
  event.preventDefault();
  const said = spokenIn(slot);
  try {
    const data = new FormData(event.target);
    data.set("csrfmiddlewaretoken", token());
    const response = await fetch(event.target.action, { method: "POST", headers: { Accept: "application/json" }, body: data });
    const answer = response.headers.get("Content-Type").startsWith("application/json") ? await response.json() : {};
    refresh(slot, answer);
    said.textContent = answer.message || WORDS[response.status] || "服务器暂时不能处理，请稍后再试。";
  } catch {
    said.textContent = "网络中断，没有办理。请稍后再试。";
  }
});

// The browser's own answer to a file dropped beside a slot is to leave the page for it.
for (const type of ["dragover", "drop"]) {
  window.addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const slot = event.target.closest?.("[data-slot]");
    for (const each of document.querySelectorAll(".slot-over")) each.classList.remove("slot-over");
    if (!slot || !slot.querySelector("form[data-upload]")) return;
    if (type === "dragover") slot.classList.add("slot-over");
    else add(slot, event.dataTransfer.files);
  });
}
document.addEventListener("dragleave", (event) => {
  const slot = event.target.closest?.("[data-slot]");
  if (slot && !slot.contains(event.relatedTarget)) slot.classList.remove("slot-over");
});

window.addEventListener("beforeunload", (event) => {
  if (sending || waiting.length) event.preventDefault();
});
