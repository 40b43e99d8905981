// One line that says how things stand: saved, waiting, or what keeps them from being saved.

import { goToQuestion } from "./beside.js";

function words(queue, kept, form, before) {
  const waiting = queue.entries.size;
  const { clashes, refused, trouble } = queue;
  const warning = kept.works ? "" : "浏览器不能暂存，保存之前请勿关闭本页。";
  if (trouble === "locked") return ["bad", `申报现在不能修改，${waiting} 项没有存入`, "leftovers"];
  if (queue.gone.size) return ["bad", "有一行已被他人删除，请选择", "question"];
  if (clashes.length) return ["bad", `${clashes.length} 项与别处的修改不同，请选择`, "question"];
  if (trouble === "signed-out") return ["bad", `登录已失效，${waiting} 项待保存。${warning}`, "sign-in"];
  if (trouble && !navigator.onLine) {
    return ["bad", `离线，${waiting} 项待保存，联网后自动保存。${warning}`];
  }
  if (trouble) return ["bad", `暂时连不上服务器，${waiting} 项待保存，稍后自动再试。${warning}`];
  if (refused.length) return ["bad", `${refused.length} 项没有存上：${refused[0].refusal}`];
  if (queue.isSending) return ["", "正在保存…"];
  if (waiting) return ["", `${waiting} 项待保存。${warning}`];
  if (form.querySelector("[name$='-delete']:checked")) return ["", "勾选“删除”的行，按“保存”后去掉"];
  if (queue.savedAt) return ["good", `已保存 ${queue.savedAt}`];
  return ["", before];
}

const ACTS = { "sign-in": "登录", question: "去选择", leftovers: "查看" };

export class StateLine {
  constructor(form, queue, kept, signIn) {
    Object.assign(this, { form, queue, kept, signIn });
    this.line = form.querySelector("[data-save-state]");
    this.button = form.querySelector("[data-save-act]");
    this.aloud = form.querySelector("[data-save-aloud]");
    this.before = this.line.textContent;
    this.wasBad = false;
    this.button.addEventListener("click", () => this.act());
  }

  show() {
    const [mood, text, act] = words(this.queue, this.kept, this.form, this.before);
    this.line.textContent = text;
    this.line.className = `savebar-state small ${mood && `savebar-${mood}`}`;
    this.button.hidden = !act;
    this.button.textContent = ACTS[act] ?? "";
    this.button.dataset.saveAct = act ?? "";
    // Read aloud is only what goes wrong, and that it is right again; not each save.
    if (mood === "bad" ? this.aloud.textContent !== text : mood === "good" && this.wasBad) {
      this.aloud.textContent = text;
    }
    if (mood) this.wasBad = mood === "bad";
  }

  act() {
    switch (this.button.dataset.saveAct) {
      case "sign-in":
        this.signIn.open();
        break;
      case "question":
        goToQuestion();
        break;
      case "leftovers":
        document.getElementById("leftovers").scrollIntoView({ block: "center" });
    }
  }
}
