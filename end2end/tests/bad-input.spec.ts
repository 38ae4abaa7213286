import type { APIResponse, Page } from '@playwright/test';
import { admin, balance, expect, hasScript, newcomer, payWith, test } from './scrip';

/** What people and programs send where a value should be. */
const ODD_VALUES: [string, string][] = [
  ['nothing', ''],
  ['spaces', '   '],
  ['minus one', '-1'],
  ['a tenth of a micro-credit', '0.0000001'],
  ['more than all credits', '99999999999999999999999999'],
  ['not a number', 'NaN'],
  ['an exponent', '1e400'],
  ['a zero byte', 'a\u0000b'],
  ['another alphabet', '٣'],
  ['markup', '<script>alert(1)</script>'],
  ['a very long text', 'x'.repeat(20_000)],
  ['somebody else’s id', '0193a1d2-7f5e-7c3a-9b1e-5d2f8c6a4b10'],
];

/** The forms of the pages, each with values that are right as far as one can know them beforehand. */
const FORMS: Record<string, Record<string, string>> = {
  '/sign-up': { name: 'Mira', email: 'mira@example.com', password: 'seven green umbrellas', next: '/wallet', locale: 'en' },
  '/sign-in': { email: 'mira@example.com', password: 'seven green umbrellas', next: '/wallet' },
  '/forgot': { email: 'mira@example.com' },
  '/reset': { token: 'no-token', password: 'eight purple lanterns' },
  '/verify-email': { token: 'no-token' },
  '/wallet/top-up': { idempotency_key: 'a-form', package: 'light', amount: '', currency: 'RUB' },
  '/wallet/payment/auto-top-up': { currency: 'RUB', threshold: '300', buys: 'package', package: 'light', amount: '', fill_to: '', daily: '', monthly: '600', method: '', consent: 'yes', shown: '' },
  '/wallet/payment/auto-top-up/off': {},
  '/wallet/payment/auto-top-up/pay': { idempotency_key: 'a-bank' },
  '/wallet/plan': { idempotency_key: 'a-plan', plan: 'basic', interval: 'month', currency: 'RUB' },
  '/wallet/plan/pay': { idempotency_key: 'a-month' },
  '/wallet/plan/cancel': {},
  '/wallet/plan/resume': {},
  '/wallet/plan/time-zone': { time_zone: 'Europe/Moscow' },
  '/wallet/plan/add-ons': { add_on: 'voice-cloning', shown: '300', idempotency_key: 'an-add-on' },
  '/wallet/plan/add-ons/off': { add_on: 'voice-cloning' },
  '/wallet/top-up/code': { code: 'GC-0000-0000-0000-0000-00', idempotency_key: 'a-code' },
  '/wallet/invite': {},
  '/wallet/documents/0193a1d2-7f5e-7c3a-9b1e-5d2f8c6a4b10/invoice': {},
  '/settings/billing': { name: 'Sokolova Design', address: '1 Lime Street', country: 'GB', tax_id: 'GB123' },
  '/settings/notifications': { low_below: '300', mails: 'empty' },
  '/unsubscribe': { token: 'no-token' },
  '/wallet/orders/0193a1d2-7f5e-7c3a-9b1e-5d2f8c6a4b10/check': {},
  '/wallet/orders/not-an-id/check': {},
  '/wallet/quotes': { lines: '[{"operation":"gpt-5","params":{},"count":1}]' },
  '/developers/keys': { name: 'prod', environment: 'production', scopes: 'content:read', ceiling: '' },
  '/developers/keys/not-an-id/revoke': {},
  '/settings/theme': { theme: 'dark', next: '/pricing' },
  '/settings/locale': { locale: 'ru', next: '/pricing' },
};

/** The forms of the admins. */
const ADMIN_FORMS: Record<string, Record<string, string>> = {
  '/admin/tariffs/1/prices': { operation: 'gpt-5', revision: '1', price: '2' },
  '/admin/tariffs/1/rehearse': {},
  '/admin/tariffs/1/publish': { revision: '1', effective_at: '2020-01-01', confirm: 'yes' },
  '/admin/tariffs/1/operations': { operation: 'a', name: 'A', category: 'text', unit: 'call', kind: 'flat', rule: '1', gates: 'a = b: pro', revision: '1' },
  '/admin/margins': { costs: 'operation,cost,per,currency,source,review_on' },
  '/admin/tariffs/99999/prices': { operation: 'gpt-5', revision: '1', price: '2' },
  '/admin/tariffs/99999999999999/publish': { revision: '1' },
};

function post(page: Page, path: string, form: Record<string, string>): Promise<APIResponse> {
  const origin = new URL(test.info().project.use.baseURL ?? '').origin;
  return page.request.post(path, { form, headers: { Origin: origin }, maxRedirects: 0, failOnStatusCode: false });
}

