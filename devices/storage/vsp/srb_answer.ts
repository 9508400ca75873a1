/**
 * The answer to an SRB: how its command ended, in the packet's words (docs/storage.md, section 5).
 *
 * @module
 */

import { encodeStorageAnswer, SENSE_AREA_BYTES, SRB_ANSWER } from "../answers.ts";
import { CDB_BYTES, LONG_PACKET_BYTES } from "../protocol.ts";
import { good, type ScsiResult } from "../scsi/result.ts";
import { SCSI_SENSE } from "../scsi/sense.ts";
import { ntStatusOf, SCSI_STATUSES, SRB_AUTOSENSE_VALID, SRB_STATUSES } from "../srb.ts";

/** Bytes of an SRB as answers have them, whatever the packet's length is. */
const SRB_BYTES = 0x34;
/** Where an answer says how many bytes were moved. */
const MOVED_OFFSET = 24;

function encoded({ srbStatus, scsiStatus, sense, byteCount }: ScsiResult): Uint8Array {
  const area = new Uint8Array(SENSE_AREA_BYTES);
  if (sense !== null) area.set(SCSI_SENSE.encode(sense));
  return encodeStorageAnswer(SRB_ANSWER, {
    flags: 0,
    status: ntStatusOf(srbStatus),
    srbBytes: SRB_BYTES,
    srbStatus: SRB_STATUSES[srbStatus] | (sense === null ? 0 : SRB_AUTOSENSE_VALID),
    scsiStatus: SCSI_STATUSES[scsiStatus],
    portNumber: 0,
    pathId: 0,
    targetId: 0,
    lun: 0,
    cdbBytes: CDB_BYTES,
    senseBytes: SENSE_AREA_BYTES,
    direction: 0,
    dataTransferBytes: byteCount,
    sense: area,
  }, LONG_PACKET_BYTES);
}

const GOOD = encoded(good());

/** The answer to an SRB whose command ended with `result`. */
export function srbAnswer(result: ScsiResult): Uint8Array {
  if (result.srbStatus !== "success" || result.sense !== null) return encoded(result);
  // Nearly all end so: the bytes that are always the same are copied.
  const answer = GOOD.slice();
  new DataView(answer.buffer).setUint32(MOVED_OFFSET, result.byteCount, true);
  return answer;
}
