import { expect, newcomer, test } from './scrip';

test('the preview wallet is filled from production, and gives back', async ({ page, request, refused }) => {
  refused.push(/^\/developers\/keys\/move$/);
  await newcomer(page, request);
  await page.goto('/developers/keys');
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview).toContainText('0 tokens available');
  const amount = preview.getByLabel('Move credits');

  await amount.fill('51');
  await preview.getByRole('button', { name: 'To preview' }).click();
  await expect(preview).toContainText('There is less than that in the wallet.');
  await expect(amount).toHaveValue('51');

  await amount.fill('20');
  await preview.getByRole('button', { name: 'To preview' }).click();
  await expect(page.getByText('The credits were moved.')).toBeVisible();
  await expect(preview).toContainText('20 tokens available');
  await expect(page.getByRole('region', { name: 'Production' })).toContainText('30 tokens available');

  await amount.fill('5');
  await preview.getByRole('button', { name: 'To production' }).click();
  await expect(preview).toContainText('15 tokens available');

  await preview.getByRole('link', { name: 'Top up preview wallet' }).click();
  await expect(page.getByText('These credits go to the preview wallet of this project.')).toBeVisible();
});
