import { payAndVanish } from './pay';
import { balance, expect, newcomer, orderLight, payWith, test } from './scrip';

test('buys the Light pack, exactly once', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4242 4242 4242 4242');
  await expect(page).toHaveURL(/\/wallet\/orders\//);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('150');
  // The order page asked the provider, and the provider's event comes too: still one grant.
  await page.reload();
  await page.goto('/wallet/history');
  await expect(page.getByRole('row', { name: /Light/ })).toHaveCount(1);
  await expect(balance(page)).toHaveText('150');
  await page.goto('/wallet/orders');
  await expect(page.getByRole('row', { name: /449/ })).toContainText('Paid');
});

test('a declined card charges nothing, and says so', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4000 0000 0000 0002');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Payment declined');
  await expect(page.getByText('Nothing was charged and nothing was added.')).toBeVisible();
  await expect(balance(page)).toHaveText('50');
});

test('3-D Secure: approved pays', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4000 0025 0000 3155');
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page).toHaveURL(/\/wallet\/orders\//);
  await expect(balance(page)).toHaveText('150');
});

test('3-D Secure: rejected charges nothing', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4000 0025 0000 3155');
  await page.getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText('Nothing was charged', { exact: false })).toBeVisible();
  await expect(balance(page)).toHaveText('50');
});

test('paid, but the answer got lost: the credits come all the same', async ({ page, request, refused }) => {
  refused.push(/^\/sandbox\/checkout\//);
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4000 0000 0000 0341');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('The connection was lost');
  await page.goto('/wallet/orders');
  await page.getByRole('row', { name: /449/ }).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/wallet\/orders\//);
  await expect(async () => {
    await page.reload();
    await expect(balance(page)).toHaveText('150', { timeout: 1_000 });
  }).toPass();
});

test('cancelled at the provider: nothing charged', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await page.getByRole('button', { name: 'Cancel and go back' }).click();
  await expect(page.getByText('Nothing was charged', { exact: false })).toBeVisible();
  await expect(balance(page)).toHaveText('50');
});

test('the browser never comes back: the event alone brings the credits', async ({ page, request }) => {
  await newcomer(page, request);
  await orderLight(page);
  await payAndVanish(page, { number: '4242 4242 4242 4242', expiry: '12/34', cvc: '123', action: 'pay' });
  await expect(async () => {
    await page.goto('/wallet');
    await expect(balance(page)).toHaveText('150', { timeout: 1_000 });
  }).toPass();
});

test('a mistyped card is told at its field, and kept', async ({ page, request, refused }) => {
  refused.push(/^\/sandbox\/checkout\//);
  await newcomer(page, request);
  await orderLight(page);
  await payWith(page, '4242 4242 4242 4241');
  await expect(page.getByLabel('Card number')).toHaveValue('4242 4242 4242 4241');
  await expect(page.getByLabel('Card number')).toHaveAttribute('aria-invalid', 'true');
});

test('an order that belongs to somebody else is not there', async ({ page, request, refused }) => {
  refused.push(/^\/wallet\/orders\//);
  await newcomer(page, request);
  const answer = await page.goto('/wallet/orders/01900000-0000-7000-8000-000000000000');
  expect(answer?.status()).toBe(404);
});
