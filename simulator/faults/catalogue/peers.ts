/**
 * What the opposite side of a driver does to it that no honest one does (wire.md 1.9, 2.5, 3.4, 4.5). One side, a guest
 * or the host, does it to the other, with whatever it has: rings, packets, control messages.
 *
 * @module
 */

import { Chance } from "../../../core/chance.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import type { CorruptionName } from "../../peers/corruption_types.ts";
import type { AnyRule, ChannelWhere, Deed, Fault, FaultTable, GuestWhere } from "../basics.ts";
import type { FaultyWorld, NamedGuest } from "../faulty_world.ts";
import {
  type Attack,
  type Attacker,
  ATTACKERS,
  type OpenChannel,
  openChannelsOf,
} from "../peers/attack.ts";
import { type ForgedCompletion, forgedCompletions } from "../peers/completion_attacks.ts";
import { type GpadlLieName, gpadlLies } from "../peers/gpadl_lies.ts";
import { messageDamages, messageRepeats } from "../peers/message_damage.ts";
import { forgedMessages } from "../peers/message_forgery.ts";
import { recover } from "../peers/recovery.ts";
import { ringLies, ringWords } from "../peers/ring_attacks.ts";
import { isOn } from "../place.ts";

/** Who attacks whom on a bus. */
export interface AttackWhere extends GuestWhere {
  /** Who does it: a guest to the host's drivers, or the host to those of a guest. */
  readonly by?: Attacker;
}

/** Who attacks whom on a channel. */
export interface ChannelAttackWhere extends ChannelWhere, AttackWhere {}

/** Which lies are told in rings. */
export interface RingLieWhere extends ChannelAttackWhere {
  /** The lie, as `CORRUPTIONS` of `@vmbus/kmcl/peers` calls it. */
  readonly lie?: CorruptionName;
}

/** Which completions are made up. */
export interface ForgedCompletionWhere extends ChannelAttackWhere {
  /** For which transactions. */
  readonly of?: ForgedCompletion;
}

/** Which messages are made up. */
export interface ForgedMessageWhere extends AttackWhere {
  /** Their name in [wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md), in lower camel case: `openResult`. */
  readonly message?: ControlMessage["message"];
}

/** Which lies are told about memory. */
export interface GpadlLieWhere extends AttackWhere {
  /** The lie. */
  readonly lie?: GpadlLieName;
}

/** A lie in a ring. */
export type RingCorruptedRule = AnyRule<"ringCorrupted", RingLieWhere>;

/** A word of a control page is set, whoever owns it. */
export type RingWordSetRule = AnyRule<"ringWordSet", ChannelAttackWhere>;

/** A completion that nobody owes. */
export type CompletionForgedRule = AnyRule<"completionForged", ForgedCompletionWhere>;

/** A control message that its sender has no right to send, or not now. */
export type MessageForgedRule = AnyRule<"messageForged", ForgedMessageWhere>;

/** A field of a control message on its way says something else. */
export type MessageDamagedRule = AnyRule<"messageDamaged", AttackWhere>;

/** A control message on its way comes twice. */
export type MessageRepeatedRule = AnyRule<"messageRepeated", AttackWhere>;

/** A lie about memory. */
export type GpadlForgedRule = AnyRule<"gpadlForged", GpadlLieWhere>;

/** What an opposite side does that no honest one does. */
export type PeerRule =
  | RingCorruptedRule
  | RingWordSetRule
  | CompletionForgedRule
  | MessageForgedRule
  | MessageDamagedRule
  | MessageRepeatedRule
  | GpadlForgedRule;

/** A channel that was attacked is reset so long after; a guest whose bus was is turned off then. */
const RESET_MS = 1000;
const DRAW_MAX = 2 ** 32;
const BUS = ["guest", "by"];
const CHANNEL = ["guest", "driver", "channel", "by"];

function attackersOf({ by }: AttackWhere): readonly Attacker[] {
  return by === undefined ? ATTACKERS : [by];
}

/** `attack` as something that can be done to the world: to a channel, or else to the whole bus. */
function deedOf(
  world: FaultyWorld,
  { name, guest }: NamedGuest,
  channelId: number | null,
  by: Attacker,
  attack: Attack,
): Deed {
  return {
    place: `${attack.what}, by the ${by === "guest" ? `guest ${name}` : `host to ${name}`}`,
    guest: name,
    channelId,
    do() {
      const { observer } = guest.runtime;
      observer?.see({ kind: "channelTampered", partition: guest.name, channelId });
      attack.make(Chance.fromSeed(world.draw(DRAW_MAX)));
      world.after(RESET_MS, () => recover(world, name, channelId));
    },
  };
}

