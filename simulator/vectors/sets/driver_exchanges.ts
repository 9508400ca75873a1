/**
 * Exchanges that the drivers of a host and a guest bring about: channels, GPADLs, sockets (wire.md 4.5).
 *
 * @module
 */

import { VERSIONS, type VmbusVersion } from "../../../core/control/versions.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { socket } from "../../../devices/mod.ts";
import * as vmbus from "../../../mod.ts";
import { inEach, type Script } from "./exchange_script.ts";
import type { Stage } from "./exchange_stage.ts";

const since = (first: VmbusVersion) => VERSIONS.slice(VERSIONS.indexOf(first));

/** A device's channel from its offer to its end. */
async function life(stage: Stage): Promise<void> {
  const { vsc, client, vsp, server } = await stage.opened();
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  await stage.settle();
}

/** A channel that is taken back while it is open. */
async function rescind(stage: Stage): Promise<void> {
  const { vsp, server } = await stage.opened();
  await vsp.VmbChannelDisable(server);
  await stage.settle();
}

/** A guest that leaves with an open channel. */
async function unload(stage: Stage): Promise<void> {
  await stage.opened();
  stage.guest.disconnect();
  await stage.settle();
}

/** A guest that makes contact anew while it is connected, with an open channel. */
async function reconnect(stage: Stage): Promise<void> {
  await stage.opened();
  stage.guest.connect();
  await stage.settle();
}

/** A channel that is open moves to another processor. */
async function modify(stage: Stage): Promise<void> {
  const { vsc, client } = await stage.opened();
  vmbus.expectSuccess(vmbus.setTargetProcessor(vsc, client, 3));
  await stage.settle();
}

/** A primary with two sub-channels is opened and taken back: they go before it. */
async function subchannels(stage: Stage): Promise<void> {
  const primary = await stage.opened();
  for (const subchannel of [1, 2]) await stage.opened({ subchannel });
  await primary.vsp.VmbChannelDisable(primary.server);
  await stage.settle();
}

/** A GPADL beside the rings, of so many pages, is created and deleted. */
function gpadl(pages: number, isReadOnly = false): Script["play"] {
  return async (stage) => {
    const { vsc, client } = await stage.opened();
    const flags = isReadOnly ? vmbus.VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY : 0;
    const buffer = stage.guest.memory.allocate(pages * PAGE_BYTES);
    const { gpadlHandle } = vmbus.expectSuccess(
      vsc.VmbChannelCreateGpadlFromBuffer(client, flags, buffer, buffer.byteCount),
    );
    await vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
    await stage.settle();
  };
}

const CONNECTION = "4f7d1c2a-6b3e-4a58-9d10-000000000001";

/** A guest connects to a service of the host that listens, and to one that does not. */
async function connects(stage: Stage): Promise<void> {
  const host = new socket.SocketHost(stage.fabric, stage.guest);
  const sockets = new socket.SocketGuest(stage.guest);
  host.listen(socket.vsockService(5000), async (peer) => void (await peer.read(8)));
  const { socket: connected } = vmbus.expectSuccess(
    await sockets.connect(socket.vsockService(5000), CONNECTION),
  );
  await connected.close();
  await stage.settle();
}

async function connectsToNobody(stage: Stage): Promise<void> {
  new socket.SocketHost(stage.fabric, stage.guest);
  const sockets = new socket.SocketGuest(stage.guest);
  await sockets.connect(socket.vsockService(1), CONNECTION);
}

/** The host connects to a service of the guest that listens. */
async function isConnected(stage: Stage): Promise<void> {
  const host = new socket.SocketHost(stage.fabric, stage.guest);
  const sockets = new socket.SocketGuest(stage.guest);
  sockets.listen(socket.vsockService(5000), async (peer) => void (await peer.read(8)));
  const { socket: connected } = vmbus.expectSuccess(
    await host.connect(socket.vsockService(5000), CONNECTION),
  );
  await connected.close();
  await stage.settle();
}

/** What happens between drivers, in the versions that differ in it. */
export function channelExchanges(): readonly Script[] {
  return [
    ...inEach(VERSIONS, {
      name: "channel",
      description: "a channel is offered, opened, closed, and taken back",
      play: life,
    }),
    {
      name: "channel-6.0-plain",
      description: "the same in 6.0 without features: an open request has its shorter form",
      guestFeatures: 0,
      play: life,
    },
    {
      name: "channel-large-rings",
      description: "rings of 40 pages each: their GPADL takes a header and two bodies",
      play: async (stage) => void (await stage.opened({ ringPages: 40 })),
    },
    {
      name: "channel-two-devices",
      description: "two instances of a device: each has an id and a connection",
      play: async (stage) => {
        await stage.opened();
        await stage.opened({ instance: 1 });
      },
    },
    ...inEach(["0.13", "2.4", "5.3", "6.0"], {
      name: "rescind",
      description: "a channel is taken back while it is open: the guest closes and releases it",
      play: rescind,
    }),
    ...inEach(VERSIONS, {
      name: "unload",
      description: "a guest leaves with an open channel",
      play: unload,
    }),
    ...inEach(["1.1", "5.3", "6.0"], {
      name: "reconnect",
      description: "a guest makes contact anew while it is connected, with an open channel",
      play: reconnect,
    }),
    ...inEach(["4.1", "5.2", "5.3", "6.0"], {
      name: "modify",
      description: "an open channel moves to another processor: the host answers from 5.3 on",
      play: modify,
    }),
    ...inEach(["2.4", "6.0"], {
      name: "subchannels",
      description: "a primary with two sub-channels is taken back: they go before it",
      play: subchannels,
    }),
  ];
}

/** GPADLs beside those of the rings, and sockets. */
export function sharingExchanges(): readonly Script[] {
  return [
    {
      name: "gpadl-1-page",
      description: "a GPADL of one page beside the rings is created and deleted",
      play: gpadl(1),
    },
    {
      name: "gpadl-26-pages",
      description: "a GPADL of 26 pages, the most that a header has room for",
      play: gpadl(26),
    },
    {
      name: "gpadl-27-pages",
      description: "a GPADL of 27 pages: a body with one word",
      play: gpadl(27),
    },
    {
      name: "gpadl-100-pages",
      description: "a GPADL of 100 pages: a header and three bodies",
      play: gpadl(100),
    },
    {
      name: "gpadl-read-only",
      description: "a GPADL that the host may only read, by this package's own bit",
      play: gpadl(1, true),
    },
    ...inEach(since("4.0"), {
      name: "tl-connect",
      description: "a guest connects to a socket of the host: the answer is an offer",
      play: connects,
    }),
    ...inEach(["4.0", "4.1", "5.1", "5.2", "6.0"], {
      name: "tl-connect-refused",
      description: "a guest connects to a socket that nobody listens on: it is told from 4.1 on",
      play: connectsToNobody,
    }),
    {
      name: "tl-accept",
      description: "the host connects to a socket of the guest: an offer for who accepts",
      play: isConnected,
    },
  ];
}
