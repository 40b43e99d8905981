// What is typed and not saved yet, kept in this browser: an item for each field and each open page,
// so that two pages of one person never overwrite each other's.

const SHELF = "unsaved";
const PAGE = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join("");

function storage() {
  try {
    localStorage.setItem(SHELF, "");
    localStorage.removeItem(SHELF);
    return localStorage;
  } catch {
    return null; // blocked by a setting, or full
  }
}

export class Kept {
  // Whether everything that was to be kept has found room.
  works = true;

  constructor(user, application) {
    this.storage = storage();
    this.works = this.storage !== null;
    this.shelf = `${SHELF} ${user} ${application} `;
    // Held until this page is closed: whoever gets it knows that nobody works on its items.
    navigator.locks?.request(this.lock(PAGE), () => new Promise(() => {}));
  }

  lock(page) {
    return `${this.shelf}${page}`;
  }

  item({ section, group, key, field }, page) {
    return `${this.shelf}${[page, section, group, key, field].join(" ")}`;
  }

  put(entry) {
    const { value, text, seen, sent, isNew, label, address } = entry;
    try {
      const kept = JSON.stringify({ value, text, seen, sent, isNew, label, address });
      this.storage.setItem(this.item(entry, PAGE), kept);
      this.works = true;
    } catch {
      this.works = false;
    }
    return this.works;
  }

  remove(entry, page = PAGE) {
    this.storage?.removeItem(this.item(entry, page));
  }

  // Takes over an item that a page now closed has left.
  adopt(entry) {
    if (this.put(entry)) this.remove(entry, entry.page);
  }

  // The items of other pages, each page's as soon as that page is closed.
  left(take) {
    const pages = new Set(this.entries().map((entry) => entry.page));
    for (const page of pages) {
      const look = () => take(this.entries().filter((entry) => entry.page === page));
      // Without HTTPS a browser has no locks; sending what another page is about to send does no
      // harm, for the portal takes the same text twice.
      if (navigator.locks) navigator.locks.request(this.lock(page), look);
      else look();
    }
  }

  entries() {
    return Object.keys(this.storage ?? {})
      .filter((item) => item.startsWith(this.shelf))
      .map((item) => {
        const [page, section, group, key, field] = item.slice(this.shelf.length).split(" ");
        return { page, section, group, key, field, ...JSON.parse(this.storage.getItem(item)) };
      })
      .filter((entry) => entry.page !== PAGE);
  }
}
