import { balance, expect, newcomer, test } from './scrip';

test('a button per kind of request moves the ledger', async ({ page, request }) => {
  await newcomer(page, request);
  await page.goto('/playground');
  const picture = page.locator('section[data-operation="dall-e-3"]');
  await expect(picture.getByTestId('price')).toContainText('token');
  await picture.getByRole('combobox').first().selectOption('1792x1024');
  await picture.getByRole('combobox').nth(1).selectOption('hd');
  await picture.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(async () => {
    if (!(await page.getByTestId('balance').textContent())?.includes('37')) await page.goto('/playground');
    await expect(balance(page)).toHaveText('37', { timeout: 2_000 });
  }).toPass();
  await page.goto('/wallet/history');
  await expect(page.getByRole('row', { name: /dall-e-3/ })).toHaveCount(1);
});
