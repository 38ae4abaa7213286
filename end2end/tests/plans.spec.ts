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

  // One account, one paid plan: another one is a change of it.
  await page.goto('/wallet/plan?plan=vip&interval=month&currency=RUB');
  await expect(page.getByRole('heading', { name: 'Change to VIP' })).toBeVisible();
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

test('changes to a higher plan today and to a lower one with the next payment', async ({ page, request }) => {
  await newcomer(page, request);
  await chooseBasic(page);
  await payWith(page, '4242 4242 4242 4242');
  await page.goto('/wallet/plan');
  const list = page.getByRole('region', { name: 'Change plan' });
  await expect(list.getByRole('link', { name: /Pro/ })).toContainText('Starts today');
  await list.getByRole('link', { name: /VIP/ }).click();
  const order = page.getByRole('form', { name: 'Change to VIP' });
  await expect(order.getByText('1,200 more a month', { exact: false })).toBeVisible();
  // On the first day the whole difference is due: ₽2,990 less ₽890.
  await order.getByRole('button', { name: 'Pay ₽2,100.00 and change plan' }).click();
  await expect(page.getByText('Plan changed')).toBeVisible();
  await expect(balance(page)).toHaveText('1,550');

  await page.goto('/wallet/plan');
  await expect(page.getByRole('heading', { name: 'VIP plan' })).toBeVisible();
  await list.getByRole('link', { name: /Basic/ }).click();
  await expect(page.getByText('Nothing is charged today', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: /^Change plan on/ }).click();
  await expect(page.getByTestId('next-plan')).toContainText('the plan changes to Basic, ₽890.00 a month');
  await page.getByRole('button', { name: 'Stay on VIP' }).click();
  await expect(page.getByTestId('next-plan')).toHaveCount(0);
});
