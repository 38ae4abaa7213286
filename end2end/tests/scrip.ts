// What every spec shares: a page that may not complain, people, mails, cards, keys.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { type APIRequestContext, type BrowserContext, type Page, expect, test as base } from '@playwright/test';

/** What a browser reports for an answer that is a refusal; the address tells whether it is one on purpose. */
const REFUSED = /Failed to load resource: the server responded with a status of (402|404|409|422|429|504)/;
/** What it reports when a spec cuts the network. */
const CUT_ON_PURPOSE = /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|SOCKET_NOT_CONNECTED|INTERNET_DISCONNECTED|NETWORK_CHANGED)/;

/**
 * Fails the test on anything that the page complains about: errors, hydration warnings, policy violations, files that are
 * not there. Only what a spec says to be refused may be, by its path.
 */
export function watch(page: Page, complaints: string[], refused: RegExp[]) {
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    const isBad = message.type() === 'error' || (message.type() === 'warning' && /hydrat|wasm|Refused/i.test(text));
    const address = message.location().url;
    const path = URL.canParse(address) ? new URL(address).pathname : address;
    const isExpected = REFUSED.test(text) && refused.some((expected) => expected.test(path));
    if (isBad && !isExpected && !CUT_ON_PURPOSE.test(text)) complaints.push(`${message.type()}: ${text} (${path})`);
  });
}

type Fixtures = {
  /** The paths that this spec expects to be refused; a spec adds its own. */
  refused: RegExp[];
  complaints: string[];
  /** Opens a page in a browser of its own, watched as the first one is. */
  another: () => Promise<Page>;
};

export const test = base.extend<Fixtures>({
  refused: async ({}, use) => use([]),
  complaints: [
    async ({ page, refused }, use) => {
      const complaints: string[] = [];
      watch(page, complaints, refused);
      await use(complaints);
      expect(complaints, 'the page complained').toEqual([]);
    },
    { auto: true },
  ],
  another: async ({ browser, complaints, refused }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ locale: 'en-US', javaScriptEnabled: hasScript() });
      contexts.push(context);
      const page = await context.newPage();
      watch(page, complaints, refused);
      return page;
    });
    for (const context of contexts) await context.close();
  },
});
export { expect };

let people = 0;

/** An address that nobody has yet. */
export function freshEmail(): string {
  people += 1;
  return `person-${process.pid}-${Date.now()}-${people}@example.com`;
}

export const PASSWORD = 'seven green umbrellas';

/** Whether this run has scripts switched on. */
export function hasScript(): boolean {
  return test.info().project.name === 'script';
}

/** Opens a wallet; the address is not proven yet, and nobody is signed in. */
export async function signUp(page: Page, email = freshEmail()): Promise<string> {
  await page.goto('/sign-up');
  await page.getByLabel('Your name').fill('Mira Sokolova');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('Check your inbox')).toBeVisible();
  return email;
}

/** Finds the newest mail to an address, and gives the link in it. */
export async function mailedLink(request: APIRequestContext, email: string, path: RegExp): Promise<string> {
  let link = '';
  await expect
    .poll(
      async () => {
        const list = await (await request.get('/dev/mail')).text();
        // Mails about keys and balances may have come since.
        for (const section of list.split('<section').filter((part) => part.includes(email)).slice(0, 5)) {
          const id = section.match(/\/dev\/mail\/([0-9a-f-]{36})/)?.[1];
          const mail = id ? await (await request.get(`/dev/mail/${id}`)).text() : '';
          link = mail.match(path)?.[0].replaceAll('&amp;', '&') ?? '';
          if (link !== '') return true;
        }
        return false;
      },
      { message: `a mail to ${email}`, timeout: 20_000 },
    )
    .toBe(true);
  return link;
}

/** Sends a form as the page does, without the page: for what a spec needs and does not test. */
async function send(page: Page, action: string, form: Record<string, string>, status = 303) {
  const answer = await page.request.post(action, { form, maxRedirects: 0 });
  expect(answer.status(), `${action}: ${await answer.text()}`).toBe(status);
}

/** The link in the mail that proves an address. */
const PROOF = /\/verify-email\?token=[^"\s<]+/;

/** Somebody whose wallet is open and whose address is proven: the starter's 50 tokens are there. */
export async function newcomer(page: Page, request: APIRequestContext): Promise<string> {
  const email = freshEmail();
  await send(page, '/sign-up', { name: 'Mira Sokolova', email, password: PASSWORD }, 200);
  const link = await mailedLink(request, email, PROOF);
  await send(page, '/verify-email', { token: link.split('token=')[1] });
  await page.goto('/wallet');
  await expect(balance(page)).toHaveText('50');
  return email;
}

/** Follows the mailed link. */
export async function prove(page: Page, request: APIRequestContext, email: string) {
  await page.goto(await mailedLink(request, email, PROOF));
  await page.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(page).toHaveURL(/\/wallet/);
  await expect(balance(page)).toHaveText('50');
}

export async function signIn(page: Page, email: string, password: string) {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export async function admin(page: Page) {
  await send(page, '/sign-in', { email: 'admin@scrip.example', password: 'scrip-demo-admin' });
  await page.goto('/wallet');
}

/** Begins a draft of the price book that no other spec works on; gives its address. */
export async function draftOfMyOwn(page: Page): Promise<string> {
  const answer = await page.request.post('/admin/tariffs', { form: { begin: 'draft' }, maxRedirects: 0 });
  expect(answer.status()).toBe(303);
  return answer.headers().location ?? '';
}

/** The available credits at the top right. */
export function balance(page: Page) {
  return page.getByTestId('balance');
}

/** Makes a key on the keys page, and gives its secret. */
export async function newKey(page: Page, name = 'prod-web'): Promise<string> {
  await page.goto('/developers/keys');
  await page.getByLabel('Name').fill(name);
  await page.locator('#new-key').getByRole('button', { name: 'Create key' }).click();
  const secret = await page.getByTestId('new-key').textContent();
  expect(secret).toMatch(/^[a-z]+_live_[0-9A-Za-z]+$/);
  return secret ?? '';
}

/** The headers of a call with a key. */
export function bearer(secret: string, idempotencyKey?: string): Record<string, string> {
  const headers: Record<string, string> = { Authorization: `Bearer ${secret}` };
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
  return headers;
}

/** Charges one call over REST. */
export async function charge(request: APIRequestContext, secret: string, operation: string, key: string, params = {}) {
  return request.post('/api/v2/charges', { headers: bearer(secret, key), data: { operation, params } });
}

/** Types a test card on the sandbox's page. */
export async function payWith(page: Page, number: string) {
  await page.getByLabel('Card number').fill(number);
  await page.getByLabel('Month / year').fill('12/34');
  await page.getByLabel('CVC').fill('123');
  await page.getByRole('button', { name: /^Pay/ }).click();
}

/** Goes from the wallet to the provider's page for the Light pack. */
export async function orderLight(page: Page) {
  await page.goto('/wallet/top-up?package=light');
  await page.getByRole('button', { name: 'Pay ₽449.00' }).click();
  await expect(page.getByRole('heading', { name: 'Test payment' })).toBeVisible();
}

/** A line to the server under test that can be cut and mended, as a network can. */
export class Line {
  private sockets = new Set<Socket>();
  private isCut = false;
  private server = createServer((near) => {
    if (this.isCut) return void near.destroy();
    const { hostname, port } = new URL(test.info().project.use.baseURL ?? '');
    const far = connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });

  /** Opens the line, and gives the address of its near end. */
  async open(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut() {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  close() {
    this.cut();
    this.server.close();
  }
}
