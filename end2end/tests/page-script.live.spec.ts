// What the page's script lends a page, and what it leaves alone.
import { admin, expect, newKey, newcomer, orderLight, test } from './scrip';

test('an open order is asked for once at a time, however often the balance changes', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await page.goto('/wallet/orders');
  const order = await page.getByRole('row', { name: /449/ }).getByRole('link').first().getAttribute('href');
  // The server takes its time to answer what is asked for by the script.
  let asked = 0;
  await page.route(`**${order}/check`, () => {
    asked += 1;
  });
  await page.goto(order ?? '');
  await expect.poll(() => asked).toBe(1);
  await page.evaluate(() => {
    for (let change = 0; change < 50; change += 1) dispatchEvent(new Event('scrip:balance'));
  });
  // What would have been asked has been asked by the time a request after it is answered.
  await page.evaluate(() => fetch('/health'));
  expect(asked).toBe(1);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('pages without islands load no WASM', async ({ page }) => {
  await admin(page);
  await expect(page.locator('html')).toHaveAttribute('data-alive', 'yes');
  const loaded: string[] = [];
  for (const path of ['/pricing', '/changelog', '/admin/audit', '/admin/payments', '/admin/disputes']) {
    const note = (request: { url(): string }) => request.url().includes('.wasm') && loaded.push(path);
    page.on('request', note);
    await page.goto(path);
    await expect(page.locator('html')).toHaveAttribute('data-alive', 'yes');
    page.off('request', note);
  }
  expect(loaded).toEqual([]);
});

test('a secret is copied, and a browser that can not copy does not say so', async ({ page, request }) => {
  await newcomer(page, request);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const secret = await newKey(page);
  const panel = page.getByRole('status').filter({ hasText: secret });
  await panel.getByRole('button').click();
  await expect(panel.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);

  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined }));
  const other = page.getByRole('status').filter({ hasText: await newKey(page, 'other') });
  const words = await other.getByRole('button').textContent();
  await other.getByRole('button').click();
  await expect(other.getByRole('button')).toHaveText(words ?? '');
});

test('a menu closes by Escape and by a click beside it', async ({ page, request }) => {
  await newcomer(page, request);
  const menu = page.locator('details', { has: page.getByRole('button', { name: 'Sign out', includeHidden: true }) });
  const opener = menu.locator('summary');
  await opener.click();
  await expect(menu).toHaveAttribute('open', '');
  await page.keyboard.press('Escape');
  await expect(menu).not.toHaveAttribute('open', '');
  await expect(opener).toBeFocused();
  await opener.click();
  await expect(menu).toHaveAttribute('open', '');
  await page.getByRole('heading', { name: 'Latest activity' }).click();
  await expect(menu).not.toHaveAttribute('open', '');
});

test('a receipt takes the focus, and Escape gives it back to the row', async ({ page, request }) => {
  await newcomer(page, request);
  await page.goto('/wallet/history');
  await page.locator('tr[data-seq="1"]').getByRole('link').click();
  await expect(page.locator('#receipt')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/wallet\/history$/);
  await expect(page.locator('#receipt')).toHaveCount(0);
  await expect(page.locator('tr[data-seq="1"]').getByRole('link')).toBeFocused();
});

test('a receipt that covers a phone keeps the keyboard out of what it covers', async ({ page, request }) => {
  await newcomer(page, request);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/wallet/history/1');
  await expect(page.locator('html')).toHaveAttribute('data-alive', 'yes');
  const places = new Set<string>();
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press('Tab');
    const place = () => document.activeElement?.closest('#receipt, header, main, nav, body')?.tagName ?? '';
    places.add(await page.evaluate(place));
  }
  expect(places).toContain('ASIDE');
  expect([...places].filter((place) => !['ASIDE', 'HEADER', 'BODY'].includes(place))).toEqual([]);

  // On a desktop both stand beside each other.
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect(page.getByRole('link', { name: 'Export CSV' })).toBeVisible();
});
