// Signing keys of each issuer, kept in one file so that a restart of the demo leaves the sessions of the portal usable.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const ecKey = (kid) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  kid: kid ?? randomBytes(6).toString('hex'),
  use: 'sig',
  alg: 'ES256',
});

export class Keys {
  #path;

  #bySlug = {};

  constructor(path) {
    this.#path = path;
    if (!path) return;
    try {
      this.#bySlug = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }

  // The first key signs; the one before it, if any, still verifies.
  of(slug) {
    if (!this.#bySlug[slug]) this.#keep(slug, [ecKey()]);
    return { keys: this.#bySlug[slug] };
  }

  // sameKid: a new key under the old name, as careless providers do it; the old key is gone then.
  rotate(slug, { sameKid = false } = {}) {
    const [current] = this.of(slug).keys;
    this.#keep(slug, sameKid ? [ecKey(current.kid)] : [ecKey(), current]);
  }

  #keep(slug, keys) {
    this.#bySlug[slug] = keys;
    if (!this.#path) return;
    const beside = `${this.#path}.new`;
    writeFileSync(beside, JSON.stringify(this.#bySlug), { mode: 0o600 });
    renameSync(beside, this.#path);
  }
}
