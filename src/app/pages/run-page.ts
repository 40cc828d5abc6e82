import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/error-banner.ts';
import '../elements/export-results.ts';
import '../elements/failed-list.ts';
import { controlStyles, factStyles, pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { count, countOf, score } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';

/** Starts the run, and says what came of it. Its progress is in the bar, on every page. */
@customElement('fl-run-page')
export class RunPage extends AppElement {
  static override styles = [sharedStyles, controlStyles, pageStyles, factStyles];

  @state() private post = true;
  @state() private onlyUnlabeled = false;
  @state() private problem: string | null = null;

  protected override watched() {
    const { run, source, mapping, engine, display, review } = this.app;
    return [run, source, mapping, engine, display, review];
  }

  async #start(retryFailed: boolean): Promise<void> {
    const isProject = this.app.source.kind === 'project';
    this.problem = await this.app.startRun({
      post: isProject && this.post,
      onlyUnlabeled: isProject && this.onlyUnlabeled,
      retryFailed,
    });
  }

  protected override render(): TemplateResult {
    const { review, source } = this.app;
    return html`<div class="page narrow">
      <h1>Run</h1>
      <section class="panel stack" aria-label="What will run">${this.#plan()}</section>
      <fl-error-banner .message=${this.problem ?? source.problem ?? review.problem}></fl-error-banner>
      ${this.#outcome()}
      ${
        review.failed.length === 0
          ? nothing
          : html`<fl-failed-list
              class="panel"
              .failed=${review.failed}
              ?busy=${this.app.run.active}
              @retry-failed=${() => void this.#start(true)}
            ></fl-failed-list>`
      }
      ${review.results.length === 0 ? nothing : html`<fl-export-results class="panel"></fl-export-results>`}
    </div>`;
  }

  #plan(): TemplateResult {
    const { source, engine, mapping, display, run, review } = this.app;
    const isProject = source.kind === 'project';
    const posting = isProject && this.post;
    const blocked = isProject && mapping.problem !== null ? mapping.problem : null;
    const done = review.results.filter(({ state: each }) => each === 'done').length;
    return html`
      <dl class="numbers">
        <dt>Images</dt>
        <dd>
          ${source.title}${source.count === null ? nothing : html`, ${count(source.count)}`}${
            done === 0 ? nothing : html` (${count(done)} done by this model already)`
          }
        </dd>
        <dt>Model</dt>
        <dd>${engine.model?.version ?? '–'}</dd>
        <dt>Threshold</dt>
        <dd>${score(display.threshold)} <a href=${hashOf('preview')}>change</a></dd>
      </dl>
      ${isProject ? this.#options() : nothing}
      <fl-error-banner .message=${blocked}>
        <wa-button size="s" appearance="outlined" href=${hashOf('model')}>Model &amp; labels</wa-button>
      </fl-error-banner>
      <div class="actions">
        <wa-button
          variant="brand"
          ?disabled=${run.active || blocked !== null || engine.status.kind === 'failed' || source.source === null}
          @click=${() => void this.#start(false)}
        >
          <wa-icon slot="start" name="play"></wa-icon>${posting ? 'Run and post' : 'Run'}
        </wa-button>
        <span class="quiet">
          ${run.active ? 'A run is under way.' : 'You can close the tab at any time: a run goes on where it was.'}
        </span>
      </div>
    `;
  }

  #options(): TemplateResult {
    return html`
      <div class="check">
        <input
          id="post"
          type="checkbox"
          aria-describedby="post-hint"
          .checked=${this.post}
          @change=${(event: Event) => (this.post = (event.target as HTMLInputElement).checked)}
        />
        <label for="post">Post to Label Studio</label>
        <p id="post-hint" class="quiet">
          ${
            this.post
              ? 'Each task gets one prediction of this model version, also when it is run twice.'
              : 'Results stay in this browser. Run again with this on to post them; the model is not run anew.'
          }
        </p>
      </div>
      <div class="check">
        <input
          id="unlabeled"
          type="checkbox"
          .checked=${this.onlyUnlabeled}
          @change=${(event: Event) => (this.onlyUnlabeled = (event.target as HTMLInputElement).checked)}
        />
        <label for="unlabeled">Only tasks that nobody has labeled</label>
      </div>
    `;
  }

  /** After a run of the chosen source: what came of it and where to look at it. */
  #outcome(): TemplateResult | typeof nothing {
    const { run, source } = this.app;
    const { progress } = run;
    if (progress === null || run.active || run.sourceId !== source.source?.id) return nothing;
    if (progress.phase !== 'done') return nothing;
    const { chosen } = source;
    return html`<wa-callout variant="success" size="s">
      <wa-icon slot="icon" name="check"></wa-icon>
      <div class="stack">
        <p>
          ${
            progress.posted === null
              ? html`${countOf(progress.done + progress.skipped, 'image')} done.`
              : html`${countOf(progress.posted, 'prediction')} in Label Studio. Open a task there to correct
                the boxes.`
          }
        </p>
        <div class="actions">
          ${
            chosen !== null && progress.posted !== null
              ? html`<wa-button
                  size="s"
                  variant="brand"
                  href="${chosen.url}/projects/${chosen.project.id}/data"
                  target="_blank"
                  rel="noreferrer"
                  >Open ${chosen.project.title} in Label Studio<wa-icon slot="end" name="external"></wa-icon
                ></wa-button>`
              : nothing
          }
          <wa-button size="s" appearance="outlined" href=${hashOf('review')}>Review the boxes</wa-button>
        </div>
      </div>
    </wa-callout>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'fl-run-page': RunPage;
  }
}
