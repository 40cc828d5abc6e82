import { css } from 'lit';

export const reviewSingleStyles = css`
  .layout {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 280px;
    /* The image is the page: all that header, steps and bar leave. */
    height: calc(100dvh - 1px - var(--fl-header-height) - var(--fl-steps-height) - var(--fl-bar-height, 0px));
    min-height: 420px;
  }
  .stage {
    min-width: 0;
    min-height: 0;
    background: var(--fl-image-ground);
  }
  aside {
    display: grid;
    gap: 12px;
    align-content: start;
    padding: 16px;
    overflow-y: auto;
    border-left: 1px solid var(--wa-color-surface-border);
  }
  .head {
    display: flex;
    justify-content: space-between;
    gap: 8px;
  }
  .head a {
    display: inline-flex;
    align-items: center;
    gap: 6px;
  }
  h1 {
    overflow: hidden;
    font-size: var(--wa-font-size-m);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .gone {
    padding: 24px;
  }
  @media (max-width: 800px) {
    .layout {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: 55vh auto;
      height: auto;
    }
    aside {
      border-left: 0;
      border-top: 1px solid var(--wa-color-surface-border);
    }
  }
`;
