// What needs a script: where forms may lead, and pages that change by themselves.
import { BY_STRIPE, SENT_TO_STRIPE, buyer, expect, faultTest, isAt, order, payAndVanish, test } from './pay';
import { balance } from './scrip';

test('forms lead to the providers that are on, and nowhere else', async ({ page, request, doubles, complaints }) => {
  await buyer(page, request);
  const answer = await page.goto('/wallet/top-up?package=light');
  const policy = answer?.headers()['content-security-policy'] ?? '';
  // Nothing but this site and the stand-ins, whichever of the providers they are for.
  const allowed = policy.match(/form-action ([^;]*)/)?.[1].split(' ') ?? [];
  expect([...new Set(allowed)].sort()).toEqual(["'self'", new URL(page.url()).origin, doubles.url].sort());
  // The redirect of the form that was sent leads there, and the console says nothing.
  await page.getByRole('radio', { name: BY_STRIPE }).check();
  await page.getByRole('button', { name: 'Pay ₽449.00' }).click();
  await isAt(page, doubles, 'stripe');
  expect(complaints).toEqual([]);
  await page.goto('/wallet/top-up');
  const violation = await page.evaluate(
    () =>
      new Promise<string>((told) => {
        document.addEventListener('securitypolicyviolation', (event) => told(event.effectiveDirective));
        const form = document.createElement('form');
        form.action = 'http://127.0.0.2:9/';
        form.method = 'post';
        document.body.append(form);
        form.submit();
      }),
  );
  expect(violation).toBe('form-action');
  // That one was on purpose.
  await expect.poll(() => complaints.length).toBe(1);
  expect(complaints.pop()).toContain('form-action');
});

faultTest('an open wallet shows the credits as soon as the event is there', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('event-faults', { kind: 'delay', times: 100 });
  await order(page, BY_STRIPE);
  await isAt(page, doubles, 'stripe');
  await payAndVanish(page, SENT_TO_STRIPE);
  await page.goto('/wallet');
  await expect(balance(page)).toHaveText('50');
  await doubles.mend();
  await expect(balance(page)).toHaveText('150');
});
