import { LitElement, css, html, svg } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { sharedStyles } from '../../ui/shared.styles.ts';

/** What the bookmark is called in the bar. */
const chip = (x: number, y: number, name = 'Forelabel') => svg`
  <g transform="translate(${x} ${y})">
    <rect class="chip" width="62" height="16" rx="8"></rect>
    <text class="chip-text" x="31" y="11.5" text-anchor="middle">${name}</text>
  </g>`;

const pointer = (x: number, y: number) => svg`
  <path class="pointer" transform="translate(${x} ${y})" d="M0 0l0 13 3.2-2.8 2 4.8 2.4-1-2-4.7 4.3-.4z"></path>`;

/** A browser's window: tabs, address, bookmarks bar; `inside` is below y = 46. */
const browser = (bar: unknown, inside: unknown) => svg`
  <rect class="page" x="1" y="1" width="238" height="148" rx="8"></rect>
  <path class="chrome" d="M9 1h222a8 8 0 0 1 8 8v37H1V9a8 8 0 0 1 8-8z"></path>
  <circle class="dot" cx="12" cy="12" r="2.5"></circle>
  <circle class="dot" cx="20" cy="12" r="2.5"></circle>
  <circle class="dot" cx="28" cy="12" r="2.5"></circle>
  <rect class="address" x="40" y="6" width="192" height="12" rx="6"></rect>
  <line class="rule" x1="1" y1="23" x2="239" y2="23"></line>
  <line class="rule" x1="1" y1="46" x2="239" y2="46"></line>
  ${bar}${inside}`;

const otherBookmarks = svg`
  <rect class="grey" x="10" y="31" width="34" height="7" rx="3.5"></rect>
  <rect class="grey" x="52" y="31" width="26" height="7" rx="3.5"></rect>`;

/** An image in an editor: hills and two things on them. */
const photo = svg`
  <rect class="photo" x="14" y="56" width="136" height="82" rx="3"></rect>
  <path class="hills" d="M14 118l34-24 26 18 30-26 46 30v19a3 3 0 0 1-3 3H17a3 3 0 0 1-3-3z"></path>
  <circle class="thing" cx="50" cy="84" r="11"></circle>
  <circle class="thing" cx="108" cy="96" r="9"></circle>
  <rect class="grey" x="162" y="58" width="62" height="6" rx="3"></rect>
  <rect class="grey" x="162" y="70" width="44" height="6" rx="3"></rect>`;

const boxes = svg`
  <rect class="box" x="37" y="71" width="26" height="26"></rect>
  <rect class="box" x="97" y="85" width="22" height="22"></rect>`;

const panel = svg`
  <g>
    <rect class="panel" x="160" y="90" width="70" height="50" rx="5"></rect>
    <rect class="ink" x="167" y="96" width="30" height="5" rx="2.5"></rect>
    <rect class="button" x="167" y="106" width="56" height="11" rx="3"></rect>
    <line class="track" x1="167" y1="124" x2="223" y2="124"></line>
    <circle class="knob" cx="194" cy="124" r="3.5"></circle>
    <rect class="grey" x="167" y="131" width="36" height="4" rx="2"></rect>
  </g>`;

const steps: readonly (readonly [picture: unknown, title: string, text: string])[] = [
  [
    browser(
      svg`${otherBookmarks}<rect class="target" x="86" y="26" width="66" height="18" rx="9"></rect>`,
      svg`<path class="way" d="M120 100C122 82 124 66 120 50"></path>${chip(90, 96)}${pointer(132, 106)}`,
    ),
    'Drag it to the bookmarks bar',
    'The button above. Ctrl+Shift+B (⌘⇧B on a Mac) shows the bar.',
  ],
  [
    browser(svg`${otherBookmarks}${chip(88, 27)}${pointer(128, 36)}`, photo),
    'Open a task, press the bookmark',
    'In the label stream, in the quick view or in a task by itself.',
  ],
  [
    browser(svg`${otherBookmarks}${chip(88, 27)}`, svg`${photo}${boxes}${panel}`),
    'Correct the boxes, submit',
    'The panel sits in the corner and goes on with the next task.',
  ],
];

/** How the bookmark gets where it belongs, in three pictures. */
@customElement('fl-bookmark-pictures')
export class BookmarkPictures extends LitElement {
  static override styles = [
    sharedStyles,
    css`
      ol {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 208px), 1fr));
        gap: 24px;
        list-style: none;
      }
      svg {
        display: block;
        width: 100%;
        max-width: 320px;
        height: auto;
        margin-bottom: 8px;
      }
      h2 {
        font-size: var(--wa-font-size-s);
        font-weight: var(--wa-font-weight-bold);
      }
      .page {
        fill: var(--wa-color-surface-default);
        stroke: var(--wa-color-neutral-border-normal);
      }
      .chrome {
        fill: var(--wa-color-neutral-fill-quiet);
      }
      .rule {
        stroke: var(--wa-color-neutral-border-normal);
        stroke-width: 0.75;
      }
      .dot,
      .grey {
        fill: var(--wa-color-neutral-fill-normal);
      }
      .address {
        fill: var(--wa-color-surface-default);
      }
      .chip,
      .button,
      .knob {
        fill: var(--wa-color-brand-fill-loud);
      }
      .chip-text {
        fill: var(--wa-color-brand-on-loud);
        font: 600 9px var(--wa-font-family-body);
      }
      .target {
        fill: none;
        stroke: var(--wa-color-brand-border-loud);
        stroke-dasharray: 3 3;
      }
      .way {
        fill: none;
        stroke: var(--wa-color-brand-border-loud);
        stroke-width: 1.5;
        stroke-dasharray: 3 3;
      }
      .pointer {
        fill: var(--wa-color-text-normal);
        stroke: var(--wa-color-surface-default);
      }
      .photo {
        fill: var(--wa-color-neutral-fill-quiet);
      }
      .hills {
        fill: var(--wa-color-neutral-fill-normal);
      }
      .thing {
        fill: var(--wa-color-neutral-border-loud);
      }
      .box {
        fill: none;
        stroke: var(--wa-color-brand-fill-loud);
        stroke-width: 2;
      }
      .panel {
        fill: var(--wa-color-surface-raised);
        stroke: var(--wa-color-neutral-border-loud);
        stroke-width: 0.75;
      }
      .ink {
        fill: var(--wa-color-text-normal);
      }
      .track {
        stroke: var(--wa-color-neutral-fill-normal);
        stroke-width: 2;
      }
    `,
  ];

  protected override render(): TemplateResult {
    return html`<ol>
      ${steps.map(
        ([picture, title, text], index) =>
          html`<li>
            <svg viewBox="0 0 240 150" aria-hidden="true">${picture}</svg>
            <h2>${index + 1}. ${title}</h2>
            <p class="quiet">${text}</p>
          </li>`,
      )}
    </ol>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-bookmark-pictures': BookmarkPictures;
  }
}
