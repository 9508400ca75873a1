/**
 * A teardown that overtakes: the host rescinds a device after the guest has opened it and found it open, and
 * frees what the guest's last request still needs. Each side has other work before, so that three steps must
 * come in one order, far from each other. Planted: the host frees when its own work is done, and does not wait
 * for the guest's word that it has let go.
 *
 * @module
 */

import type { Fabric, GuestContext, GuestDriver, Partition } from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, endInHost, guestDriver, RAM, sharedInFabric } from "./ends.ts";
import { type Identity, identityOf } from "./set_up.ts";

const TYPE = "b7a1c0de-0005-4d6e-9a3b-5f0c1d2e3a45";
/** The device that is rescinded. */
const DEVICE = identityOf(TYPE, 0);
/** The channel on which the guest says what becomes of the device. */
const MANAGEMENT = identityOf(TYPE, 1);
/** Another guest's channel, whose packets are the host's other work. */
const OTHER = identityOf(TYPE, 2);

/** Packets of other work that a side takes before its next step. */
const BUSY = 20;
/** Requests between the guest's look at the device and its use of it. */
const REQUESTS_BEFORE_USE = 6;

/** What the guest says on the channel of the device's management. */
const UNRELATED = 0;
const USE = 1;
const LET_GO = 2;

/** What the host knows of the device. */
class Device {
  /** The guest has it open. */
  isOpen = false;
  isRescinded = false;
  isFreed = false;
  /** The guest's request needed it when it was freed. */
  isUsedLate = false;
  /** Packets of other work that were taken. */
  #busy = 0;
  readonly #freesAlone: boolean;
  /** Takes the device's offer back. */
  rescind: () => void = () => {};

  constructor(freesAlone: boolean) {
    this.#freesAlone = freesAlone;
  }

  /** A part of the host's other work is done; at two places of it something is due. */
  workedOn(): void {
    this.#busy++;
    if (this.#busy === BUSY && this.isOpen) {
      this.isRescinded = true;
      this.rescind();
    }
    if (this.#busy === 2 * BUSY && this.isRescinded && this.#freesAlone) this.isFreed = true;
  }

  /** The guest's request needs it. */
  use(): void {
    this.isUsedLate ||= this.isFreed;
  }

  /** The guest has let go of it. */
  release(): void {
    this.isFreed = true;
  }
}

/** A channel on which a guest asks, and is told of other work. */
class Asker extends ClientEnd {
  #busy = 0;
  /** The other work is done. */
  onBusyEnd: () => void = () => {};

  /** Takes a packet of other work. */
  workedOn(): void {
    this.#busy++;
    if (this.#busy === BUSY) this.onBusyEnd();
  }

  /** Asks so many times, one after the other; then `onEnd` is due. */
  ask(times: number, onEnd: () => void): void {
    if (times === 0) return onEnd();
    this.send([UNRELATED], () => this.ask(times - 1, onEnd));
  }
}

/** The guest's driver of the device. */
class DeviceClient extends ClientEnd {
  /** Whether the guest has let go of the device. */
  hasLetGo = false;
  readonly #managementOf: () => Asker;
  #isGone = false;
  #isUsing = false;

  /** In the guest of `context`; what it says of the device goes to `managementOf()`. */
  constructor(context: GuestContext, managementOf: () => Asker) {
    super(context, DEVICE, {
      postStarted: () => this.#look(),
      closed: () => {
        this.#isGone = true;
        this.#release();
      },
    });
    this.#managementOf = managementOf;
  }

  /** Opens the device when its other work is done. */
  begin(): void {
    this.#managementOf().onBusyEnd = () => this.open();
  }

  /** Finds the device open, and uses it a little later without another look. */
  #look(): void {
    if (this.#isGone) return;
    const management = this.#managementOf();
    this.#isUsing = true;
    management.ask(REQUESTS_BEFORE_USE, () => {
      management.send([USE], () => {
        this.#isUsing = false;
        this.#release();
      });
    });
  }

  #release(): void {
    if (!this.#isGone || this.#isUsing || this.hasLetGo) return;
    this.hasLetGo = true;
    this.#managementOf().tell([LET_GO]);
  }
}

/** The host's drivers. */
function hostDrivers(deviceIn: (fabric: Fabric) => Device) {
  const device = endInHost("teardown device vsp", DEVICE, (fabric, end) => {
    const device = deviceIn(fabric);
    device.rescind = () => void end().disable();
    return { opened: () => device.isOpen = true };
  });
  const management = endInHost("teardown management vsp", MANAGEMENT, (fabric, end) => {
    const device = deviceIn(fabric);
    return {
      received: (packet, [what]) => {
        if (what === USE) device.use();
        if (what === LET_GO) device.release();
        end().complete(packet);
      },
    };
  });
  const other = endInHost("teardown other vsp", OTHER, (fabric, end) => {
    const device = deviceIn(fabric);
    return {
      isPassive: true,
      received: (packet) => {
        device.workedOn();
        end().complete(packet);
      },
    };
  });
  return { device, management, other };
}

/** The protocol; `planted`: with its mistake. */
export function teardown(planted: boolean): ScenarioDefinition {
  const deviceIn = sharedInFabric(() => new Device(planted));
  const host = hostDrivers(deviceIn);
  const managements = new WeakMap<Partition, Asker>();
  const asker = (name: string, identity: Identity): GuestDriver<Asker> =>
    guestDriver(name, (context) => {
      const end: Asker = new Asker(context, identity, {
        received: (packet) => {
          end.workedOn();
          end.complete(packet);
        },
      });
      end.open();
      managements.set(context.partition, end);
      return end;
    });
  const deviceVsc = guestDriver<DeviceClient>(
    "teardown device vsc",
    (context) => new DeviceClient(context, () => managements.get(context.partition)!),
  );
  return defineScenario({
    name: "teardown",
    title: "The host rescinds a device that the guest has found open, and frees it",
    partitions: { guest: RAM, other: RAM },
    drivers: {
      deviceVsp: { serves: "guest", driver: host.device },
      managementVsp: { serves: "guest", driver: host.management },
      otherVsp: { serves: "other", driver: host.other },
      managementVsc: { in: "guest", driver: asker("teardown management vsc", MANAGEMENT) },
      deviceVsc: { in: "guest", driver: deviceVsc },
      otherVsc: { in: "other", driver: asker("teardown other vsc", OTHER) },
    },
    reach: ["the host rescinds"],
    workload: async (world) => {
      const [management, other] = [world.driver("managementVsc"), world.driver("otherVsc")];
      await world.until(() => management.flows && other.flows);
      world.driver("deviceVsc").begin();
      for (let packet = 0; packet < BUSY; packet++) world.driver("managementVsp").tell([UNRELATED]);
      for (let packet = 0; packet < 2 * BUSY; packet++) other.tell([UNRELATED]);
    },
    end: async (world) => {
      const { isRescinded, isUsedLate } = deviceIn(world.fabric);
      if (isRescinded) world.reach("the host rescinds");
      if (isUsedLate) world.fail("a device in use is there", "it was freed before its last use");
      await closeAll(world, ["deviceVsc", "managementVsc", "otherVsc"]);
      await closeAll(world, ["deviceVsp", "managementVsp", "otherVsp"]);
    },
  });
}
