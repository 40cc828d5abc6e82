import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';

/**
 * Hands images to a page of ours over http: as text through the debugging protocol they would take a third
 * more bytes and be copied several times. The addresses are secret, so that no other program of this machine
 * can read the user's images from the port.
 */
export class ImageHandover {
  readonly #prefix = `/engine-images/${randomBytes(24).toString('hex')}/`;
  readonly #images = new Map<string, Blob>();
  #next = 1;

  /** Adds the route that the images are fetched from. */
  serve(app: Hono): void {
    app.get(`${this.#prefix}:id`, (c) => {
      const image = this.#images.get(c.req.param('id') ?? '');
      if (image === undefined) return c.notFound();
      c.header('Cache-Control', 'no-store');
      c.header('Content-Type', 'application/octet-stream');
      return c.body(image.stream());
    });
  }

  /** Runs `use` with the path of an image, which is gone afterwards. */
  async lend<T>(image: Blob, use: (path: string) => Promise<T>): Promise<T> {
    const id = String(this.#next++);
    this.#images.set(id, image);
    try {
      return await use(this.#prefix + id);
    } finally {
      this.#images.delete(id);
    }
  }
}
