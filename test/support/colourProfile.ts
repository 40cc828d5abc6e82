import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { drawing } from './tinyModelNode.ts';

/** An image and the same one with a wide-gamut profile: not a byte between them but that of the profile. */
export interface ProfiledImage {
  readonly name: 'JPEG' | 'PNG';
  readonly plain: Buffer;
  readonly profiled: Buffer;
}

/** Strong colours, which the profile (Display P3) would move by up to dozens of grey levels. */
export async function profiledImages(): Promise<readonly ProfiledImage[]> {
  const picture = drawing(64, 48);
  const jpeg = await picture.clone().jpeg({ quality: 95 }).toBuffer();
  const png = await picture.clone().png().toBuffer();
  const { icc } = await sharp(await picture.clone().withIccProfile('p3').png().toBuffer()).metadata();
  if (icc === undefined) throw new Error('sharp gave no profile.');
  return [
    { name: 'JPEG', plain: jpeg, profiled: inserted(jpeg, JPEG_START, app2(icc)) },
    { name: 'PNG', plain: png, profiled: inserted(png, PNG_START, iccp(icc)) },
  ];
}

/** SOI. */
const JPEG_START = 2;
/** Signature and IHDR. */
const PNG_START = 8 + 25;

function inserted(file: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([file.subarray(0, at), piece, file.subarray(at)]);
}

/** A JPEG's profile: the first of one segment. */
function app2(icc: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), icc]);
  const head = Buffer.from([0xff, 0xe2, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** A PNG's profile: a chunk of a name, the method 0, and the profile deflated. */
function iccp(icc: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('iCCPp3\0\0', 'latin1'), deflateSync(icc)]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
