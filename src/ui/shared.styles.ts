import { css } from 'lit';

/** What every element of the app starts from: box model, focus ring, text roles. */
export const sharedStyles = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  h1 {
    font-size: var(--wa-font-size-xl);
    font-weight: var(--wa-font-weight-bold);
    line-height: 1.25;
    text-wrap: balance;
  }
  h2 {
    font-size: var(--wa-font-size-m);
    font-weight: var(--wa-font-weight-bold);
    line-height: 1.5;
  }
  a {
    color: var(--wa-color-text-link);
  }
  a:focus-visible,
  button:focus-visible,
  select:focus-visible,
  input:focus-visible,
  [tabindex]:focus-visible,
  summary:focus-visible {
    outline: 2px solid var(--wa-color-focus);
    outline-offset: 2px;
    border-radius: var(--wa-border-radius-s);
  }
  wa-icon {
    font-size: 1.2em;
  }
  wa-icon[slot='start'] {
    margin-inline-end: 0.4em;
  }
  wa-icon[slot='end'] {
    margin-inline-start: 0.4em;
  }
  .quiet {
    color: var(--wa-color-text-quiet);
  }
  .numbers {
    font-variant-numeric: tabular-nums;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .stack {
    display: grid;
    gap: 16px;
    align-content: start;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  code,
  kbd {
    font-family: var(--wa-font-family-code);
    font-size: 0.92em;
  }
  kbd {
    padding: 1px 6px;
    border: 1px solid var(--wa-color-neutral-border-normal);
    border-bottom-width: 2px;
    border-radius: 4px;
    background: var(--wa-color-surface-raised);
  }
`;

/** Native fields, selects and ranges dressed like Web Awesome's inputs: they keep the platform's keyboard and pickers. */
export const controlStyles = css`
  select,
  input[type='text'],
  input[type='number'] {
    min-height: 34px;
    max-width: 100%;
    padding: 4px 8px;
    border: 1px solid var(--wa-form-control-border-color);
    border-radius: var(--wa-form-control-border-radius);
    background: var(--wa-color-surface-default);
    color: var(--wa-color-text-normal);
    font: inherit;
  }
  input::placeholder {
    color: var(--wa-color-text-quiet);
    opacity: 1;
  }
  input[type='range'] {
    width: 100%;
    height: 24px;
    margin: 0;
    accent-color: var(--wa-color-brand-fill-loud);
  }
  label {
    font-weight: var(--wa-font-weight-semibold);
  }
  .check {
    display: grid;
    grid-template-columns: 18px 1fr;
    gap: 2px 8px;
    align-items: center;
  }
  .check input {
    width: 18px;
    height: 18px;
    margin: 0;
    accent-color: var(--wa-color-brand-fill-loud);
  }
  .check .quiet {
    grid-column: 2;
  }
`;

/** Names on the left, facts on the right. */
export const factStyles = css`
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 4px 24px;
  }
  dt {
    color: var(--wa-color-text-quiet);
  }
  dd {
    overflow-wrap: anywhere;
  }
`;

/** A page of the app: one column of readable width, or the whole width with '.wide'. */
export const pageStyles = css`
  :host {
    padding: 24px 24px 40px;
  }
  .page {
    display: grid;
    gap: 24px;
    max-width: 1200px;
    margin: 0 auto;
  }
  .page.narrow {
    max-width: 760px;
  }
  .panel {
    padding: 16px;
    border: 1px solid var(--wa-color-surface-border);
    border-radius: var(--wa-panel-border-radius);
    background: var(--wa-color-surface-raised);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
  }
  @media (max-width: 600px) {
    :host {
      padding: 16px 16px 32px;
    }
  }
`;
