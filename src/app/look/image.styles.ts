import { css } from 'lit';

/** The place of a small image: of one shape, whatever is in it, so that nothing moves when the picture arrives. */
export const frameStyles = css`
  .frame {
    position: relative;
    aspect-ratio: 4 / 3;
    border-radius: var(--wa-border-radius-m);
    overflow: hidden;
    background: var(--fl-image-ground);
  }
  .problem {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    padding: 8px 12px;
    color: var(--wa-color-danger-on-quiet);
    background: var(--wa-color-danger-fill-quiet);
    font-size: var(--wa-font-size-xs);
    text-align: center;
    overflow-wrap: anywhere;
    overflow: auto;
  }
`;

/** A box's line in its class's colour, and a dark edge below it, which is seen on any picture. */
export const boxStyles = css`
  .edge,
  .box {
    vector-effect: non-scaling-stroke;
  }
  .edge {
    stroke: rgb(0 0 0 / 45%);
    stroke-width: 3.5px;
  }
  .box {
    stroke-width: 2px;
  }
`;
