// What was entered stays on the phone: in IndexedDB, or where there is none texts in localStorage; else in memory alone.
const keeper = {
  kind: "memory", // "all", "texts" or "memory"
  database: null,
  prefix: "",

  async open(name) {
    this.prefix = `${name}/`;
    try {
      this.database = await new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => {
          request.result.createObjectStore("records", { keyPath: "number" });
          request.result.createObjectStore("photos", { keyPath: "id" });
        };
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
        request.onblocked = () => reject(new Error("blocked"));
      });
      this.kind = "all";
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
    } catch {
      try {
        localStorage.setItem(`${this.prefix}test`, "1");
        localStorage.removeItem(`${this.prefix}test`);
        this.kind = "texts";
      } catch { /* nothing is kept, and the page says so */ }
    }
  },

  ask(mode, name, act) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(name, mode);
      const request = act(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error || request.error);
    });
  },

  async all(name) {
    if (this.kind === "all") return this.ask("readonly", name, (store) => store.getAll());
    if (this.kind === "texts" && name === "records") {
      return Object.keys(localStorage).filter((key) => key.startsWith(this.prefix)).map((key) => JSON.parse(localStorage.getItem(key)));
    }
    return [];
  },

  async get(name, key) {
    return this.kind === "all" ? this.ask("readonly", name, (store) => store.get(key)) : undefined;
  },

  async put(name, value) {
    if (this.kind === "all") await this.ask("readwrite", name, (store) => store.put(value));
    else if (this.kind === "texts" && name === "records") localStorage.setItem(this.prefix + value.number, JSON.stringify(value));
  },

  async drop(name, key) {
    if (this.kind === "all") await this.ask("readwrite", name, (store) => store.delete(key));
  },
};
