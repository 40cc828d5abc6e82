import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/callout/callout.js';
import '@awesome.me/webawesome/dist/components/icon/icon.js';
import '../elements/connect-form.ts';
import '../elements/error-banner.ts';
import '../elements/export-results.ts';
import '../elements/failed-list.ts';
import '../elements/replace-choice.ts';
import type { ReplaceChoice } from '../elements/replace-choice.ts';
import '../elements/task-choice.ts';
import { controlStyles, factStyles, pageStyles, sharedStyles } from '../../ui/shared.styles.ts';
import { ago, count, countOf, score } from '../../ui/wording.ts';
import { AppElement } from '../state/context.ts';
import { hashOf } from '../state/route.ts';
import { wrongWith } from '../state/runChoices.ts';

/** Starts the run, and says what came of it. Its progress is in the bar, on every page. */
@customElement('fl-run-page')
export class RunPage extends AppElement {
  static override styles = [sharedStyles, controlStyles, pageStyles, factStyles];

  @state() private problem: string | null = null;
  /** So many predictions of an older version are about to be deleted: asked before the run starts. */
  @state() private deletes: number | null = null;
  @query('fl-replace-choice') private replaceChoice!: ReplaceChoice | null;

  protected override watched() {
    const { run, runChoices, source, mapping, engine, display, review } = this.app;
    return [run, runChoices, source, mapping, engine, display, review];
  }

  /** Starts the run, unless something is to be asked first. */
  async #start(confirmed = false): Promise<void> {
    const deletes = this.replaceChoice?.deletes ?? null;
    if (deletes !== null && !confirmed) {
      this.deletes = deletes;
      return;
    }
    this.deletes = null;
    this.problem = await this.app.startRun();
  }

  protected override render(): TemplateResult {
    const { review, source, run } = this.app;
    return html`<div class="page narrow">
      <h1>Run</h1>
      ${run.progress?.needsToken === true && !run.watching ? this.#newToken() : nothing} ${this.#brokenOff()}
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
              @retry-failed=${async () => (this.problem = await this.app.retryFailed())}
            ></fl-failed-list>`
      }
      ${review.count === 0 ? nothing : html`<fl-export-results class="panel"></fl-export-results>`}
    </div>`;
  }

  #plan(): TemplateResult {
    const { source, engine, mapping, display, run, review } = this.app;
    const isProject = source.kind === 'project';
    const { choices } = this.app.runChoices;
    const posting = isProject && choices.post;
    const blocked = isProject && mapping.problem !== null ? mapping.problem : null;
    const wrong = isProject ? wrongWith(choices.tasks) : null;
    const asking = this.deletes !== null && choices.replaces !== null;
    const done = review.doneCount;
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
      ${isProject ? this.#options() : nothing} ${this.#preview()}
      <fl-error-banner .message=${blocked}>
        <wa-button size="s" appearance="outlined" href=${hashOf('model')}>Model &amp; labels</wa-button>
      </fl-error-banner>
      <div class="actions">
        <wa-button
          variant="brand"
          ?disabled=${run.active || asking || blocked !== null || wrong !== null || engine.status.kind === 'failed' || source.source === null}
          @click=${() => void this.#start()}
        >
          <wa-icon slot="start" name="play"></wa-icon>${posting ? 'Run and post' : 'Run'}
        </wa-button>
        <span class="quiet">
          ${
            run.watching
              ? 'Another tab works on it. This one takes over when that tab is closed.'
              : run.active
                ? 'A run is under way.'
                : 'You can close the tab at any time: a run goes on where it was.'
          }
        </span>
      </div>
      ${this.#confirm()}
    `;
  }

  #options(): TemplateResult {
    const { post } = this.app.runChoices.choices;
    return html`
      <div class="check">
        <input
          id="post"
          type="checkbox"
          aria-describedby="post-hint"
          .checked=${post}
          @change=${(event: Event) => this.app.runChoices.change({ post: (event.target as HTMLInputElement).checked })}
        />
        <label for="post">Post to Label Studio</label>
        <p id="post-hint" class="quiet">
          ${
            post
              ? 'Each task gets one prediction of this model version, also when it is run twice.'
              : 'Results stay in this browser. Run again with this on to post them; the model is not run anew.'
          }
        </p>
      </div>
      <fl-replace-choice></fl-replace-choice>
      <fl-task-choice></fl-task-choice>
    `;
  }

  #preview(): TemplateResult {
    return html`<div class="check">
      <input
        id="preview-first"
        type="checkbox"
        aria-describedby="preview-hint"
        .checked=${this.app.runChoices.choices.previewFirst}
        @change=${(event: Event) =>
          this.app.runChoices.change({ previewFirst: (event.target as HTMLInputElement).checked })}
      />
      <label for="preview-first">Preview on 6 images first</label>
      <p id="preview-hint" class="quiet">The run then pauses, before anything is posted.</p>
    </div>`;
  }

  /** Nothing is deleted that was not asked for by number. */
  #confirm(): TemplateResult | typeof nothing {
    const { replaces } = this.app.runChoices.choices;
    if (this.deletes === null || replaces === null) return nothing;
    return html`<wa-callout variant="warning" size="s" role="alert">
      <wa-icon slot="icon" name="warning"></wa-icon>
      <div class="stack">
        <p>
          When every task has its new prediction, ${countOf(this.deletes, 'prediction')} of ${replaces} will
          be deleted from Label Studio, in the whole project. Annotations stay.
        </p>
        <div class="actions">
          <wa-button size="s" variant="brand" @click=${() => void this.#start(true)}
            >Run and replace</wa-button
          >
          <wa-button
            size="s"
            appearance="outlined"
            @click=${() => {
              this.deletes = null;
              this.app.runChoices.change({ replaces: null });
            }}
            >Keep them</wa-button
          >
        </div>
      </div>
    </wa-callout>`;
  }

  #newToken(): TemplateResult {
    return html`<section class="panel stack" aria-label="New token">
      <p>
        The run waits: ${this.app.run.progress?.message ?? 'Label Studio does not accept the token any more.'}
        With a new one it goes on by itself.
      </p>
      <fl-connect-form></fl-connect-form>
    </section>`;
  }

  #brokenOff(): TemplateResult | typeof nothing {
    const { brokenOff, wentOn, active } = this.app.run;
    if (wentOn !== null && active)
      return html`<wa-callout size="s">
        <wa-icon slot="icon" name="retry"></wa-icon>
        <p>
          Going on with the run that was broken off. It was started
          ${ago(new Date(wentOn.startedAt).toISOString())}; what it had done is kept.
        </p>
      </wa-callout>`;
    if (brokenOff === null || active) return nothing;
    return html`<wa-callout size="s">
      <wa-icon slot="icon" name="retry"></wa-icon>
      <div class="stack">
        <p>
          A run that was started ${ago(new Date(brokenOff.startedAt).toISOString())} was broken off. What it
          has done is kept.
        </p>
        <div class="actions">
          <wa-button size="s" variant="brand" @click=${async () => (this.problem = await this.app.goOn())}
            >Go on where it was</wa-button
          >
          <wa-button size="s" appearance="outlined" @click=${() => void this.app.run.dropBrokenOff()}
            >Leave it</wa-button
          >
        </div>
      </div>
    </wa-callout>`;
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
