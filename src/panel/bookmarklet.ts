/** The two ways in which Label Studio's page comes to load the bridge: a bookmark, and a user script. */

/**
 * The code of both: adds the bridge's script. Evaluates nothing and reads nothing. A bridge that is there already is told.
 *
 * @param quietly nobody has pressed anything: no task, no word
 */
function loader(forelabel: string, quietly: boolean): string {
  const address = JSON.stringify(`${forelabel}/bridge.js`);
  const failed = JSON.stringify(
    `Forelabel does not answer at ${forelabel}, or this page does not let it in. ` +
      `Start Forelabel and try again; ${forelabel}/#/label-studio says what else there is.`,
  );
  return [
    `const s=document.createElement('script');`,
    `s.src=${address};`,
    ...(quietly ? [`s.dataset.quietly='';`] : []),
    `s.onload=()=>s.remove();`,
    `s.onerror=()=>{s.remove()${quietly ? '' : `;alert(${failed})`}};`,
    `document.head.append(s);`,
  ].join('');
}

/**
 * The address of the bookmark.
 *
 * @param forelabel origin of the relay, as the user has opened it: 'http://127.0.0.1:9090'
 */
export function bookmarklet(forelabel: string): string {
  return `javascript:${encodeURIComponent(`(()=>{${loader(forelabel, false)}})()`)}`;
}

/**
 * The user script: the same on every page of a Label Studio project, as soon as it has loaded.
 *
 * @param forelabel origin of the relay, as the script was asked for
 * @param version of Forelabel, by which script managers tell that there is a newer one
 */
export function userScript(forelabel: string, version: string): string {
  return `// ==UserScript==
// @name         Forelabel in Label Studio
// @namespace    ${forelabel}/
// @version      ${version}
// @description  Boxes for the open task, found in your browser
// @match        *://*/projects/*
// @downloadURL  ${forelabel}/forelabel.user.js
// @run-at       document-idle
// @noframes
// @grant        none
// ==/UserScript==
(() => {
  // Only where Label Studio is.
  if (window.APP_SETTINGS === undefined) return;
  ${loader(forelabel, true)}
})();
`;
}
