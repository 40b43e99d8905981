// Asks the portal, as the person whose page this is and as nobody else.

const PATIENCE = 15000;

export const UNREACHABLE = 0;

export function token() {
  const found = /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie);
  return found ? found[1] : "";
}

async function ask(url, options) {
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(), PATIENCE);
  try {
    const response = await fetch(url, {
      ...options,
      headers: { Accept: "application/json", "X-CSRFToken": token(), ...options.headers },
      signal: clock.signal,
    });
    const isData = (response.headers.get("Content-Type") || "").startsWith("application/json");
    return { status: response.status, data: isData ? await response.json() : {} };
  } catch {
    return { status: UNREACHABLE, data: {} };
  } finally {
    clearTimeout(timer);
  }
}

export class Server {
  constructor({ user, saveUrl, sessionUrl }) {
    this.user = Number(user);
    this.saveUrl = saveUrl;
    this.sessionUrl = sessionUrl;
    // Signing in always changes the token. As long as it is this one, so is the person.
    this.known = token();
  }

  // Sends changes; a page that is being left can ask nothing else first.
  save(message, isLeaving = false) {
    const headers = { "Content-Type": "application/json" };
    return this.post(this.saveUrl, JSON.stringify(message), { headers, isLeaving });
  }

  async post(url, body, { headers = {}, isLeaving = false } = {}) {
    const send = () => ask(url, { method: "POST", headers, body, keepalive: isLeaving });
    if (token() !== this.known) {
      const refusal = isLeaving ? { status: UNREACHABLE, data: {} } : await this.recognise();
      if (refusal) return refusal;
    }
    const answer = await send();
    if (answer.status !== 403 || isLeaving) return answer;
    const refusal = await this.recognise();
    if (refusal) return refusal;
    const again = await send();
    return again.status === 403 ? { ...again, status: 401 } : again;
  }

  // Null if this page's person is signed in, with a token that is good again.
  async recognise() {
    const answer = await ask(this.sessionUrl, { method: "GET" });
    if (answer.status !== 200) return { status: UNREACHABLE, data: {} };
    return this.accept(answer);
  }

  async signIn(form) {
    const send = () =>
      ask(this.sessionUrl, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    let answer = await send();
    if (answer.status === 403) {
      await ask(this.sessionUrl, { method: "GET" });
      answer = await send();
    }
    return answer.status === 200 ? this.accept(answer) : answer;
  }

  accept({ data }) {
    if (data.user !== this.user) {
      return { status: 401, data: { isSomebodyElse: data.user !== null } };
    }
    this.known = token();
    for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
      input.value = this.known;
    }
    return null;
  }
}
