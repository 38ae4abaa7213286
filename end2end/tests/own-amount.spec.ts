// Buying any amount: its unit, its rate and its total are told before anything is paid.
import { hasScript } from './scrip';
import { expect, test } from './monthly';

test('any amount has its unit, its rate and its total before it is paid', async ({ owner: { page } }) => {
  await page.goto('/wallet/top-up');
  await expect(page.locator('#own-note')).toHaveText('From 100 to 1,000,000 credits. $0.01 per credit.');
  const own = page.getByRole('textbox', { name: 'Custom amount' });
  const order = page.getByRole('complementary', { name: 'Your order' });
  const type = async (amount: string) => {
    await own.fill(amount);
    if (!hasScript()) await order.getByRole('button', { name: 'Show total' }).click();
  };
  await expect(order).toContainText('Enter an amount to see the total.');
  await type('50');
  await expect(order).toContainText('From 100 to 1,000,000 credits.');
  await type('1,500');
  await expect(order).toContainText('can be read in two ways');
  await type('2500');
  await expect(order).toContainText('2,500 credits');
  await expect(own).toHaveValue('2500');
  await order.getByRole('button', { name: 'Pay $25.00' }).click();
  await expect(page.getByRole('heading', { name: 'Test payment' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('25.00');

  // What is refused is told at its field, and stays there until something else is typed.
  await page.goto('/wallet/top-up');
  await own.fill('50');
  await order.getByRole('button', { name: 'Go to payment' }).click();
  await expect(page.locator('#own-note')).toContainText('100');
  await expect(own).toHaveValue('50');
});
