// Auto top-up on a site of its own that sells the monthly-credits catalog: allowed, charged, stopped, switched off.
import type { Page } from '@playwright/test';
import { keepCard } from './pay';
import { hasScript, newKey, payWith } from './scrip';
import { balanceOf, expect, spendTo, test } from './monthly';

/** Allows ten dollars below 300 credits, at most 60 a month. */
async function allow(page: Page) {
  await page.goto('/wallet/payment#auto-top-up');
  await page.getByLabel('When available falls below').fill('300');
  await page.getByRole('textbox', { name: 'Amount, USD' }).fill('10');
  await page.getByLabel('Spend at most each month, USD').fill('60');
  const consent = page.getByTestId('auto-consent');
  const tick = page.getByRole('checkbox', { name: /^I allow/ });
  if (hasScript()) {
    await expect(consent).toContainText('falls below 300');
  } else {
    // The text named what was there before: nothing is allowed by that.
    await tick.check();
    await page.getByRole('button', { name: 'Save and allow charges' }).click();
    await expect(page.getByText('You have changed what this text names', { exact: false })).toBeVisible();
    await expect(tick).not.toBeChecked();
  }
  await expect(consent).toContainText(/charge 10 USD to Visa •• \d{4} each time my available balance falls below 300, and never more than 60 USD in a calendar month/);
  await tick.check();
  await page.getByRole('button', { name: 'Save and allow charges' }).click();
  await expect(page.getByText('Auto top-up is on.')).toBeVisible();
  await expect(page.getByTestId('auto-state')).toHaveText('On');
}

test('a low wallet tops itself up, once it is allowed to', async ({ owner: { page } }) => {
  await page.goto('/wallet/payment');
  await expect(page.getByTestId('auto-state')).toHaveText('Needs your consent');
  await expect(page.getByText('Auto top-up needs a saved card.', { exact: false })).toBeVisible();
  await keepCard(page, '4242 4242 4242 4242');
  await allow(page);
  const key = await newKey(page);
  await spendTo(page, key, 299);
  await expect.poll(async () => (await balanceOf(page, key)).available, { timeout: 20_000 }).toBe(1_299);

  await page.goto('/wallet/payment');
  const charges = page.getByRole('region', { name: 'Last automatic charges' });
  await expect(charges.getByRole('listitem')).toHaveCount(1);
  await expect(charges).toContainText('+1,000');
  await expect(charges).toContainText('$10.00');
  await page.getByText('Remove', { exact: true }).first().click();
  await expect(page.getByText('Auto top-up charges this card.', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Switch off', exact: true }).click();
  await expect(page.getByText('Auto top-up is off.', { exact: false })).toBeVisible();
  await spendTo(page, key, 10);
  await page.goto('/wallet/payment');
  await expect(page.getByTestId('auto-state')).toHaveText('Off');
  expect(await balanceOf(page, key)).toMatchObject({ available: 10, auto_top_up: { state: 'off' } });
});

test('a bank that asks is answered on the page of that payment', async ({ owner: { page } }) => {
  await keepCard(page, '4000 0025 0000 3155', true);
  await allow(page);
  const key = await newKey(page);
  await spendTo(page, key, 100);
  await expect.poll(async () => (await balanceOf(page, key)).auto_top_up.reason, { timeout: 20_000 }).toBe('asks_owner');
  await page.goto('/wallet');
  await expect(page.getByText('Auto top-up has stopped.')).toBeVisible();
  await page.getByRole('link', { name: 'View auto top-up' }).click();
  await expect(page.getByTestId('auto-state')).toHaveText('Stopped');
  await page.getByRole('button', { name: 'Confirm payment' }).click();
  await payWith(page, '4242 4242 4242 4242');
  await expect(page.getByText('Paid and added')).toBeVisible();
  await page.goto('/wallet/payment');
  await expect(page.getByTestId('auto-state')).toHaveText('On');
  expect((await balanceOf(page, key)).available).toBe(1_100);
});
