/**
 * The part of the disk's VSP that works on the image: it carries out requests whose packets are held.
 *
 * @module
 */

import type { VMBPACKETCOMPLETION } from "../../mod.ts";
import type { DiskImage } from "../image.ts";
import type { DiskAnswer, FlushRequest, TransferRequest } from "./protocol.ts";

/** A request whose packet is held until it was carried out. */
export interface HeldRequest {
  /** What KMCL gave with it. */
  readonly packet: VMBPACKETCOMPLETION;
  /** What the guest asked for; it was checked. */
  readonly request: TransferRequest | FlushRequest;
  /** The guest's memory that blocks come from or go to; none for a flush. */
  readonly segments: readonly Uint8Array[];
  /** How it ended. */
  answer: DiskAnswer;
}

/**
 * Carries out `held` on the image. The image's fault, where there is one, becomes the request's answer,
 * and is handed to `onFault`: whatever is wrong here, the guest must hear of its request.
 */
export async function carryOut(
  image: DiskImage,
  blockBytes: number,
  held: HeldRequest,
  onFault: (error: unknown) => void,
): Promise<void> {
  const { request, segments } = held;
  try {
    if (request.operation === "flush") await image.flush();
    else await move(image, blockBytes, request, segments);
  } catch (error) {
    held.answer = "ioError";
    onFault(error);
  }
}

/** Moves blocks between the image and the guest's own memory: no copy is made on the way. */
async function move(
  image: DiskImage,
  blockBytes: number,
  request: TransferRequest,
  segments: readonly Uint8Array[],
): Promise<void> {
  let offset = request.firstBlock * blockBytes;
  const end = offset + request.blockCount * blockBytes;
  for (const segment of segments) {
    const part = segment.subarray(0, end - offset);
    if (request.operation === "read") await image.read(offset, part);
    else await image.write(offset, part);
    offset += part.length;
    if (offset === end) return;
  }
}
