import { describe, expect, it } from 'vitest';
import { allowedPlace, initialPlace } from '../../../src/panel/bridge/place.ts';

const view = { width: 1280, height: 900 };
const panel = { width: 264, height: 236 };
/** Label Studio's row of buttons, as it stands in the quick view of 1.23.2. */
const row = { left: 241, top: 850, right: 960, bottom: 900 };

describe('where the panel stands', () => {
  it('is where it was wished, as long as it is in the window and below Label Studio’s head', () => {
    expect(allowedPlace(initialPlace, panel, view, [row])).toEqual(initialPlace);
    expect(allowedPlace({ right: -40, bottom: 5000 }, panel, view, [])).toEqual({ right: 0, bottom: 608 });
    expect(allowedPlace({ right: 2000, bottom: -1 }, panel, view, [])).toEqual({ right: 1016, bottom: 0 });
  });

  it('is never over the buttons: above them', () => {
    expect(allowedPlace({ right: 400, bottom: 0 }, panel, view, [row])).toEqual({ right: 400, bottom: 58 });
    expect(allowedPlace({ right: 24, bottom: 0 }, panel, view, [row])).toEqual({ right: 24, bottom: 0 });
  });

  it('is below buttons that stand on top, where there is no room above', () => {
    const top = { left: 0, top: 0, right: 1280, bottom: 60 };
    expect(allowedPlace({ right: 24, bottom: 700 }, panel, view, [top])).toEqual({ right: 24, bottom: 596 });
  });

  it('is in a window that is too small for it', () => {
    expect(allowedPlace(initialPlace, panel, { width: 200, height: 100 }, [row])).toEqual({
      right: 0,
      bottom: 0,
    });
  });
});
