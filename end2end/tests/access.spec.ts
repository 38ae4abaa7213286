import { PASSWORD, balance, expect, freshEmail, mailedLink, newcomer, prove, signIn, signUp, test } from './scrip';

test('the starter credits arrive once per person', async ({ page, request, another }) => {
  const email = await signUp(page, freshEmail().replace('example.com', 'gmail.com'));
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
  await page.getByLabel('Email').fill(email);
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
  await expect(page.getByLabel('Email')).toHaveValue(email);
  await expect(page.getByLabel('Password')).toHaveValue('');
});

test('sign-up names every wrong field, and loses nothing', async ({ page, refused }) => {
  refused.push(/^\/sign-up$/);
  await page.goto('/sign-up');
  await page.getByLabel('Your name').fill('Mira');
  await page.getByLabel('Email').evaluate((field: HTMLInputElement) => field.setAttribute('type', 'text'));
  await page.getByLabel('Email').fill('not an address');
  await page.getByLabel('Password').fill('short');
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Create account' }).click();
  expect((await answer).status()).toBe(422);
  await expect(page.getByLabel('Your name')).toHaveValue('Mira');
  await expect(page.getByLabel('Email')).toHaveValue('not an address');
  await expect(page.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Password')).toHaveAttribute('aria-invalid', 'true');
});

test('never leads to another site after signing in', async ({ page, request }) => {
  const email = await newcomer(page, request);
  await page.context().clearCookies();
  await page.goto('/sign-in?next=https://example.org/');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/127\.0\.0\.1:\d+\/wallet/);
});

test('a forgotten password is replaced by a mailed link', async ({ page, request }) => {
  const email = await newcomer(page, request);
  await page.context().clearCookies();
  await page.goto('/forgot');
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send link' }).click();
  await expect(page.getByText('the link is on its way')).toBeVisible();
  await page.goto(await mailedLink(request, email, /\/reset\?token=[^"\s<]+/));
  await page.getByLabel('New password').fill('eight purple lanterns');
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await expect(page).toHaveURL(/\/wallet/);
});

test('an address that somebody has is told so by mail, and by nothing else', async ({ page, request, another }) => {
  const email = await newcomer(page, request);
  const other = await another();
  await signUp(other, email);
  await other.goto('/wallet');
  await expect(other).toHaveURL(/\/sign-in/);
});

test('a link that was opened elsewhere asks for the password', async ({ page, request, another, refused }) => {
  refused.push(/^\/verify-email$/);
  const email = await signUp(page);
  const link = await mailedLink(request, email, /\/verify-email\?token=[^"\s<]+/);
  const other = await another();
  await other.goto(link);
  await other.getByRole('button', { name: 'Confirm this address' }).click();
  await other.getByLabel('Password').fill(PASSWORD);
  await other.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(other).toHaveURL(/\/wallet/);
  await expect(balance(other)).toHaveText('50');
});

test('ends a session elsewhere, and changes name and password', async ({ page, request, another, refused }) => {
  refused.push(/^\/settings\/security\/password$/);
  const email = await newcomer(page, request);
  const other = await another();
  await signIn(other, email, PASSWORD);
  await expect(other).toHaveURL(/\/wallet/);
  await page.goto('/settings/security');
  await expect(page.getByText('This device')).toBeVisible();
  await page.getByRole('button', { name: /^End the session on/ }).click();
  await expect(page.getByText('Session ended.')).toBeVisible();
  await other.goto('/wallet');
  await expect(other).toHaveURL(/\/sign-in/);

  const password = page.getByRole('region', { name: 'Password' });
  await password.getByLabel('Current password').fill('not the password');
  await password.getByLabel('New password').fill('eight purple lanterns');
  await password.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('This is not your current password.')).toBeVisible();
  await password.getByLabel('Current password').fill(PASSWORD);
  await password.getByLabel('New password').fill('eight purple lanterns');
  await password.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Password changed.')).toBeVisible();

  const name = page.getByRole('region', { name: 'Name', exact: true });
  await name.getByLabel('Name', { exact: true }).fill('Mira S.');
  await name.getByLabel('Current password').fill('eight purple lanterns');
  await name.getByRole('button', { name: 'Change name' }).click();
  await expect(page.getByText('Name changed.')).toBeVisible();
  await expect(page.getByText(`Mira S., ${email}`)).toBeVisible();
});

test('an unknown address gets the same answer', async ({ page }) => {
  await page.goto('/forgot');
  await page.getByLabel('Email').fill(freshEmail());
  await page.getByRole('button', { name: 'Send link' }).click();
  await expect(page.getByText('the link is on its way')).toBeVisible();
});
