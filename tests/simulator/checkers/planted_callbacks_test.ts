// The checker of callbacks must be able to fail: events that never happened are told to it.

import type { Observation } from "../../../actors/runtime/observation.ts";
import { callbacksChecker } from "../../../simulator/checkers/callbacks.ts";
import { arrives, begins, returns, testPlanted } from "../../support/planted_events.ts";

const PACKET = "EvtChannelProcessPacket";

testPlanted(callbacksChecker, [
  { // kmcl.md S3
    fact: "Opened is called of an open channel",
    plant: (at) => [begins(at, "EvtChannelOpened")],
    found: "callbacks: S3: when Opened is called, EvtChannelOpened of server in root",
  },
  { // kmcl.md S4
    fact: "Started is called while the flow runs",
    plant: (at) => [begins(at, "EvtChannelStarted")],
    found: "callbacks: S4: when Started is called, EvtChannelStarted of server in root",
  },
  { // kmcl.md S4
    fact: "PostStarted is called twice",
    plant: (at) => [begins(at, "EvtChannelPostStarted")],
    found: "callbacks: S4: when PostStarted is called, EvtChannelPostStarted of server in root",
  },
  { // kmcl.md S7
    fact: "Suspend is called twice",
    plant: (at) => [
      begins(at, "EvtChannelSuspend"),
      returns(at, "EvtChannelSuspend"),
      begins(at, "EvtChannelSuspend"),
    ],
    found: "callbacks: S7: when Suspend is called, EvtChannelSuspend of server in root",
  },
  { // kmcl.md S7
    fact: "Suspend is called while ProcessPacket runs",
    plant: (at) => [arrives(at, 1, 0), begins(at, "EvtChannelSuspend")],
    found: "callbacks: S7: when Suspend is called, EvtChannelSuspend of server in root",
  },
  { // kmcl.md S10
    fact: "Closed is called without Suspend",
    plant: (at) => [begins(at, "EvtChannelClosed")],
    found: "callbacks: S10: when Closed is called, EvtChannelClosed of server in root",
  },
  { // kmcl.md S10
    fact: "Closed is called while the driver holds a packet",
    plant: (at) => [
      arrives(at, 1, 0),
      returns(at, PACKET),
      begins(at, "EvtChannelSuspend"),
      returns(at, "EvtChannelSuspend"),
      begins(at, "EvtChannelClosed"),
    ],
    found: "callbacks: S10: when Closed is called, EvtChannelClosed of server in root",
  },
  { // kmcl.md S10
    fact: "state changes overlap",
    plant: (at) => [
      begins(at, "EvtChannelSuspend"),
      returns(at, "EvtChannelSuspend"),
      begins(at, "EvtChannelStarted"),
      begins(at, "EvtChannelClosed"),
    ],
    found: "callbacks: S10: state changes never overlap, EvtChannelClosed of server in root",
  },
  { // kmcl.md S3
    fact: "PnpFailure is called of a server",
    plant: (at) => [begins(at, "EvtChannelPnpFailure")],
    found: "callbacks: S3: when PnpFailure is called, EvtChannelPnpFailure of server in root",
  },
  { // kmcl.md section 6
    fact: "a state change is called at DISPATCH_LEVEL",
    plant: (at) => [begins(at, "EvtChannelSuspend", 2)],
    found: "callbacks: section 6: levels, EvtChannelSuspend of server in root",
  },
  { // kmcl.md S7
    fact: "a packet is taken after Suspend",
    plant: (at) => [begins(at, "EvtChannelSuspend"), arrives(at, 1, 0)],
    found:
      `callbacks: S7: nothing is taken while the flow does not run, ${PACKET} of server in root`,
  },
  { // kmcl.md section 5, VmbChannelPacketFail
    fact: "a packet is taken of a faulted channel",
    plant: (at) => [
      { kind: "channelFaults", endpoint: at.serverEnd, fault: "packetFailed" },
      arrives(at, 1, 0),
    ],
    found: `callbacks: section 5: a faulted queue stops, ${PACKET} of server in root`,
  },
  { // kmcl.md R2
    fact: "two ProcessPacket calls overlap",
    plant: (at) => [arrives(at, 1, 0), arrives(at, 2, 1)],
    found: `callbacks: R2: one at a time, ${PACKET} of server in root`,
  },
  { // kmcl.md R1
    fact: "a packet is offered at the wrong level",
    plant: (at) => [arrives(at, 1, 0), returns(at, PACKET), arrives(at, 2, 1, { irql: 0 })],
    found: `callbacks: R1: levels of ProcessPacket, ${PACKET} of server in root`,
  },
  { // kmcl.md R3
    fact: "a batch has another count",
    plant: (at) => {
      const batch = "EvtChannelProcessingComplete";
      return [
        begins(at, batch, 2, 3),
        returns(at, batch),
        arrives(at, 1, 0),
        returns(at, PACKET),
        begins(at, batch, 2, 2),
      ];
    },
    found: "callbacks: R3: packets of a batch, EvtChannelProcessingComplete of server in root",
  },
  { // kmcl.md S8
    fact: "Pause returns without Suspend",
    plant: ({ serverEnd: endpoint }) => [
      { kind: "waitBegins", call: "VmbChannelPause", endpoint, wait: 99, isTimed: false },
      { kind: "waitReturns", call: "VmbChannelPause", endpoint, wait: 99, status: null },
    ],
    found: "callbacks: S8: when Pause returns, VmbChannelPause of server in root",
  },
  { // kmcl.md S8
    fact: "Pause returns while the driver holds a packet",
    plant: (at) => {
      const { serverEnd: endpoint } = at;
      return [
        arrives(at, 1, 0),
        returns(at, PACKET),
        { kind: "waitBegins", call: "VmbChannelPause", endpoint, wait: 99, isTimed: false },
        begins(at, "EvtChannelSuspend"),
        returns(at, "EvtChannelSuspend"),
        { kind: "waitReturns", call: "VmbChannelPause", endpoint, wait: 99, status: null },
      ];
    },
    found: "callbacks: S8: when Pause returns, VmbChannelPause of server in root",
  },
  { // kmcl.md S10
    fact: "PostStarted is called while the channel leaves",
    plant: (at) => [
      begins(at, "EvtChannelSuspend"),
      returns(at, "EvtChannelSuspend"),
      begins(at, "EvtChannelStarted"),
      { kind: "channelChanges", endpoint: at.serverEnd, event: "disable" },
      returns(at, "EvtChannelStarted"),
      begins(at, "EvtChannelPostStarted"),
    ],
    found: "callbacks: S4: when PostStarted is called, EvtChannelPostStarted of server in root",
  },
  { // kmcl.md S10
    fact: "a close is told while the driver holds a packet",
    plant: (at) => [
      arrives(at, 1, 0),
      returns(at, PACKET),
      begins(at, "EvtChannelSuspend"),
      returns(at, "EvtChannelSuspend"),
      { kind: "channelChanges", endpoint: at.clientEnd, event: "peerClosed" },
    ],
    found: "callbacks: S10: when the opposite side is told, close of server in root",
  },
  { // kmcl.md S11
    fact: "Disable returns before PnpFailure does",
    plant: (at) => {
      const { clientEnd: endpoint } = at;
      const call = "VmbChannelDisable";
      return [
        { kind: "channelChanges", endpoint, event: "openedFailed" },
        { kind: "waitBegins", call, endpoint, wait: 99, isTimed: false },
        { ...begins(at, "EvtChannelPnpFailure"), endpoint } as Observation,
        { kind: "waitReturns", call, endpoint, wait: 99, status: null },
      ];
    },
    found: "callbacks: S11: when Disable returns, VmbChannelDisable of client in guest",
  },
  { // kmcl.md S11
    fact: "Disable returns without Closed",
    plant: ({ serverEnd: endpoint }) => [
      { kind: "waitBegins", call: "VmbChannelDisable", endpoint, wait: 99, isTimed: false },
      { kind: "waitReturns", call: "VmbChannelDisable", endpoint, wait: 99, status: null },
    ],
    found: "callbacks: S11: when Disable returns, VmbChannelDisable of server in root",
  },
]);
