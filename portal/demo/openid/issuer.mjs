// One issuer: a certified provider with this company's clients and people, and the pages that stand before it.

import { randomBytes } from 'node:crypto';

import { Provider, interactionPolicy, errors } from 'oidc-provider';

import { errorPage, signInPage, signOutPage, signedOutPage } from './pages.mjs';
import { Store } from './store.mjs';

const scopes = 'openid profile email groups';
const hour = 60 * 60;

const client = (given) => ({
  client_id: given.client_id,
  client_secret: given.client_secret,
  redirect_uris: given.redirect_uris,
  post_logout_redirect_uris: given.post_logout_redirect_uris ?? [],
  require_auth_time: true,
  ...(given.backchannel_logout_uri && {
    backchannel_logout_uri: given.backchannel_logout_uri,
    backchannel_logout_session_required: true,
  }),
});

// Forms may lead to the portal: browsers apply form-action to the redirects that follow a form, too.
const security = (ctx, leadsTo) => {
  const origin = URL.canParse(leadsTo) ? new URL(leadsTo).origin : '';
  ctx.set('Content-Security-Policy', [
    "default-src 'none'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", `form-action 'self' ${origin}`,
  ].join('; '));
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Referrer-Policy', 'no-referrer');
  ctx.set('X-Content-Type-Options', 'nosniff');
};

const formOf = async (req) => {
  let body = '';
  for await (const chunk of req) {
    body += chunk;
    if (body.length > 10_000) throw new errors.InvalidRequest('form too large');
  }
  return new URLSearchParams(body);
};

export class Issuer {
  #slug;

  #url;

  #keys;

  #store = new Store();

  #cookieKeys = [randomBytes(32).toString('hex')];

  #clients;

  #provider;

  #handle;

  tokenFailures = 0;

  constructor({ slug, origin, keys, name, clients, people }) {
    this.#slug = slug;
    this.#url = `${origin}/${slug}`;
    this.#keys = keys;
    this.name = name;
    this.people = people;
    this.#clients = clients;
    this.#build();
  }

  get url() { return this.#url; }

  handle(req, res) { return this.#handle(req, res); }

  // The library looks at clients on first use; a wrong one shall end the start instead.
  async check() {
    for (const { client_id: id } of this.#clients) await this.#provider.Client.find(id);
  }

  rotateKeys(options) {
    this.#keys.rotate(this.#slug, options);
    this.#build();
  }

  #build() {
    const provider = new Provider(this.#url, this.#configuration());
    provider.use((ctx, next) => this.#pages(provider, ctx, next));
    provider.on('server_error', (_ctx, error) => console.error(error));
    this.#provider = provider;
    this.#handle = provider.callback();
  }

  async #pages(provider, ctx, next) {
    if (ctx.path === '/token' && this.tokenFailures > 0) {
      this.tokenFailures -= 1;
      ctx.status = 500;
      ctx.body = 'broken on request';
      return;
    }
    if (!ctx.path.startsWith('/interaction/')) {
      await next();
      return;
    }
    try {
      await this.#interaction(provider, ctx);
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error;
      this.#error(ctx, { error: error.error, error_description: error.error_description });
    }
  }

  async #interaction(provider, ctx) {
    const { uid, params } = await provider.interactionDetails(ctx.req, ctx.res);
    const form = ctx.method === 'POST' ? await formOf(ctx.req) : new URLSearchParams();
    if (form.has('abort')) {
      await this.#finish(provider, ctx, { error: 'access_denied', error_description: 'the person went back' });
      return;
    }
    if (this.people.some((person) => person.sub === form.get('sub'))) {
      await this.#finish(provider, ctx, { login: { accountId: form.get('sub') } });
      return;
    }
    security(ctx, params.redirect_uri);
    ctx.status = form.has('sub') ? 422 : 200;
    ctx.type = 'html';
    ctx.body = signInPage({
      slug: this.#slug,
      company: this.name,
      people: this.people,
      action: `/${this.#slug}/interaction/${uid}`,
      refused: form.has('sub'),
    });
  }

  async #finish(provider, ctx, result) {
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false }));
    ctx.status = 303;
  }

  #error(ctx, { error, error_description: description }) {
    security(ctx);
    ctx.status = ctx.status >= 400 && ctx.status !== 404 ? ctx.status : 400;
    ctx.type = 'html';
    ctx.body = errorPage({ slug: this.#slug, company: this.name, error, description });
  }

  #account = (_ctx, sub) => {
    const person = this.people.find((one) => one.sub === sub);
    return person && {
      accountId: sub,
      claims: () => ({
        sub,
        name: person.name,
        ...(person.email && { email: person.email, email_verified: true }),
        groups: person.groups ?? [],
      }),
    };
  };

  // Consent is given for everybody: the companies' administrators have done so for their people.
  async #grant(ctx) {
    const { session, client: asking, provider } = ctx.oidc;
    const known = session.grantIdFor(asking.clientId);
    const found = known && await provider.Grant.find(known);
    if (found) return found;
    const grant = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
    grant.addOIDCScope(scopes);
    await grant.save();
    return grant;
  }

  #configuration() {
    const policy = interactionPolicy.base();
    policy.remove('consent');
    const cookie = { httpOnly: true, sameSite: 'lax', signed: true };
    const about = { slug: this.#slug, company: this.name };
    return {
      adapter: this.#store.adapter,
      clients: this.#clients.map(client),
      clientDefaults: { id_token_signed_response_alg: 'ES256' },
      jwks: this.#keys.of(this.#slug),
      scopes: scopes.split(' '),
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
      conformIdTokenClaims: false, // the ID token carries name, e-mail and groups: one question less to the provider
      pkce: { required: () => true },
      responseTypes: ['code'],
      // The path keeps the sessions of the issuers apart: they share one host.
      cookies: { keys: this.#cookieKeys, long: { ...cookie, path: `/${this.#slug}` }, short: cookie },
      clientBasedCORS: () => false,
      fetch: (url, { dispatcher, ...options }) => fetch(url, options), // back-channel logout to the portal on loopback
      findAccount: this.#account,
      loadExistingGrant: (ctx) => this.#grant(ctx),
      interactions: { policy, url: (_ctx, interaction) => `/${this.#slug}/interaction/${interaction.uid}` },
      ttl: { AccessToken: hour, AuthorizationCode: 60, Grant: 12 * hour, IdToken: hour, Interaction: hour, Session: 12 * hour },
      renderError: (ctx, out) => this.#error(ctx, out),
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: (ctx, form) => {
            security(ctx, ctx.oidc.params.post_logout_redirect_uri);
            ctx.body = signOutPage({ ...about, form });
          },
          postLogoutSuccessSource: (ctx) => {
            security(ctx);
            ctx.type = 'html';
            ctx.body = signedOutPage(about);
          },
        },
      },
    };
  }
}
