// Signing in over the page: what is on it stays, and so does where one was.

export class SignIn {
  constructor(server, resume) {
    this.server = server;
    this.resume = resume;
    this.dialog = document.getElementById("sign-in");
    this.form = this.dialog.querySelector("form");
    this.said = this.dialog.querySelector("[data-said]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.dialog.querySelector("[data-later]").addEventListener("click", () => this.dialog.close());
  }

  open({ isSomebodyElse = false } = {}) {
    if (this.dialog.open) return;
    this.say(isSomebodyElse ? this.dialog.dataset.somebodyElse : "");
    this.dialog.showModal();
  }

  say(words) {
    this.said.textContent = words;
    this.said.hidden = !words;
  }

  async send() {
    const button = this.form.querySelector("button");
    button.disabled = true;
    const refusal = await this.server.signIn(this.form);
    button.disabled = false;
    const password = this.form.elements.password;
    if (refusal) {
      const { message, isSomebodyElse } = refusal.data;
      const words = isSomebodyElse ? this.dialog.dataset.somebodyElse : message;
      this.say(words || this.dialog.dataset.unreachable);
      password.select();
      return;
    }
    this.close();
    this.resume();
  }

  close() {
    this.form.elements.password.value = "";
    this.dialog.close();
  }
}