/** Every second form: the answers are the same with and without scripts, so each project sends half of them. */
function share(forms: Record<string, Record<string, string>>): [string, Record<string, string>][] {
  return Object.entries(forms).filter((_, place) => (place % 2 === 0) === hasScript());
}

/** Sends a form with every field missing or odd; no answer may be a 5xx. */
async function sendAll(page: Page, path: string, right: Record<string, string>) {
  for (const field of ['', ...Object.keys(right)]) {
    const { [field]: _left, ...rest } = right;
    const missing = await post(page, path, rest);
    expect(missing.status(), `${path} without ${field}`).toBeLessThan(500);
    if (!field) continue;
    for (const [what, value] of ODD_VALUES) {
      const answer = await post(page, path, { ...right, [field]: value });
      expect(answer.status(), `${path}: ${field} is ${what}`).toBeLessThan(500);
      expect(await answer.text(), `${path}: ${field} is ${what}`).not.toContain('<script>alert(1)');
    }
  }
}

test('no form answers an odd or missing field with a failure of its own', async ({ page, request }) => {
  test.setTimeout(180_000);
  await newcomer(page, request);
  const cookies = await page.context().cookies();
  for (const [path, form] of share(FORMS)) {
    // Coming in changes who is asking.
    await page.context().addCookies(cookies);
    await sendAll(page, path, form);
  }
});

test('no form of the admins does either', async ({ page }) => {
  test.setTimeout(180_000);
  await admin(page);
  for (const [path, form] of share(ADMIN_FORMS)) await sendAll(page, path, form);
});

test('forms say what they are not: another kind of body, another site', async ({ page, request }) => {
  await newcomer(page, request);
  const origin = new URL(test.info().project.use.baseURL ?? '').origin;
  const json = await page.request.post('/wallet/top-up', { data: { package: 'light' }, headers: { Origin: origin } });
  expect(json.status()).toBe(415);
  const huge = await page.request.post('/sign-in', { form: { email: 'x'.repeat(9_000_000) }, headers: { Origin: origin } });
  expect(huge.status()).toBe(413);
  const foreign = await page.request.post('/wallet/top-up', { form: { package: 'light' }, headers: { Origin: 'https://example.org' } });
  expect(foreign.status()).toBe(403);
});

test('a new password that is too short says so at its field', async ({ page, request, refused }) => {
  refused.push(/^\/reset$/);
  await newcomer(page, request);
  await page.context().clearCookies();
  await page.goto('/reset?token=made-up');
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await expect(page.getByLabel('New password')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('New password').fill('eight purple lanterns');
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await expect(page.getByRole('alert').first()).toContainText(/link/i);
});

test('an address that is none is kept, and told at its field', async ({ page, refused }) => {
  refused.push(/^\/forgot$/);
  await page.goto('/forgot');
  await page.getByLabel('Email').evaluate((field: HTMLInputElement) => field.setAttribute('type', 'text'));
  await page.getByLabel('Email').fill('mira at example');
  await page.getByRole('button', { name: 'Send link' }).click();
  await expect(page.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Email')).toHaveValue('mira at example');
});

test('a key whose name is too long is told at its field, and nothing typed is lost', async ({ page, request, refused }) => {
  refused.push(/^\/developers\/keys$/);
  await newcomer(page, request);
  await page.goto('/developers/keys');
  const name = 'nightly '.repeat(40).trim();
  await page.getByLabel('Name').evaluate((field: HTMLInputElement) => field.removeAttribute('maxlength'));
  await page.getByLabel('Name').fill(name);
  await page.locator('#new-key').getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByLabel('Name')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Name')).toHaveValue(name);
  await expect(page.getByTestId('new-key')).toHaveCount(0);
});

test('the same order sent twice is one order', async ({ page, request }) => {
  await newcomer(page, request);
  await page.goto('/wallet/top-up?package=light');
  const key = await page.locator('input[name=idempotency_key]').first().inputValue();
  const form = { idempotency_key: key, package: 'light', currency: 'RUB' };
  const [first, second] = await Promise.all([post(page, '/wallet/top-up', form), post(page, '/wallet/top-up', form)]);
  expect([first.status(), second.status()]).toEqual([303, 303]);
  expect(second.headers().location).toBe(first.headers().location);
  await page.goto(first.headers().location ?? '');
  await payWith(page, '4242 4242 4242 4242');
  await expect(page).toHaveURL(/\/wallet\/orders\//);
  await expect(balance(page)).toHaveText('150');
  // Sent once more, it leads to what became of it.
  const third = await post(page, '/wallet/top-up', form);
  expect(third.headers().location).toMatch(/\/wallet\/orders\//);
  await page.goto('/wallet/orders');
  await expect(page.getByRole('row', { name: /449/ })).toHaveCount(1);
});
