import { beforeEach, describe, expect, it } from 'vitest';
import { recallLabels, rememberLabels } from '../../../src/app/state/mappingMemory.ts';
import { MappingState } from '../../../src/app/state/mappingState.ts';
import type { Project } from '../../../src/labelstudio/types.ts';
import type { MappingPlace } from '../../../src/store/savedMapping.ts';
import type { Settings } from '../../../src/store/settings.ts';
import { PanelTargets } from '../../../src/panel/page/panelTargets.ts';
import { listed, memoryKept, openTask } from '../../support/panelPage.ts';

const { labelConfig, url, project: id } = openTask(7);
const project: Project = { id, title: 'Cells', taskCount: 1, labelConfig, modelVersion: null };
const place: MappingPlace = { url, project: id, modelVersion: 'cells-1' };

let settings: () => Promise<Settings>;
beforeEach(() => {
  const kept = memoryKept();
  settings = () => Promise.resolve(kept.settings);
});

function opened(): MappingState {
  const state = new MappingState();
  state.useProject(project, ['thing']);
  return state;
}

describe('labels that were chosen by hand', () => {
  it('are there again in the app, for the same model in the same project', async () => {
    const state = opened();
    expect(state.mapping?.labels).toEqual(['Cell']);
    state.chooseLabels(['Dirt']);
    await rememberLabels(state, place, settings);
    const again = opened();
    expect(await recallLabels(again, place, settings)).toBe(true);
    expect(again.mapping?.labels).toEqual(['Dirt']);
    const other = opened();
    expect(await recallLabels(other, { ...place, modelVersion: 'cells-2' }, settings)).toBe(false);
    expect(other.mapping?.labels).toEqual(['Cell']);
  });

  it('of the panel hold in the app, and those of the app in the panel', async () => {
    const targets = new PanelTargets(settings);
    targets.use(openTask(7), listed('cells-1'));
    await targets.ready();
    const control = targets.mappings[0]?.control;
    if (control === undefined) throw new Error('no control');
    await targets.chooseLabels(control, ['Dirt']);
    const state = opened();
    await recallLabels(state, place, settings);
    expect(state.mapping?.labels).toEqual(['Dirt']);

    state.chooseLabels([null]);
    await rememberLabels(state, place, settings);
    const again = new PanelTargets(settings);
    again.use(openTask(8), listed('cells-1'));
    await again.ready();
    expect(again.mappings[0]?.labels).toEqual([null]);
    expect(again.unmapped).toMatch(/Choose a label/u);
  });

  it('do not undo a choice that was made while they were read', async () => {
    const state = opened();
    state.chooseLabels(['Dirt']);
    await rememberLabels(state, place, settings);
    const again = opened();
    const recalled = recallLabels(again, place, settings);
    again.chooseLabels([null]);
    expect(await recalled).toBe(false);
    expect(again.mapping?.labels).toEqual([null]);
  });

  it('are not missed where nothing is kept', async () => {
    const none = () => Promise.reject(new Error('blocked'));
    const state = opened();
    await rememberLabels(state, place, none);
    expect(await recallLabels(state, place, none)).toBe(false);
    expect(await recallLabels(state, null, settings)).toBe(false);
  });
});
