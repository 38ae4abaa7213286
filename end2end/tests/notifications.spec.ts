// Notifications: an own threshold, the mails that are wanted, and the link that switches one kind off without a sign-in.
import { charge, expect, mailedLink, newKey, newcomer, test } from './scrip';

test.use({ refused: [/^\/settings\/notifications$/] });

test('an owner sets a threshold and chooses mails, and what is wrong is said at its field', async ({ page, request }) => {
  const email = await newcomer(page, request);
  await page.goto('/settings/notifications');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Notifications');
  await expect(page.getByText(`Sent to ${email}.`)).toBeVisible();
  await expect(page.getByTestId('always')).toContainText('Refunds and disputes');
  await page.getByLabel('Also below (optional)').fill('0');
  await page.getByRole('checkbox', { name: /Credits expire soon/ }).uncheck();
  await page.getByRole('button', { name: 'Save notifications' }).click();
  await expect(page.getByText('Enter more than zero, or leave it empty.')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: /Credits expire soon/ })).not.toBeChecked();
  await page.getByLabel('Also below (optional)').fill('49');
  await page.getByRole('button', { name: 'Save notifications' }).click();
  await expect(page.getByText('Notifications saved.')).toBeVisible();
  await expect(page.getByLabel('Also below (optional)')).toHaveValue('49');
  await expect(page.getByRole('checkbox', { name: /Credits expire soon/ })).not.toBeChecked();
  await expect(page.getByRole('checkbox', { name: /Low balance/ })).toBeChecked();
});

test('a mail about a low balance comes once, and its link switches such mails off', async ({ page, request, another }) => {
  test.setTimeout(150_000);
  const email = await newcomer(page, request);
  await page.goto('/settings/notifications');
  await page.getByLabel('Also below (optional)').fill('49');
  await page.getByRole('button', { name: 'Save notifications' }).click();
  await expect(page.getByText('Notifications saved.')).toBeVisible();
  const key = await newKey(page);
  await charge(request, key, 'dall-e-3', 'picture', { size: '1024x1024', quality: 'standard' });
  const link = await expect
    .poll(() => mailedLink(request, email, /\/unsubscribe\?token=[^"\s<]+/).catch(() => ''), { timeout: 100_000 })
    .not.toBe('')
    .then(() => mailedLink(request, email, /\/unsubscribe\?token=[^"\s<]+/));
  const stranger = await another();
  await stranger.goto(link);
  await stranger.getByRole('button', { name: 'Unsubscribe' }).click();
  await expect(stranger.getByText('You will get no more emails on this topic: Low balance.')).toBeVisible();
  await page.goto('/settings/notifications');
  await expect(page.getByRole('checkbox', { name: /Low balance/ })).not.toBeChecked();
});
