/**
 * A capture of this package, record by record.
 *
 * @module
 */

import { CAPTURE_NONE, type CaptureRecord } from "../capture/record.ts";
import type { CaptureDamage, ReadCapture } from "../capture/read_capture.ts";
import { messageNameOf } from "../../core/control/codec.ts";
import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import { hexOf } from "../../core/layout/areas.ts";
import { Damage, type DecodedFields } from "../../core/layout/mod.ts";
import type { TraceEntry } from "../../mod.ts";
import { type Look, painted } from "../layout.ts";
import { rowsOf } from "../pages/fields.ts";
import { unitsFor, visible } from "../text.ts";
import { PacketCheck } from "../wire_rules/packet_check.ts";
import { TraceCheck } from "../wire_rules/trace_check.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";
import { EntryTexts } from "../words/entry_text.ts";
import { fieldsOfControlMessage } from "../decoding/control_message.ts";
import { lineOfEntry, linesOfFields } from "./text.ts";
import { DEVICE_PAYLOADS } from "../decoding/devices.ts";
import { type DecodedPacket, fieldsOfPacket } from "../decoding/packet.ts";
import { PayloadReader } from "../decoding/payloads.ts";
import type { DecodedStep, Decoding, StepEntry, StepSettings } from "./step.ts";

/** Numbers that a bus may have in one run. */
const BUS_COUNT = 2 ** 32;

/** A record, and what its bytes are. */
interface Shown {
  readonly entry: StepEntry;
  readonly decoded: DecodedFields | null;
}

/** The channel that an open request which goes over a bus is about; null: it is another message. */
function openedBy(bytes: Uint8Array): number | null {
  const name = messageNameOf(bytes);
  if (name !== "openChannel" && name !== "openReservedChannel") return null;
  const message = CONTROL_MESSAGE.decode(bytes);
  return message instanceof Damage || !("channelId" in message) ? null : message.channelId;
}

/** Goes through the records of a capture. */
class CaptureSteps {
  readonly #capture: ReadCapture;
  readonly #settings: StepSettings;
  readonly #texts = new EntryTexts();
  #check = new TraceCheck();
  #packets = new PacketCheck();
  #payloads = new PayloadReader(DEVICE_PAYLOADS);
  readonly #unknown = new Set<string>();
  /** Which runs there are where those of one section are more than one, for who reads of them by number. */
  readonly #merged: string[] = [];
  /** The runs of this section, by their names, which its interfaces say; where several files were merged there are more than one. */
  #runs: readonly (string | undefined)[] = [];
  #cut = 0;

  constructor(capture: ReadCapture, settings: StepSettings) {
    this.#capture = capture;
    this.#settings = settings;
  }

  get unknown(): readonly string[] {
    return this.#settings.isChecked ? [...new Set([...this.#unknown, ...this.#check.unknown])] : [];
  }

  /** What a file has beside its records, and what its records lack. */
  get lines(): readonly string[] {
    const { passedOver } = this.#capture;
    return [
      ...passedOver === 0 ? [] : [
        `passed over: ${passedOver} ${unitsFor(passedOver, "packets")} that ` +
        `${passedOver === 1 ? "is no record" : "are no records"} of a capture of VMBus`,
      ],
      ...this.#merged,
      ...this.#cut === 0
        ? []
        : [`cut: ${this.#cut} ${unitsFor(this.#cut, "records")}; what follows a cut is not known`],
    ];
  }

  *steps(): Generator<DecodedStep> {
    const { records, damages } = this.#capture;
    const sections = this.#capture.sections.slice(1);
    this.#beginSection(0, sections[0]);
    let told = 0;
    for (const [at, record] of records.entries()) {
      for (; (damages[told]?.recordsBefore ?? Infinity) <= at; told++) {
        yield this.#damaged(damages[told]!);
      }
      for (; record.interface >= (sections[0] ?? Infinity); sections.shift()) {
        this.#anotherRun();
        this.#beginSection(sections[0]!, sections[1]);
      }
      yield this.#stepOf(record, at + 1);
    }
    for (const damage of damages.slice(told)) yield this.#damaged(damage);
  }

  /** A section begins whose interfaces are those from `from` on. */
  #beginSection(from: number, until: number | undefined): void {
    this.#runs = [...new Set(this.#capture.interfaces.slice(from, until).map(({ run }) => run))];
    if (this.#runs.length < 2) return;
    for (const [at, run = "nobody said which"] of this.#runs.entries()) {
      this.#merged.push(`run ${at + 1}: ${visible(run)}`);
    }
  }

