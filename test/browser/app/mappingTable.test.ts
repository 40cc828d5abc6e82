import { html } from 'lit';
import { expect, test } from 'vitest';
import { render } from 'vitest-browser-lit';
import '../../../src/app/elements/mapping-table.ts';
import type { LabelDefinition } from '../../../src/labelstudio/types.ts';

const label = (value: string, color: string | null = null): LabelDefinition => ({
  value,
  alias: null,
  predictedValues: [],
  color,
});

const labels = [label('Person', 'red'), label('Car')];

test('without any match it says so and shows both lists', async () => {
  const screen = render(html`
    <fl-mapping-table
      .classes=${['face', 'wheel']}
      .labels=${labels}
      .mapping=${[null, null]}
    ></fl-mapping-table>
  `);
  const alert = screen.getByRole('alert');
  await expect.element(alert).toHaveTextContent('No class of the model has a label in this project.');
  for (const name of ['face', 'wheel', 'Person', 'Car']) {
    await expect.element(alert.getByText(name, { exact: true })).toBeVisible();
  }
});

test('one match is enough, and what is left out is counted', async () => {
  const screen = render(html`
    <fl-mapping-table
      .classes=${['face', 'wheel']}
      .labels=${labels}
      .mapping=${['Person', null]}
    ></fl-mapping-table>
  `);
  await expect.element(screen.getByText('1 class without a label: these boxes are left out.')).toBeVisible();
  await expect.element(screen.getByRole('alert')).not.toBeInTheDocument();
  await expect.element(screen.getByLabelText('Label for face')).toHaveValue('Person');
  await expect.element(screen.getByLabelText('Label for wheel')).toHaveValue('');
});

test('choosing a label tells the whole mapping, in class order', async () => {
  const told: unknown[] = [];
  const screen = render(html`
    <fl-mapping-table
      .classes=${['face', 'wheel']}
      .labels=${labels}
      .mapping=${['Person', null]}
      @mapping-changed=${(event: CustomEvent) => told.push(event.detail)}
    ></fl-mapping-table>
  `);
  await screen.getByLabelText('Label for wheel').selectOptions('Car');
  await screen.getByLabelText('Label for face').selectOptions('Leave out');
  // The element shows what it is given: the second choice starts from the mapping it still has.
  expect(told).toEqual([
    ['Person', 'Car'],
    [null, null],
  ]);
});

test('a colour that is none is not written into the page', async () => {
  const screen = render(html`
    <fl-mapping-table
      .classes=${['face']}
      .labels=${[label('Person', 'red;position:fixed')]}
      .mapping=${['Person']}
    ></fl-mapping-table>
  `);
  await expect.element(screen.getByLabelText('Label for face')).toBeVisible();
  const swatch = screen.container.querySelector('fl-mapping-table')?.shadowRoot?.querySelector('.swatch');
  expect(swatch?.getAttribute('style')).not.toContain('position');
});
