import { PASSWORD, balance, expect, freshEmail, mailedLink, newcomer, prove, signIn, signUp, test } from './scrip';

test('the starter credits arrive once per person', async ({ page, request, another }) => {
  const email = await signUp(page, freshEmail().replace('example.com', 'gmail.com'));
  await expect(balance(page)).toHaveText('0');
  await prove(page, request, email);
  // The same person under another spelling of the address gets a wallet, but no second gift.
  const other = await another();
  const alias = email.replace('@', '+again@');
  await signUp(other, alias);
  await other.goto(await mailedLink(request, alias, /\/verify-email\?token=[^"\s<]+/));
  await other.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(other).toHaveURL(/\/wallet/);
  await expect(balance(other)).toHaveText('0');
});

test('a mailed link that is followed twice gives once', async ({ page, request }) => {
  const email = await signUp(page);
  const link = await mailedLink(request, email, /\/verify-email\?token=[^"\s<]+/);
  await page.goto(link);
  await page.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(balance(page)).toHaveText('50');
  await page.goto(link);
  await page.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(page).toHaveURL(/\/wallet/);
  await expect(balance(page)).toHaveText('50');
});

test('signs out and in again, and guards what is behind', async ({ page, request, context }) => {
  const email = await newcomer(page, request);
  const cookie = (await context.cookies()).find((cookie) => cookie.httpOnly);
  expect(cookie?.sameSite).toBe('Lax');
  await page.getByLabel('Account of Mira Sokolova').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await page.goto('/wallet/history');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/wallet\/history/);
});

test('a wrong password says so, and keeps the address', async ({ page, request, refused }) => {
  refused.push(/^\/sign-in$/);
  const email = await newcomer(page, request);
  await page.context().clearCookies();
  await signIn(page, email, 'not the password');
  await expect(page.getByText(/password/i).filter({ hasText: /wrong|match|fit/i }).first()).toBeVisible();
  await expect(page.getByLabel('E-mail')).toHaveValue(email);
  await expect(page.getByLabel('Password')).toHaveValue('');
});

test('sign-up names every wrong field, and loses nothing', async ({ page, refused }) => {
  refused.push(/^\/sign-up$/);
  await page.goto('/sign-up');
  await page.getByLabel('Your name').fill('Mira');
  await page.getByLabel('E-mail').evaluate((field: HTMLInputElement) => field.setAttribute('type', 'text'));
  await page.getByLabel('E-mail').fill('not an address');
  await page.getByLabel('Password').fill('short');
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Open the wallet' }).click();
  expect((await answer).status()).toBe(422);
  await expect(page.getByLabel('Your name')).toHaveValue('Mira');
  await expect(page.getByLabel('E-mail')).toHaveValue('not an address');
  await expect(page.getByLabel('E-mail')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Password')).toHaveAttribute('aria-invalid', 'true');
});

test('never leads to another site after signing in', async ({ page, request }) => {
  const email = await newcomer(page, request);
  await page.context().clearCookies();
  await page.goto('/sign-in?next=https://example.org/');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/127\.0\.0\.1:\d+\/wallet/);
});

test('a forgotten password is replaced by a mailed link', async ({ page, request }) => {
  const email = await newcomer(page, request);
  await page.context().clearCookies();
  await page.goto('/forgot');
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText('the link is on its way')).toBeVisible();
  await page.goto(await mailedLink(request, email, /\/reset\?token=[^"\s<]+/));
  await page.getByLabel('New password').fill('eight purple lanterns');
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await expect(page).toHaveURL(/\/wallet/);
});

test('an unknown address gets the same answer', async ({ page }) => {
  await page.goto('/forgot');
  await page.getByLabel('E-mail').fill(freshEmail());
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText('the link is on its way')).toBeVisible();
});
