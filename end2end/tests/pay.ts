// The site that takes money, its providers' stand-ins (end2end/doubles), and what a buyer does on their pages.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { APIRequestContext, Locator, Page } from '@playwright/test';
import { PASSWORD, expect, freshEmail, mailedLink, payWith, test as base } from './scrip';
import { Site, setting } from './site';

/** Cards as the two pages send them. */
export const SENT_TO_STRIPE = { number: '4242 4242 4242 4242', expiry: '12 / 34', cvc: '123', action: 'pay' };
export const SENT_TO_YOOKASSA = { number: '5555 5555 5555 4444', expiry: '12/34', csc: '123', method: 'bank_card' };

/** Stripe's test cards. */
export const STRIPE = { paid: '4242 4242 4242 4242', mastercard: '5555 5555 5555 4444', declined: '4000 0000 0000 0002', secure: '4000 0025 0000 3155' };
/** YooKassa's. */
export const YOOKASSA = { paid: '5555 5555 5555 4444', poor: '5555 5555 5555 4600', secure: '5555 5555 5555 4477' };

/** The ways to pay, as the form names them. */
export const BY_STRIPE = /Entered on the Stripe page/;
export const BY_YOOKASSA = /Entered on the YooKassa page/;
export const BY_WALLET = /YooMoney wallet/;

/** The stand-ins, and how a test steers them. */
export class Doubles {
  constructor(
    readonly url: string,
    private program?: ChildProcess,
  ) {}

  /** Starts some of a spec's own, whose events go to a port. */
  static async open(port: number, log: string): Promise<Doubles> {
    const site = `http://127.0.0.1:${port}`;
    const events = ['--stripe-webhook', `${site}/webhooks/stripe`, '--stripe-secret', setting('PAY_STRIPE_SECRET'), '--yookassa-webhook', `${site}/webhooks/yookassa`];
    const program = spawn(setting('DOUBLES_BIN'), ['--port', '0', ...events], { stdio: ['ignore', 'pipe', openSync(log, 'a')] });
    for await (const url of createInterface({ input: program.stdout })) return new Doubles(url, program);
    throw new Error('the stand-ins of the spec did not start');
  }

