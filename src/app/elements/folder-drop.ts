import { css, html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import type { Source } from '../../prelabel/types.ts';
import { sharedStyles } from '../../ui/shared.styles.ts';
import { AppElement } from '../state/context.ts';
import { sourceFromDrop, sourceFromHandle, sourceFromInput } from '../state/folder.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';
import { WindowEvents } from '../state/windowEvents.ts';
import './error-banner.ts';

/** File System Access, where it is; TypeScript's library does not have these. */
interface FolderPicker {
  showDirectoryPicker?: (options: { id: string; mode: 'read' }) => Promise<FileSystemDirectoryHandle>;
}
interface AskedHandle {
  requestPermission?: (options: { mode: 'read' }) => Promise<PermissionState>;
}

/** 'Open a folder', and the whole window as a place to drop one. Fires 'source-chosen' once one is taken. */
@customElement('fl-folder-drop')
export class FolderDrop extends AppElement {
  static override styles = [
    sharedStyles,
    css`
      .veil {
        position: fixed;
        z-index: 10;
        inset: 8px;
        display: grid;
        place-content: center;
        border: 2px dashed var(--wa-color-brand-border-loud);
        border-radius: var(--wa-panel-border-radius);
        background: color-mix(in oklab, var(--wa-color-surface-default) 88%, transparent);
        font-size: var(--wa-font-size-l);
        pointer-events: none;
      }
      fl-error-banner {
        margin-top: 8px;
      }
    `,
  ];

  @query('input') private input!: HTMLInputElement;
  /** The folder of an earlier visit, which the browser may let us read again. */
  @state() private last: FileSystemDirectoryHandle | null = null;
  @state() private over = false;
  @state() private problem: string | null = null;

  protected override watched() {
    return [this.app.source];
  }

  protected override firstUpdated(): void {
    void this.#findLast();
  }

  async #findLast(): Promise<void> {
    try {
      this.last = await (await this.app.services.folders()).last();
    } catch {
      // Without storage nothing was kept.
    }
  }

  readonly #dragOver = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    this.over = true;
  };

  readonly #dragLeave = (event: DragEvent): void => {
    // Left for something else in the page: still over the window.
    if (event.relatedTarget === null) this.over = false;
  };

  readonly #drop = (event: DragEvent): void => {
    const { dataTransfer } = event;
    if (dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    this.over = false;
    void this.#take(() => sourceFromDrop(dataTransfer));
  };

  protected readonly dropPlace = new WindowEvents(this, {
    dragover: this.#dragOver,
    dragleave: this.#dragLeave,
    drop: this.#drop,
  });

  async #open(): Promise<void> {
    const { showDirectoryPicker } = window as FolderPicker;
    if (showDirectoryPicker === undefined) {
      this.input.click();
      return;
    }
    try {
      await this.#takeHandle(await showDirectoryPicker.call(window, { id: 'forelabel', mode: 'read' }));
    } catch (error) {
      if (isAbort(error)) return;
      // Refused by a policy, or in a frame: the older way asks for no leave.
      this.input.click();
    }
  }

  async #openLast(folder: FileSystemDirectoryHandle): Promise<void> {
    const state = await (folder as AskedHandle).requestPermission?.({ mode: 'read' });
    if (state === 'granted') await this.#takeHandle(folder);
    else this.problem = `The browser did not let the page read ${folder.name}. Open the folder again.`;
  }

  async #takeHandle(folder: FileSystemDirectoryHandle): Promise<void> {
    await this.#take(async () => {
      const source = await sourceFromHandle(folder);
      // Not to be able to open it by itself next time is no reason not to open it now.
      await this.app.services
        .folders()
        .then((folders) => folders.save(source.id, folder))
        .catch(() => undefined);
      return source;
    });
  }

  #picked(): void {
    const { files } = this.input;
    if (files === null || files.length === 0) return;
    void this.#take(() => sourceFromInput(files)).then(() => (this.input.value = ''));
  }

  async #take(read: () => Source | Promise<Source>): Promise<void> {
    try {
      this.app.chooseFolder(await read());
      this.problem = null;
      this.dispatchEvent(new CustomEvent('source-chosen', { bubbles: true, composed: true }));
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  protected override render(): TemplateResult {
    return html`
      <wa-button appearance="outlined" @click=${() => void this.#open()}>
        <wa-icon slot="start" name="folder"></wa-icon>Open a folder
      </wa-button>
      ${this.#again()}
      <input
        type="file"
        multiple
        webkitdirectory
        hidden
        aria-label="Folder of images"
        data-testid="folder-input"
        @change=${this.#picked}
      />
      <fl-error-banner .message=${this.problem}></fl-error-banner>
      ${this.over ? html`<div class="veil">Drop a folder or images here</div>` : nothing}
    `;
  }

  #again(): TemplateResult | typeof nothing {
    const { last } = this;
    if (last === null || this.app.source.source?.id === `folder:${last.name}`) return nothing;
    return html`<wa-button appearance="plain" @click=${() => void this.#openLast(last)}>
      Open ${last.name} again
    </wa-button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-folder-drop': FolderDrop;
  }
}
