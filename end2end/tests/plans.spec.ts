import type { Page } from '@playwright/test';
import { balance, expect, newcomer, payWith, test } from './scrip';

/** From the price page to the provider's page for Basic. */
async function chooseBasic(page: Page) {
  await page.goto('/pricing');
  await page.getByRole('link', { name: 'Choose Basic' }).click();
  await expect(page).toHaveURL(/\/wallet\/plan/);
  await expect(page.getByText(/we save this card and charge it ₽890.00 automatically/)).toBeVisible();
  await page.getByRole('button', { name: 'Agree and pay ₽890.00' }).click();
  await expect(page.getByRole('heading', { name: 'Test payment' })).toBeVisible();
  await expect(page.getByText('The card is saved')).toBeVisible();
}

test('chooses a plan, cancels it, and keeps it after all', async ({ page, request }) => {
  await newcomer(page, request);
  await chooseBasic(page);
  await payWith(page, '4242 4242 4242 4242');
  await expect(page).toHaveURL(/\/wallet\/orders\//);
  await expect(page.getByText('Your plan is active')).toBeVisible();
  await expect(balance(page)).toHaveText('350');

  await page.goto('/wallet/plan');
  await expect(page.getByRole('heading', { name: 'Basic plan' })).toBeVisible();
  await expect(page.getByText('Visa •• 4242')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Billing history' }).getByRole('row')).toHaveCount(2);
  await page.getByRole('button', { name: 'Cancel plan' }).click();
  await expect(page.getByText(/You cancelled the plan. You keep it until/)).toBeVisible();
  await page.goto('/wallet');
  await expect(page.getByText(/^Ends on/)).toBeVisible();
  await page.getByRole('link', { name: 'Manage' }).click();
  await page.getByRole('button', { name: 'Keep plan' }).click();
  await expect(page.getByRole('button', { name: 'Cancel plan' })).toBeVisible();

  // One account, one paid plan.
  await page.goto('/wallet/plan?plan=vip');
  await expect(page.getByText('This account already has a paid plan.', { exact: false })).toBeVisible();
  await page.goto('/pricing');
  await expect(page.getByText('Your plan', { exact: true })).toBeVisible();
});

test('a declined card begins no plan', async ({ page, request }) => {
  await newcomer(page, request);
  await chooseBasic(page);
  await payWith(page, '4000 0000 0000 0002');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Payment declined');
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page.getByRole('button', { name: 'Agree and pay ₽890.00' })).toBeVisible();
  await expect(balance(page)).toHaveText('50');
});
