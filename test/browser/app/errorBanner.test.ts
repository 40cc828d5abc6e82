import { html } from 'lit';
import { expect, test } from 'vitest';
import { render } from 'vitest-browser-lit';
import '../../../src/app/elements/error-banner.ts';

test('says what happened and what to do, at once', async () => {
  const message =
    'Label Studio refused the token (401). Paste a personal access token from Account & Settings.';
  const screen = render(html`<fl-error-banner .message=${message}></fl-error-banner>`);
  await expect.element(screen.getByRole('alert')).toHaveTextContent(message);
});

test('takes no room without a message, and goes when the message goes', async () => {
  const screen = render(html`<fl-error-banner .message=${'It failed. Try it again.'}></fl-error-banner>`);
  await expect.element(screen.getByRole('alert')).toBeVisible();
  screen.rerender(html`<fl-error-banner .message=${null}></fl-error-banner>`);
  await expect.element(screen.getByRole('alert')).not.toBeInTheDocument();
  expect(screen.container.querySelector('fl-error-banner')?.getBoundingClientRect().height).toBe(0);
});
