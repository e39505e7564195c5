// Demo and test OpenID provider: several issuers under paths of one port. See README.md for its configuration.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import './quiet.mjs';
import { Issuer } from './issuer.mjs';
import { Keys } from './keys.mjs';

const style = readFileSync(new URL('./style.css', import.meta.url));

const stop = () => process.exit(0);

// A file, or "-": the first line of standard input. Either way the process lives as long as its standard input is open.
const configuration = async (source) => {
  if (!source) throw new Error('usage: node server.mjs CONFIG.json | -');
  if (source !== '-') {
    process.stdin.resume().on('end', stop).on('close', stop);
    return JSON.parse(readFileSync(source, 'utf8'));
  }
  const lines = createInterface({ input: process.stdin });
  const first = await new Promise((resolve) => { lines.once('line', resolve).once('close', () => resolve('')); });
  lines.on('close', stop);
  return JSON.parse(first);
};

const bodyOf = async (req) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  return body;
};

// Switches for tests; each answers when it has taken effect.
const controls = {
  rotate_keys: (issuer, { same_kid: sameKid = false }) => issuer.rotateKeys({ sameKid }),
  set_people: (issuer, { people }) => { issuer.people = people; },
  break_token: (issuer, { times = 1 }) => { issuer.tokenFailures = times; },
};

const control = async (issuers, req, res) => {
  const { issuer: slug, do: what, ...options } = JSON.parse(await bodyOf(req));
  const issuer = issuers.get(slug);
  const act = Object.hasOwn(controls, what) ? controls[what] : undefined;
  if (issuer && act) act(issuer, options);
  res.writeHead(issuer && act ? 204 : 404).end();
};

const serve = (issuers, allowsControl) => async (req, res) => {
  const [, slug, rest] = /^\/([a-z0-9-]+)(\/.*|\?.*)?$/.exec(req.url) ?? [];
  const issuer = issuers.get(slug);
  if (allowsControl && req.method === 'POST' && req.url === '/control') {
    await control(issuers, req, res);
  } else if (!issuer) {
    res.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('見つかりません\n');
  } else if (rest === '/style.css') {
    res.writeHead(200, { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'max-age=3600' }).end(style);
  } else {
    // The provider sees its own paths; originalUrl tells it where it is mounted.
    req.originalUrl = req.url;
    req.url = rest?.startsWith('/') ? rest : `/${rest ?? ''}`;
    await issuer.handle(req, res);
  }
};

const main = async () => {
  const config = await configuration(process.argv[2]);
  const issuers = new Map();
  const answer = serve(issuers, config.control === true);
  const server = createServer((req, res) => {
    answer(req, res).catch((error) => {
      console.error(error);
      if (!res.headersSent) res.writeHead(500);
      res.end();
    });
  });
  const host = config.host ?? '127.0.0.1';
  const wanted = config.port ?? 0;
  if (!Number.isInteger(wanted)) throw new Error('port: not a number');
  server.listen(wanted, host);
  await once(server, 'listening');
  const { port } = server.address();
  const origin = config.origin ?? `http://${host}:${port}`;
  const keys = new Keys(config.keys);
  for (const [slug, given] of Object.entries(config.issuers)) {
    const issuer = new Issuer({ slug, origin, keys, ...given });
    await issuer.check();
    issuers.set(slug, issuer);
  }
  const urls = Object.fromEntries([...issuers].map(([slug, issuer]) => [slug, issuer.url]));
  process.stdout.write(`${JSON.stringify({ ready: true, port, issuers: urls })}\n`);
  process.on('SIGTERM', stop).on('SIGINT', stop);
};

main().catch((error) => {
  console.error(error.error_detail ?? error.error_description ?? error.message);
  process.exit(2);
});
