// Every page there is, visited by whom it is for; what looks at all of them is given each in turn.
import type { APIRequestContext, Page } from '@playwright/test';
import { admin, charge, draftOfMyOwn, expect, newKey, newcomer, orderLight, payWith } from './scrip';

const PUBLIC = ['/pricing', '/changelog', '/sign-in', '/sign-up', '/forgot', '/reset?token=made-up', '/verify-email?token=made-up', '/unsubscribe?token=made-up'];
const SIGNED_IN = ['/wallet', '/wallet/history', '/wallet/history/1', '/wallet/top-up', '/wallet/invite', '/wallet/plan', '/wallet/plan?plan=basic&interval=month&currency=RUB', '/wallet/orders', '/wallet/payment', '/wallet/documents', '/wallet/refunds', '/wallet/refunds/new', '/wallet/refunds/new?row=1', '/settings/billing', '/settings/notifications', '/settings/security', '/developers/keys', '/developers/webhooks', '/playground'];
const STAFF = ['/admin/margins', '/admin/tariffs', '/admin/audit', '/admin/payments', '/admin/reconciliation', '/admin/refunds', '/admin/disputes'];
const DRAFT = ['', '/publish', '/import', '/operations', '/operations?code=dall-e-3'];

/** Prepares somebody whose wallet has seen something, opens each page, and hands it over. */
export async function everyPage(page: Page, request: APIRequestContext, visit: (path: string) => Promise<void>) {
  await newcomer(page, request);
  const key = await newKey(page);
  await charge(request, key, 'dall-e-3', 'picture', { size: '1024x1024', quality: 'standard' });
  // An order on its way, and one that is paid.
  await orderLight(page);
  await page.goto('/wallet/orders');
  const open = await page.getByRole('row', { name: /449/ }).getByRole('link').first().getAttribute('href');
  await orderLight(page);
  await payWith(page, '4242 4242 4242 4242');
  await expect(page.getByText('145 tokens available')).toBeVisible();
  const orders = [open ?? '', new URL(page.url()).pathname];
  for (const path of [...SIGNED_IN, ...orders]) await look(path);
  await page.context().clearCookies();
  for (const path of PUBLIC) await look(path);
  await admin(page);
  for (const path of STAFF) await look(path);
  const draft = await draftOfMyOwn(page);
  for (const path of DRAFT) await look(`${draft}${path}`);
  await page.goto(draft);
  await page.locator('form[action$="/discard"] button').click();
  await expect(page).not.toHaveURL(draft);

  async function look(path: string) {
    await page.goto(path);
    await expect(page.locator('h1').first()).toBeAttached();
    await visit(path);
  }
}
