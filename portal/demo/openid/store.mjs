// What one issuer remembers: in memory only, so that a restart forgets every session, grant and code.
// It outlives a rebuild of the provider (rotation of keys), which is why the library's own store does not serve.

export class Store {
  #rows = new Map();

  #row(key) {
    const row = this.#rows.get(key);
    if (row && row.expires <= Date.now()) {
      this.#rows.delete(key);
      return undefined;
    }
    return row?.payload;
  }

  #sweep() {
    const now = Date.now();
    for (const [key, row] of this.#rows) {
      if (row.expires <= now) this.#rows.delete(key);
    }
  }

  // The adapter that oidc-provider asks for, one per kind of thing (Session, Grant, AuthorizationCode …).
  adapter = (kind) => {
    const prefix = `${kind}:`;
    return {
      upsert: async (id, payload, expiresIn) => {
        if (this.#rows.size % 256 === 255) this.#sweep();
        const expires = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
        this.#rows.set(prefix + id, { payload, expires });
      },
      find: async (id) => this.#row(prefix + id),
      findByUid: async (uid) => {
        for (const key of this.#rows.keys()) {
          if (key.startsWith(prefix) && this.#row(key)?.uid === uid) return this.#row(key);
        }
        return undefined;
      },
      destroy: async (id) => { this.#rows.delete(prefix + id); },
      consume: async (id) => { this.#row(prefix + id).consumed = Math.floor(Date.now() / 1000); },
      // Of this kind only: the interaction that leads to another person's sign-in names the former one's grant.
      revokeByGrantId: async (grantId) => {
        for (const [key, row] of this.#rows) {
          if (key.startsWith(prefix) && row.payload.grantId === grantId) this.#rows.delete(key);
        }
      },
    };
  };
}
