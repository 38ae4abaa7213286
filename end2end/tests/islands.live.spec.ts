import type { Page } from '@playwright/test';
import { expect, newcomer, test } from './scrip';

const GROUP = '**/pkg/account.js*';
const OTHER_VERSION = 'export default async () => {}; export const hydrate = () => {}; export const at_root = () => {};';
/** The page is loaded again by its own script, which may be before its first load has ended. */
const INTERRUPTED = { waitUntil: 'commit' } as const;

/** What the page tells the server's log. */
function reports(page: Page): string[] {
  const told: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/browser-errors')) told.push(new URLSearchParams(request.postData() ?? '').get('message') ?? '');
  });
  return told;
}

test('a page that meets scripts of another version is loaded again, and says so', async ({ page, request }) => {
  await newcomer(page, request);
  const told = reports(page);
  let isOld = true;
  await page.route(GROUP, (route) => {
    if (!isOld) return route.continue();
    isOld = false;
    return route.fulfill({ contentType: 'text/javascript', body: OTHER_VERSION });
  });
  await page.goto('/wallet', INTERRUPTED);
  await expect(page.getByText('This page was loaded again in its new version.')).toBeVisible();
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();
  expect(told).toEqual([]);
});

test('a page whose scripts stay of another version works without them, and tells once', async ({ page, request }) => {
  await newcomer(page, request);
  const told = reports(page);
  let visits = 0;
  await page.route(GROUP, (route) => route.fulfill({ contentType: 'text/javascript', body: OTHER_VERSION }));
  page.on('request', (asked) => (visits += Number(asked.isNavigationRequest())));
  await page.goto('/wallet', INTERRUPTED);
  await expect.poll(() => told.length).toBe(1);
  await page.locator('html[data-alive]').waitFor();
  expect(told[0]).toContain('account.js has no');
  expect(visits).toBe(2);
  await expect(page.getByTestId('balance').first()).toHaveText('50');
  await page.getByRole('link', { name: 'Top up' }).first().click();
  await expect(page.getByRole('heading', { name: 'Top up' })).toBeVisible();
});

test('a page whose island fails stays usable, and tells once', async ({ page, request }) => {
  await newcomer(page, request);
  const told = reports(page);
  await page.route('**/pkg/account.wasm*', (route) => route.abort('connectionreset'));
  await page.goto('/wallet');
  await expect.poll(() => told.length).toBe(1);
  await page.locator('html[data-alive]').waitFor();
  await page.getByRole('link', { name: 'Top up' }).first().click();
  await expect(page.getByRole('heading', { name: 'Top up' })).toBeVisible();
});

test('files are kept for a year only under the version that they are of', async ({ request, page }) => {
  await page.goto('/pricing');
  const address = (await page.locator('script[type=module]').getAttribute('src')) ?? '';
  expect((await request.get(address)).headers()['cache-control']).toContain('immutable');
  expect((await request.get('/pkg/page.js?v=another')).headers()['cache-control']).toBe('no-store');
});