  /** Tells them something: see their README. */
  async tell(path: string, body: object = {}): Promise<unknown> {
    return this.call(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }

  /** Waits until each event had its first attempt. */
  async idle() {
    await this.call('events/idle');
  }

  /** The requests that Scrip has sent. */
  async requests(): Promise<{ method: string; path: string }[]> {
    return (await this.call('requests')) as { method: string; path: string }[];
  }

  /** Takes all back that goes wrong, and sends what was held. */
  async mend() {
    for (const faults of ['faults', 'event-faults']) await this.call(faults, { method: 'DELETE' });
    await this.tell('events/release');
    await this.tell('stripe/events_first', { enabled: false });
    await this.idle();
  }

  async close() {
    if (!this.program) return;
    const ended = once(this.program, 'exit');
    this.program.kill('SIGTERM');
    await ended;
  }

  private async call(path: string, request?: RequestInit): Promise<unknown> {
    const answer = await fetch(`${this.url}/_control/${path}`, request);
    if (!answer.ok) throw new Error(`the stand-ins answer ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.json();
  }
}

/** Tests on the one site that all specs share: nothing may be broken there. */
export const test = base.extend<{ doubles: Doubles }>({
  baseURL: async ({}, use) => use(setting('PAY_URL')),
  doubles: async ({}, use) => use(new Doubles(setting('DOUBLES_URL'))),
});

/** A site and stand-ins of a worker's own, for what goes wrong. */
type Shop = { site: Site; doubles: Doubles };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export const faultTest = base.extend<{ doubles: Doubles }, { shop: Shop }>({
  shop: [
    async ({}, use, worker) => {
      const port = await freePort();
      const log = (name: string) => join(setting('SPEC_LOGS'), `${worker.project.name}-${worker.workerIndex}-${name}.log`);
      const doubles = await Doubles.open(port, log('doubles'));
      const settings = {
        PORT: String(port),
        STRIPE_SECRET_KEY: setting('PAY_STRIPE_KEY'),
        STRIPE_WEBHOOK_SECRET: setting('PAY_STRIPE_SECRET'),
        STRIPE_API_URL: doubles.url,
        YOOKASSA_SHOP_ID: '1000500',
        YOOKASSA_SECRET_KEY: setting('PAY_YOOKASSA_KEY'),
        YOOKASSA_API_URL: `${doubles.url}/yookassa/v3`,
      };
      const site = await Site.open(undefined, settings, log('server'));
      await use({ site, doubles });
      await site.close();
      await doubles.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  baseURL: async ({ shop }, use) => use(shop.site.url),
  doubles: async ({ shop }, use) => {
    await use(shop.doubles);
    await shop.doubles.mend();
  },
});
export { expect };

/** Orders the Light pack, paid in one of the ways that the form offers. */
export async function order(page: Page, way: string | RegExp, { keep = false } = {}) {
  await page.goto('/wallet/top-up?package=light');
  await page.getByRole('radio', { name: way }).check();
  if (keep) await page.getByLabel('Save this card for later payments').check();
  await page.getByRole('button', { name: 'Pay ₽449.00' }).click();
}

/** Somebody who is signed in with a proven address, by the forms' own requests: `access.spec.ts` clicks through them. */
export async function buyer(page: Page, request: APIRequestContext): Promise<string> {
  const email = freshEmail();
  const signedUp = await page.request.post('/sign-up', { form: { name: 'Mira Sokolova', email, password: PASSWORD, locale: 'en' } });
  expect(signedUp.status()).toBe(200);
  const link = await mailedLink(request, email, /\/verify-email\?token=[^"\s<]+/);
  const token = new URL(link, 'http://127.0.0.1').searchParams.get('token') ?? '';
  const proven = await page.request.post('/verify-email', { form: { token }, maxRedirects: 0 });
  expect(proven.status()).toBe(303);
  return email;
}

/** Types a card on Stripe's page. */
export async function cardAtStripe(page: Page, number: string, action = 'Pay') {
  await page.getByLabel('Card number').fill(number);
  await page.getByLabel('Expiry').fill('12 / 34');
  await page.getByLabel('CVC').fill('123');
  await page.getByRole('button', { name: action, exact: true }).click();
}

/** Types a card on YooKassa's page. */
export async function cardAtYooKassa(page: Page, number: string, action = 'Pay') {
  const form = page.getByRole('region', { name: 'Bank card' });
  await form.getByLabel('Card number').fill(number);
  await form.getByLabel('Expiry date').fill('12/34');
  await form.getByLabel('CVC code').fill('123');
  await form.getByRole('button', { name: action, exact: true }).click();
}

/** Says that the browser is on a page of a stand-in. */
export async function isAt(page: Page, doubles: Doubles, provider: 'stripe' | 'yookassa') {
  await expect(page).toHaveURL(new RegExp(`^${doubles.url}/${provider === 'stripe' ? 'stripe/checkout' : 'yookassa/pages'}/`));
}

/** The order that was paid: its page, and what it says is there now. */
export async function isPaid(page: Page, available: string) {
  await expect(page).toHaveURL(/\/wallet\/orders\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${available} tokens available`);
  await expect(page.getByText('Paid and added')).toBeVisible();
}

/** The orders in a state. */
export async function orders(page: Page, state: string): Promise<Locator> {
  await page.goto('/wallet/orders');
  return page.getByRole('row').filter({ has: page.getByRole('cell', { name: state, exact: true }) });
}

/** Pays on the open page of a provider as a browser that is gone before the answer leads it back. */
export async function payAndVanish(page: Page, card: Record<string, string>) {
  const answer = await page.request.post(page.url(), { form: card, maxRedirects: 0 });
  expect(answer.status()).toBe(303);
}

/** Buys 1,000 credits with a card that is kept. */
export async function keepCard(page: Page, number: string, isAsked = false) {
  const form = { package: '', amount: '1000', currency: 'USD', method: 'sandbox.card', save_method: 'yes', idempotency_key: 'keep-a-card' };
  const ordered = await page.request.post('/wallet/top-up', { form, maxRedirects: 0 });
  await page.goto(ordered.headers().location ?? '');
  await payWith(page, number);
  if (isAsked) await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('Paid and added')).toBeVisible();
}
