// kmcl.md N2, N3: the functions are what the tables say. Types prove it, and so most of what is shown here
// is shown by `deno check`: it must find each error that is expected, and take all that is not one.

import { assertEquals } from "@std/assert";
import { VmbChannelDisable, VmbChannelPause } from "../../kmcl/channel_lifecycle.ts";
import { VmbChannelSizeofPacket } from "../../kmcl/channel_properties.ts";
import { CLIENT_FUNCTION_NAMES, SERVER_ONLY_FUNCTION_NAMES } from "../../kmcl/function_names.ts";
import type { Kmcl } from "../../kmcl/resolve.ts";
import type { Slots, Tied, Untied } from "../../kmcl/table_types.ts";
import { functionsOf } from "../../kmcl/table_versions.ts";
import type { KmclServerInterfaceV1, VMBCHANNEL, VMBPACKET } from "../../mod.ts";

type Channel = VMBCHANNEL | null;

/** `"VmbChannelSizeofPacket"` where a function is not the one of that signature; never where it is. */
type Sizeof<Function> = Untied<
  [{ readonly VmbChannelSizeofPacket: Function }],
  Pick<KmclServerInterfaceV1, "VmbChannelSizeofPacket">
>;

Deno.test("Untied: names a function that differs from its signature in anything", () => {
  const names: readonly [
    anotherResult: Sizeof<(kmcl: Kmcl, channel: Channel) => Date>,
    narrowerResult: Sizeof<(kmcl: Kmcl, channel: Channel) => 136>,
    widerResult: Sizeof<(kmcl: Kmcl, channel: Channel) => number | null>,
    promise: Sizeof<(kmcl: Kmcl, channel: Channel) => Promise<number>>,
    noParameter: Sizeof<(kmcl: Kmcl) => number>,
    nothing: Sizeof<() => number>,
    oneMore: Sizeof<(kmcl: Kmcl, channel: Channel, more: number) => number>,
    oneMoreOptional: Sizeof<(kmcl: Kmcl, channel: Channel, more?: number) => number>,
    optional: Sizeof<(kmcl: Kmcl, channel?: Channel) => number>,
    rest: Sizeof<(kmcl: Kmcl, ...channel: Channel[]) => number>,
    noNull: Sizeof<(kmcl: Kmcl, channel: VMBCHANNEL) => number>,
    anotherHandle: Sizeof<(kmcl: Kmcl, channel: VMBPACKET | null) => number>,
    anything: Sizeof<(kmcl: Kmcl, channel: unknown) => number>,
    missing: Untied<[], Pick<KmclServerInterfaceV1, "VmbChannelSizeofPacket">>,
  ] = [
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
    "VmbChannelSizeofPacket",
  ];
  assertEquals(new Set(names).size, 1);
});

Deno.test("Tied: takes a function that is what its signature says, and refuses any other", () => {
  const tied: Tied<"tied", Sizeof<typeof VmbChannelSizeofPacket>> = "tied";
  // @ts-expect-error: a channel is not a packet
  const untied: Tied<"tied", Sizeof<(kmcl: Kmcl, channel: VMBPACKET | null) => number>> = "tied";
  assertEquals([tied, untied], ["tied", "tied"]);
});

Deno.test("Slots: takes functions under their names, in their order, each once", () => {
  type Two = Slots<["VmbChannelDisable", "VmbChannelPause"], KmclServerInterfaceV1>;
  const lists: readonly Two[] = [
    [{ VmbChannelDisable }, { VmbChannelPause }],
    // @ts-expect-error: swapped; that their signatures are the same does not matter
    [{ VmbChannelPause }, { VmbChannelDisable }],
    // @ts-expect-error: one is missing
    [{ VmbChannelDisable }],
    // @ts-expect-error: one is there twice
    [{ VmbChannelDisable }, { VmbChannelPause }, { VmbChannelPause }],
    // @ts-expect-error: a function of another table
    [{ VmbChannelDisable }, { VmbChannelSizeofPacket }],
    // @ts-expect-error: another name
    [{ VmbChannelDisable }, { VmbChannelHalt: VmbChannelPause }],
  ];
  assertEquals(lists.length, 6);
});

Deno.test("functionsOf: each function is there under its own name, in documented order", () => {
  const [client, server] = [functionsOf("client", 1) ?? [], functionsOf("server", 1) ?? []];
  const found = server.map(([name, method]) => [name, method.name]);
  const names = [...CLIENT_FUNCTION_NAMES, ...SERVER_ONLY_FUNCTION_NAMES];
  assertEquals(found, names.map((name) => [name, name]));
  assertEquals(client, server.slice(0, CLIENT_FUNCTION_NAMES.length));
});
