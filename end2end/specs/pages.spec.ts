import { expect, test } from '../support/test';

test('the price list names models with their prices, plans and packages', async ({ page }) => {
  await page.goto('/pricing');
  await expect(page.getByText('DALL-E 3').first()).toBeVisible();
  await expect(page.getByText('449').first()).toBeVisible();
});

test('an address that is not there says so', async ({ page }) => {
  const answer = await page.goto('/no/such/page');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
});

test('a wrong password is refused at the form, and the address stays', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill('nobody@example.com');
  await page.getByLabel('Password', { exact: true }).fill('surely not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('The address or the password is wrong.').first()).toBeVisible();
  await expect(page.getByLabel('E-mail')).toHaveValue('nobody@example.com');
});
