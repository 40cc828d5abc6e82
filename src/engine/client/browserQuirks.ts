/** What browsers do that no feature test shows. */

/** Safari leaks memory in the GPU build of the runtime, up to a crash after some hundred runs. */
export function isSafari(): boolean {
  return /^(?!.*(?:chrome|chromium|android|crios|fxios)).*safari/iu.test(navigator.userAgent);
}
