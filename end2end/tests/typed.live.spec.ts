// What is typed or chosen while scripts load counts, and stays.
import type { Page } from '@playwright/test';
import { buyer, keepCard } from './pay';
import { Site, expect, test } from './site';

/** Opens a page whose scripts are kept back until they are let go. */
async function openWithoutScripts(page: Page, path: string): Promise<() => Promise<void>> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(/\.wasm|page\.js/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(path, { waitUntil: 'commit' });
  return async () => {
    letGo();
    await page.waitForSelector('html[data-alive]');
  };
}

test('what is typed and chosen while scripts load is what the page goes by', async ({ browser, complaints }) => {
  test.setTimeout(120_000);
  const site = await Site.open('monthly-credits');
  try {
    const page = await site.page(browser, complaints);
    await buyer(page, page.request);

    let letGo = await openWithoutScripts(page, '/wallet/top-up');
    const own = page.getByRole('textbox', { name: 'Custom amount' });
    await own.fill('1000');
    await letGo();
    await expect(page.getByRole('button', { name: 'Pay $10.00' })).toBeVisible();
    await expect(own).toHaveValue('1000');

    await keepCard(page, '4242 4242 4242 4242');
    letGo = await openWithoutScripts(page, '/wallet/payment#auto-top-up');
    await page.getByLabel('When available falls below').fill('300');
    await page.locator('input[name=fill_to]').fill('900');
    await page.locator('input[name=buys][value=fill_to]').check();
    await letGo();
    const consent = page.getByTestId('auto-consent');
    await expect(consent).toContainText('falls below 300');
    await expect(consent).toContainText('900');
    await expect(page.getByLabel('When available falls below')).toHaveValue('300');
  } finally {
    await site.close();
  }
});