  /** Which of its section's runs a record is of. */
  #runOf({ interface: place }: CaptureRecord): number {
    return this.#runs.indexOf(this.#capture.interfaces[place]?.run);
  }

  /** The bus of a record, as one number among those of all runs of its section. */
  #busOf(record: CaptureRecord): number {
    return record.header.bus + this.#runOf(record) * BUS_COUNT;
  }

  /** Another section is another run: names and numbers in it are its own. */
  #anotherRun(): void {
    for (const each of this.#check.unknown) this.#unknown.add(each);
    this.#check = new TraceCheck();
    this.#packets = new PacketCheck();
    this.#payloads = new PayloadReader(DEVICE_PAYLOADS);
  }

  /** Something could not be read: what was said there is not known. */
  #damaged({ offset, reason }: CaptureDamage): DecodedStep {
    this.#check.lost();
    this.#packets = new PacketCheck();
    this.#payloads = new PayloadReader(DEVICE_PAYLOADS);
    const text = `${this.#settings.name}: damaged at ${offset}: ${reason}`;
    const lines = (look: Look) => [painted(visible(text), "red", look)];
    return { lines, damage: text, findings: [], entries: [] };
  }

  #stepOf(record: CaptureRecord, number: number): DecodedStep {
    const { name, isChecked } = this.#settings;
    const place = `${name}, record ${number}`;
    const { entry, decoded } = this.#shown(record);
    const { header, at100ns, bytes, comments, missingBytes = 0 } = record;
    const isCut = missingBytes > 0;
    if (isCut) this.#cut++;
    const broken = isChecked ? this.#broken(record, decoded) : [];
    const damage = isCut ? null : decoded?.damage ?? null;
    return {
      lines: (look) => [
        painted(lineOfEntry(entry.entry, this.#texts), broken.length > 0 ? "red" : null, look),
        ...linesOfFields(decoded?.fields ?? [], " ".repeat(12)),
        ...header.kind === "note" ? [] : comments.map((text) => `            # ${visible(text)}`),
        ...isCut
          ? [`            cut: ${missingBytes} ${unitsFor(missingBytes, "bytes")} more`]
          : [],
        ...damage === null ? [] : [
          painted(
            `            damaged at ${damage.offset}: ${visible(damage.reason)}`,
            "red",
            look,
          ),
        ],
      ],
      json: {
        record: number,
        interface: this.#capture.interfaces[record.interface]?.name,
        run: this.#capture.interfaces[record.interface]?.run ?? null,
        at100ns,
        header,
        bytes: hexOf(bytes),
        missingBytes,
        comments,
        decoded,
      },
      damage: damage && `${place}: damaged at ${damage.offset}: ${damage.reason}`,
      findings: broken.map(({ rule, what }) => ({ rule, place, message: what })),
      entries: [entry],
    };
  }

  /** The bus or the channel that a record is of; files that were once of another format have no names of interfaces. */
  #nameOf(record: CaptureRecord): string {
    const { header: { bus, channelId }, interface: place } = record;
    const run = this.#runs.length > 1 ? `run ${this.#runOf(record) + 1}` : null;
    if (run !== null && bus === 0) return run;
    const before = run === null ? "" : `${run}, `;
    const name = this.#capture.interfaces[place]?.name.replace(/: bus$/, "");
    if (name) return before + name;
    if (bus === 0) return "run";
    return before + (channelId === 0 ? `bus ${bus}` : `bus ${bus}: channel ${channelId}`);
  }

  #shown(record: CaptureRecord): Shown {
    const { header, bytes, at100ns } = record;
    const { kind, direction, step } = header;
    const subject = this.#nameOf(record);
    const [partition = subject] = subject.split(": channel ");
    const counted = step === CAPTURE_NONE ? {} : { step };
    const entryOf = (event: string, details: TraceEntry["details"]): TraceEntry => ({
      at100ns,
      event,
      subject,
      values: [],
      details,
    });
    switch (kind) {
      case "message": {
        const event = direction === "toHost" ? "messageToHost" : "messageToGuest";
        const entry = entryOf(event, { bytes: hexOf(bytes) });
        return { entry: { entry }, decoded: fieldsOfControlMessage(bytes) };
      }
      case "packet": {
        const decoded = this.#packet(record);
        const details = { direction, what: decoded.text, ...counted, partition };
        const rows = { bytes, byteCount: bytes.length, fields: rowsOf(decoded, bytes) };
        return { entry: { entry: entryOf("packet", details), bytes: rows }, decoded };
      }
      case "note": {
        const text = new TextDecoder().decode(bytes);
        return {
          entry: { entry: entryOf("note", { text, ...counted, partition }) },
          decoded: null,
        };
      }
    }
  }

  #packet(record: CaptureRecord): DecodedPacket {
    const { header: { codec, pipe, interfaceType, direction, channelId }, bytes } = record;
    const device = {
      interfaceType,
      direction,
      channel: `${this.#busOf(record)}:${channelId}`,
      reader: this.#payloads,
    };
    return fieldsOfPacket(bytes, {
      codec: codec === "msgpack" ? codec : "vmbus",
      isPipe: pipe !== "none",
      device,
    });
  }

  #broken(record: CaptureRecord, decoded: DecodedFields | null): readonly BrokenSentence[] {
    const { header, bytes, missingBytes = 0 } = record;
    const { kind, direction, channelId, ringIndex } = header;
    const name = this.#nameOf(record);
    const bus = this.#busOf(record);
    if (kind === "note") {
      if (header.parting === "none") return [];
      this.#check.forget(name);
      this.#packets.forget(bus);
      return [];
    }
    if (missingBytes > 0) {
      if (kind === "message") this.#check.lost(name);
      this.#packets.forget(bus);
      return [];
    }
    if (kind === "packet") {
      const packet = decoded as DecodedPacket;
      return this.#packets.take({ bus, channelId, way: direction, ringIndex, decoded: packet });
    }
    const opened = openedBy(bytes);
    if (opened !== null) this.#packets.opened(bus, opened);
    const broken = this.#check.takeBytes(bytes, name, direction === "toHost" ? "guest" : "host");
    return broken === null ? [] : [broken];
  }
}

/** The pieces of a capture. */
export function stepsOfCapture(capture: ReadCapture, settings: StepSettings): Decoding {
  const reading = new CaptureSteps(capture, settings);
  return {
    kind: "entries",
    isSpaced: false,
    steps: reading.steps(),
    end: () => ({
      lines: reading.lines,
      unknown: reading.unknown,
      json: { passedOver: capture.passedOver },
    }),
  };
}
