import { admin, draftOfMyOwn, expect, test } from './scrip';

test('the table of prices is worked by keyboard, and judges while one types', async ({ page }) => {
  await admin(page);
  const draft = await draftOfMyOwn(page);
  await page.goto(draft);
  await expect(page.getByText('restores the saved price')).toBeVisible();
  const prices = page.locator('input[data-price]');
  await prices.nth(0).focus();
  await page.keyboard.press('ArrowDown');
  await expect(prices.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(prices.nth(2)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(prices.nth(1)).toBeFocused();

  const saved = await prices.nth(1).inputValue();
  await prices.nth(1).fill('-3');
  await expect(page.getByText('A price can’t be negative').or(page.getByText("A price can't be negative"))).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(prices.nth(1)).toHaveValue(saved);
  await expect(page.getByText("A price can't be negative")).toHaveCount(0);

  await prices.nth(1).fill('77');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('last-edit')).toContainText('77');
  await expect(prices.nth(2)).toBeFocused();
  await page.getByRole('button', { name: 'Discard draft' }).click();
});