/** What can be done on each open channel that a rule means. */
function onChannels<Where extends ChannelAttackWhere>(
  attacks: (channel: OpenChannel, by: Attacker, where: Where) => readonly Attack[],
) {
  return (world: FaultyWorld, rule: AnyRule<string, Where>): readonly Deed[] => {
    const where = rule.where ?? {} as Where;
    return world.living(where.guest).filter(({ guest }) => guest.runs).flatMap((named) =>
      openChannelsOf(named.guest)
        .filter(({ channelId }) => (where.channel ?? channelId) === channelId)
        .filter((channel) => where.driver === undefined || isOn(where.driver, channel, world))
        .flatMap((channel) =>
          attackersOf(where).flatMap((by) =>
            attacks(channel, by, where).map((attack) =>
              deedOf(world, named, channel.channelId, by, attack)
            )
          )
        )
    );
  };
}

/** What can be done on each bus that a rule means. */
function onBuses<Where extends AttackWhere>(
  attacks: (guest: NamedGuest["guest"], by: Attacker, where: Where) => readonly Attack[],
) {
  return (world: FaultyWorld, rule: AnyRule<string, Where>): readonly Deed[] => {
    const where = rule.where ?? {} as Where;
    return world.living(where.guest).filter(({ guest }) => guest.runs).flatMap((named) =>
      attackersOf(where).flatMap((by) =>
        attacks(named.guest, by, where).map((attack) => deedOf(world, named, null, by, attack))
      )
    );
  };
}

/** What all of them have in common. */
const COMMON: Pick<Fault<PeerRule>, "point" | "tampers" | "parameters" | "oneIn" | "budget"> = {
  point: "item",
  tampers: true,
  parameters: {},
  oneIn: 400,
  budget: 1,
};

/** The faults of an opposite side. */
export const PEER_FAULTS: FaultTable<PeerRule> = {
  ringCorrupted: {
    ...COMMON,
    does:
      "A lie in a ring: an index, a descriptor, a mask, something that is no packet. Its victim stops.",
    realMachine: "A guest that was taken over writes into the rings that it shares with the host.",
    touches: "both ends of the channel",
    where: [...CHANNEL, "lie"],
    deeds: onChannels<RingLieWhere>((channel, by, { lie }) => ringLies(channel, by, lie)),
  },
  ringWordSet: {
    ...COMMON,
    does:
      "A word of a control page is set to some number: indices, masks, pending sizes, feature bits.",
    realMachine: "A driver that was taken over, or one that knows no bounds, writes over the page.",
    touches: "both ends of the channel",
    where: CHANNEL,
    deeds: onChannels<ChannelAttackWhere>(ringWords),
  },
  completionForged: {
    ...COMMON,
    does: "A completion of no transaction, of one that has ended, or of one that ends once more.",
    realMachine: "A driver completes a packet twice, or a hostile one guesses numbers.",
    touches: "both ends of the channel",
    where: [...CHANNEL, "of"],
    deeds: onChannels<ForgedCompletionWhere>((channel, by, where) =>
      forgedCompletions(channel, by, where.of)
    ),
  },
  messageForged: {
    ...COMMON,
    does:
      "A control message that its sender has no right to send, or not now, about what is there.",
    realMachine: "A guest that was taken over talks to the host past its bus driver.",
    touches: "all of the guest, and its servers",
    where: [...BUS, "message"],
    deeds: onBuses<ForgedMessageWhere>((guest, by, { message }) =>
      forgedMessages(guest, by, message)
    ),
  },
  messageDamaged: {
    ...COMMON,
    does: "A field of a control message, or its number, says something else when it comes.",
    realMachine: "A sender and a receiver of two versions do not agree about a field.",
    touches: "all of the guest, and its servers",
    where: BUS,
    deeds: onBuses<AttackWhere>(messageDamages),
  },
  messageRepeated: {
    ...COMMON,
    does: "A control message comes once more.",
    realMachine: "A sender that does not know whether it was heard says it again.",
    touches: "all of the guest, and its servers",
    where: BUS,
    deeds: onBuses<AttackWhere>(messageRepeats),
  },
  gpadlForged: {
    ...COMMON,
    does: "A lie about memory: ranges that are none, ids in use, rings wanted back or given back.",
    realMachine: "A guest that was taken over wants the host to touch what is not the guest's.",
    touches: "all of the guest, and its servers",
    where: [...BUS, "lie"],
    deeds: onBuses<GpadlLieWhere>((guest, by, { lie }) => gpadlLies(guest, by, lie)),
  },
};
