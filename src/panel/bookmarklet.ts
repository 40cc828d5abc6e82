/** The two ways in which Label Studio's page comes to load the bridge: a bookmark, and a user script. */

/**
 * The code of both: adds the bridge's script. Evaluates nothing and reads nothing. A bridge that is there already is told.
 *
 * @param quietly nobody has pressed anything: no task, no word
 */
function loader(forelabel: string, quietly: boolean): string {
  const [before, failed] = quietly ? ["s.dataset.quietly='';", ''] : wordsWhenItFails(forelabel);
  return [
    `const s=document.createElement('script');`,
    before,
    `s.src=${JSON.stringify(`${forelabel}/bridge.js`)};`,
    `s.onload=()=>s.remove();`,
    `s.onerror=()=>{s.remove();${failed}};`,
    `document.head.append(s);`,
  ].join('');
}

/**
 * Code that runs before the script is added, and code for when it does not load. The browser says of a page that lets no
 * script in (an enforced Content-Security-Policy) that it is so, right before: there starting Forelabel does not help, and
 * using it in a window of its own does.
 */
function wordsWhenItFails(forelabel: string): readonly [before: string, failed: string] {
  const origin = JSON.stringify(forelabel);
  const blocked = JSON.stringify(
    `This Label Studio lets no script of another page in (Content-Security-Policy). ` +
      `Forelabel works in a window beside it: ${forelabel}/#/label-studio says how. Open it now?`,
  );
  const silent = JSON.stringify(
    `Forelabel does not answer at ${forelabel}. Start it there and try again; ` +
      `a bookmark of another address has to be made anew.`,
  );
  return [
    `let b=false;` +
      `document.addEventListener('securitypolicyviolation',e=>{` +
      `if(e.disposition==='enforce'&&e.blockedURI.startsWith(${origin}))b=true},{signal:AbortSignal.timeout(60000)});`,
    `if(!b)alert(${silent});` +
      `else if(confirm(${blocked}))open(${JSON.stringify(`${forelabel}/#/label-studio`)},'_blank','noopener')`,
  ];
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
