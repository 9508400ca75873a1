import { assertEquals } from "@std/assert";
import { offerOf } from "../../../../actors/bus/host/offer_message.ts";
import {
  ChannelConfiguration,
  SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  SERVER_FLAG_FORCE_NEW_CHANNEL,
  SERVER_FLAG_LOOPBACK_OFFER,
  SERVER_FLAG_TLNPI_PROVIDER_OFFER,
} from "../../../../actors/channel/configuration.ts";
import { protocolOf } from "../../../../core/control/versions.ts";
import { readPipeType } from "../../../../core/control/user_data.ts";

const TARGET = {
  interfaceType: "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10",
  instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
};

/** OFFER_AS_PIPE. */
const SERVER_FLAG_OFFER_AS_PIPE = 0x4;

/** What is offered of a server with those flags. */
function offer(
  serverFlags: number,
  vtl = 0,
  offerFlags = 0,
  protocol = protocolOf("5.3"),
  monitorId: number | null = null,
) {
  const configuration = new ChannelConfiguration();
  configuration.serverTarget = TARGET;
  configuration.serverFlags = serverFlags;
  configuration.setOfferFlags(offerFlags);
  return offerOf(configuration, 9, { vtl, sint: 2 }, protocol, monitorId);
}

// wire.md 4.4, kmcl.md section 5
Deno.test("offerOf: the server's flags read as the wire has them, those that are the host's own do not cross", () => {
  assertEquals(offer(0).flags, 0);
  assertEquals(offer(SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE).flags, 0x1);
  assertEquals(offer(SERVER_FLAG_LOOPBACK_OFFER).flags, 0x100);
  assertEquals(offer(SERVER_FLAG_TLNPI_PROVIDER_OFFER).flags, 0x2000);
  assertEquals(offer(SERVER_FLAG_FORCE_NEW_CHANNEL).flags, 0);
  assertEquals(
    offer(SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE | SERVER_FLAG_OFFER_AS_PIPE).flags,
    0x11,
  );
});

Deno.test("offerOf: a pipe is offered as one of messages, a device with nothing in its user data", () => {
  assertEquals(readPipeType(offer(SERVER_FLAG_OFFER_AS_PIPE).userData), "message");
  assertEquals(offer(0).userData, new Uint8Array(120));
});

// wire.md 4.4: no monitor page, a connection id of its own
Deno.test("offerOf: the rest says that the channel is a primary one with a signal of its own", () => {
  const { flags: _flags, userData: _userData, ...rest } = offer(0);
  assertEquals(rest, {
    message: "offerChannel",
    interfaceId: TARGET.interfaceType,
    instanceId: TARGET.instance,
    mmioMegabytes: 0,
    subchannelIndex: 0,
    mmioMegabytesOptional: 0,
    channelId: 9,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicated: true,
    connectionId: 0x2009,
  });
});

// wire.md 4.1: channelId | sint << 12 | vtl << 16
Deno.test("offerOf: the connection that signals the host is of the trust level of the guest's drivers", () => {
  assertEquals(offer(0, 2).connectionId, 0x2_2009);
});

// wire.md 4.4: what the guest has not said that it knows, it does not get
Deno.test("offerOf: confidential flags are stripped unless their features were agreed on", () => {
  const flagsWith = (features: number) => offer(0, 0, 0xe, protocolOf("6.0", features)).flags;
  assertEquals([flagsWith(0), flagsWith(0x10), flagsWith(0x80), flagsWith(0x90)], [0, 6, 8, 14]);
  assertEquals(offer(0, 0, 0xe, protocolOf("5.3", 0x90)).flags, 0);
});

// wire.md 4.4, section 6
Deno.test("offerOf: a monitor id is said with the bit that it is one, id 0 too", () => {
  const said = [0, 127, null].map((given) => {
    const { monitorId, monitorAllocated } = offer(0, 0, 0, protocolOf("5.3"), given);
    return [monitorId, monitorAllocated];
  });
  assertEquals(said, [[0, true], [127, true], [0xff, false]]);
});
