/** What browsers do that no feature test shows. */

/** Safari and every browser on iOS: they leak memory in the GPU build of the runtime, up to a crash after about 500 runs. */
export function isWebKit(userAgent: string = navigator.userAgent): boolean {
  return userAgent.includes('AppleWebKit') && !isChromium(userAgent);
}

/**
 * Images after which a worker is replaced by a fresh one. WebKit crashes after some hundred runs
 * (microsoft/onnxruntime#27584); Chromium was seen to stay flat over 2,000 (`npm run bench:memory`); of others nothing is known.
 */
export function imagesPerWorker(userAgent: string = navigator.userAgent): number {
  if (isChromium(userAgent)) return Infinity;
  return isWebKit(userAgent) ? 200 : 1000;
}

/** On iOS it calls itself CriOS, and is WebKit. */
function isChromium(userAgent: string): boolean {
  return /Chrom(?:e|ium)\//u.test(userAgent);
}
