import { css } from 'lit';

/** A bar across the page, under its header: words on the left, buttons on the right, or one above the other. */
export const bannerStyles = css`
  .bar {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    align-items: center;
    gap: 8px 16px;
    padding: 8px 24px;
    border-bottom: 1px solid var(--banner-border, var(--wa-color-brand-border-quiet));
    background: var(--banner-fill, var(--wa-color-brand-fill-quiet));
    color: var(--wa-color-text-normal);
  }
  @media (max-width: 600px) {
    .bar {
      padding: 8px 16px;
    }
  }
`;
