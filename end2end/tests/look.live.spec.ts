import AxeBuilder from '@axe-core/playwright';
import { admin, charge, draftOfMyOwn, expect, newKey, newcomer, orderLight, payWith, test } from './scrip';

const PUBLIC = ['/pricing', '/changelog', '/sign-in', '/sign-up', '/forgot', '/reset?token=made-up', '/verify-email?token=made-up'];
const SIGNED_IN = ['/wallet', '/wallet/history', '/wallet/history/1', '/wallet/top-up', '/wallet/plan', '/wallet/plan?plan=basic&interval=month&currency=RUB', '/wallet/orders', '/wallet/payment', '/wallet/documents', '/wallet/refunds', '/wallet/refunds/new', '/wallet/refunds/new?row=1', '/settings/billing', '/settings/security', '/developers/keys', '/developers/webhooks', '/playground'];
const STAFF = ['/admin/margins', '/admin/tariffs', '/admin/audit', '/admin/payments', '/admin/reconciliation', '/admin/refunds', '/admin/disputes'];
const DRAFT = ['', '/publish', '/import', '/operations', '/operations?code=dall-e-3'];
const LOOKS = [
  { colorScheme: 'light', width: 1440 },
  { colorScheme: 'dark', width: 1440 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const;

for (const look of LOOKS) {
  test(`everybody can use every page: ${look.colorScheme}, ${look.width} px`, async ({ page, request }) => {
    test.setTimeout(300_000);
    await newcomer(page, request);
    const key = await newKey(page);
    await charge(request, key, 'dall-e-3', 'picture', { size: '1024x1024', quality: 'standard' });
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: look.width, height: 900 });
    // An order on its way, and one that is paid.
    await orderLight(page);
    await page.goto('/wallet/orders');
    const open = await page.getByRole('row', { name: /449/ }).getByRole('link').first().getAttribute('href');
    await orderLight(page);
    await payWith(page, '4242 4242 4242 4242');
    await expect(page.getByText('145 tokens available')).toBeVisible();
    const orders = [open ?? '', new URL(page.url()).pathname];
    let draft = '';
    for (const path of [...SIGNED_IN, ...orders, ...PUBLIC, ...STAFF, ...DRAFT]) {
      if (path === PUBLIC[0]) await page.context().clearCookies();
      if (path === STAFF[0]) await admin(page);
      if (path === DRAFT[0]) draft = await draftOfMyOwn(page);
      await page.goto(`${draft}${path}`);
      await expect(page.locator('h1').first()).toBeAttached();
      await expect(page.locator('html')).toHaveAttribute('lang', 'en');
      expect(await page.title(), path).toMatch(/Scrip/);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      const bad = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
      const told = bad.map((one) => `${path}: ${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
      expect(told).toEqual([]);
      const isWider = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);
      expect(isWider, `${path} scrolls sideways at ${look.width} px`).toBe(false);
    }
    await page.goto(draft);
    await page.getByRole('button', { name: 'Discard draft' }).click();
  });
}
