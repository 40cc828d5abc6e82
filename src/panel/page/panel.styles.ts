import { css } from 'lit';

/** The panel: 8 px grid, one column, as high as what it says. */
export const panelStyles = css`
  :host {
    display: block;
    color: var(--wa-color-text-normal);
    font-size: 13px;
    line-height: 1.4;
  }
  header {
    display: flex;
    align-items: center;
    gap: 8px;
    height: 40px;
    padding: 0 4px 0 12px;
    cursor: move;
    touch-action: none;
    user-select: none;
  }
  header img {
    width: 16px;
    height: 16px;
  }
  h1 {
    font-size: 13px;
    line-height: 1;
  }
  .engine {
    flex: 1;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  main {
    display: grid;
    gap: 12px;
    padding: 4px 12px 12px;
  }
  button {
    border: 0;
    background: none;
    color: inherit;
    font: inherit;
    cursor: pointer;
  }
  .tool {
    display: grid;
    place-items: center;
    width: 32px;
    height: 32px;
    border-radius: var(--wa-border-radius-m);
    color: var(--wa-color-text-quiet);
  }
  .tool:hover {
    background: var(--wa-color-neutral-fill-quiet);
    color: var(--wa-color-text-normal);
  }
  .link {
    min-height: 24px;
    padding: 0;
    color: var(--wa-color-text-link);
  }
  .link:hover:not(:disabled) {
    text-decoration: underline;
  }
  .link:disabled {
    color: var(--wa-color-text-quiet);
    cursor: default;
  }
  .main {
    width: 100%;
  }
  kbd {
    border-color: currentColor;
    background: none;
    font-size: 11px;
  }
  .threshold {
    display: grid;
    grid-template-columns: 1fr auto;
  }
  .threshold input {
    grid-column: 1 / -1;
  }
  .line {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 8px;
    min-height: 24px;
  }
  .links {
    margin-top: -8px;
  }
  .check label {
    font-weight: inherit;
  }
  .status {
    min-height: 18px;
    overflow-wrap: anywhere;
  }
  .message {
    padding-bottom: 4px;
    text-wrap: pretty;
  }
  .question {
    display: grid;
    gap: 8px;
  }
  .pair {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 8px;
  }
  .problem {
    padding: 8px;
    border-left: 3px solid var(--wa-color-danger-fill-loud);
    border-radius: var(--wa-border-radius-s);
    background: var(--wa-color-danger-fill-quiet);
    color: var(--wa-color-danger-on-quiet);
    overflow-wrap: anywhere;
  }
  fl-panel-options {
    /* The head stays in sight: it folds and moves the panel. */
    max-height: 240px;
    overflow-y: auto;
    margin-right: -12px;
    padding: 12px 12px 2px 0;
    border-top: 1px solid var(--wa-color-surface-border);
  }
`;
