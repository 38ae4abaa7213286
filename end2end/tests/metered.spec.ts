// Metered items on a site of its own that sells the Neural Draft catalog: measured by the platform, seen on the page of the
// plan, closed with the month, carried over where the wallet has too little; in English and in Russian, on a phone.
import type { Page } from '@playwright/test';
import { buyer } from './pay';
import { PASSWORD, bearer, newKey, signIn } from './scrip';
import { Site, expect, test } from './site';

function row(page: Page, code: string) {
  return page.locator(`[data-metered="${code}"]`);
}

/** Says what the customer of a key has of an item, as the platform's backend does. */
async function measure(page: Page, service: string, key: string, item: string, value: number) {
  const data = { on_behalf_of: key, value };
  const set = await page.request.post(`/api/v2/metered/${item}`, { headers: bearer(service, `${item}-${value}`), data });
  expect(set.status(), await set.text()).toBe(201);
}

/** What goes over from the months before, as a program reads it. */
async function carried(page: Page, key: string): Promise<number> {
  const told = await page.request.get('/api/v2/metered', { headers: bearer(key) });
  return (await told.json()).month.carried;
}

/** Says whether anything of the page is wider than its window. */
async function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

test('what is measured is shown, charged with the month, and carried over where there is too little', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const site = await Site.open('neuraldraft');
  try {
    const page = await site.page(browser, complaints);
    await page.goto('/pricing');
    const prices = page.getByRole('region', { name: 'Metered usage' });
    await expect(prices).toContainText('Build: 20 GB');
    await expect(prices).not.toContainText('coming soon');

    const email = await buyer(page, page.request);
    await page.goto('/pricing');
    await page.getByRole('link', { name: 'See your usage' }).click();
    await expect(page.getByRole('heading', { name: 'Metered this month' })).toBeVisible();
    await expect(row(page, 'custom-domain')).toContainText('Not measured yet, 1 included');
    await expect(page.getByTestId('metered-total')).toContainText('Total');

    const [key, service] = [await newKey(page), site.serviceKey('meter')];
    await measure(page, service, key, 'custom-domain', 6);
    await measure(page, service, key, 'storage', 18.4);
    await page.goto('/wallet/plan');
    await expect(row(page, 'custom-domain')).toContainText('6 now, 1 included');
    await expect(row(page, 'storage')).toContainText('18.4 GB now, 1 GB included');
    await expect(row(page, 'storage')).toContainText('20 per GB');

    // Five above the included for all of the next month come to 2000: more than the plan's 250.
    site.advance('62d');
    await expect.poll(() => carried(page, key), { timeout: 20_000 }).toBeGreaterThan(0);
    await page.context().clearCookies();
    await signIn(page, email, PASSWORD);
    await page.goto('/wallet/plan');
    await expect(page.getByTestId('metered-carried')).toContainText('Carried over from the month before');
    await page.goto('/wallet/history');
    await page.getByRole('link', { name: /Metered usage/ }).first().click();
    await expect(page.getByText('Carried over to the next month')).toBeVisible();
    await expect(page.getByText('Custom domains')).toBeVisible();

    await page.setViewportSize({ width: 390, height: 844 });
    await page.request.post('/settings/locale', { form: { locale: 'ru' } });
    await page.goto('/wallet/plan');
    await expect(page.getByRole('heading', { name: 'Использование за месяц' })).toBeVisible();
    await expect(row(page, 'storage')).toContainText('сейчас 18,4 ГБ, включено 1 ГБ');
    await expect(row(page, 'storage')).toContainText('Цена: 20 за ГБ');
    await expect(page.getByTestId('metered-carried')).toContainText('Перенесено с прошлого месяца');
    expect(await isTooWide(page)).toBe(false);
    await page.context().close();
  } finally {
    await site.close();
  }
});
