// A redemption code that staff made: refused with its reason while it stays in the field, redeemed once, told.
import { balance } from './scrip';
import { expect, test } from './monthly';

test('a code is redeemed once, and one that is refused stays in its field', async ({ owner: { page }, shop }) => {
  const [code, other] = shop.codes(2);
  await page.goto('/wallet/top-up');
  const before = Number((await balance(page).innerText()).replace(',', ''));
  const field = page.getByLabel('Code', { exact: true });
  const redeem = page.getByRole('button', { name: 'Redeem code' });
  await field.fill('GC-0000-1111');
  await redeem.click();
  await expect(page.locator('#code-note')).toHaveText('This code is not known here. Check it for typos. Nothing was added.');
  await expect(field).toHaveValue('GC-0000-1111');

  await field.fill(code.toLowerCase().replaceAll('-', ' '));
  await redeem.click();
  await expect(page.getByText('The code was redeemed.')).toBeVisible();
  await expect(balance(page)).toHaveText(String(before + 100));
  await page.getByRole('link', { name: 'Show the grant' }).click();
  await expect(page.getByText('Spring').first()).toBeVisible();

  for (const [typed, words] of [
    [code, 'This code was already redeemed.'],
    [other, 'The code was not used up.'],
  ]) {
    await page.goto('/wallet/top-up');
    await field.fill(typed);
    await redeem.click();
    await expect(page.locator('#code-note')).toContainText(words);
    await expect(field).toHaveValue(typed);
  }
});
