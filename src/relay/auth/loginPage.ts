import type { Context } from 'hono';
import { html } from 'hono/html';

/** Where the relay is reached over the network, this stands before the app. Works without a script. */
export function loginPage(
  c: Context,
  status: 200 | 401 | 429,
  problem?: string,
): Response | Promise<Response> {
  c.header('Cache-Control', 'no-store');
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width" />
          <title>Forelabel</title>
          <style>
            body {
              font:
                16px/1.5 system-ui,
                sans-serif;
              color-scheme: light dark;
              display: grid;
              place-content: center;
              min-height: 90vh;
              margin: 0 1rem;
            }
            form {
              display: grid;
              gap: 0.75rem;
              max-width: 24rem;
            }
            input,
            button {
              font: inherit;
              padding: 0.5rem;
            }
          </style>
        </head>
        <body>
          <main>
            <h1>Forelabel</h1>
            <form method="post" action="/api/session">
              <label for="secret">Secret of this installation</label>
              <input
                id="secret"
                name="secret"
                type="password"
                autocomplete="current-password"
                required
                autofocus
              />
              ${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
              <button>Open</button>
              <p>
                It is in <code>credentials.json</code> in Forelabel's folder on the server, unless
                FORELABEL_SECRET was set.
              </p>
            </form>
          </main>
        </body>
      </html>`,
    status,
  );
}
