// Each checker must be able to fail: events that never happened are told to it, and it finds them out.

import type { Observation } from "../../../actors/runtime/observation.ts";
import * as vmbus from "../../../mod.ts";
import { boundsChecker } from "../../../simulator/checkers/bounds.ts";
import { functionsChecker } from "../../../simulator/checkers/functions.ts";
import { protocolChecker } from "../../../simulator/checkers/protocol.ts";
import { trafficChecker } from "../../../simulator/checkers/traffic.ts";
import { transactionsChecker } from "../../../simulator/checkers/transactions.ts";
import {
  arrives,
  BYTES,
  ends,
  enters,
  queued,
  retired,
  returns,
  testPlanted,
} from "../../support/planted_events.ts";

testPlanted(transactionsChecker, [
  { // kmcl.md P1
    fact: "a transaction ends twice",
    plant: (at) => [enters(at, 0, false), ends(at, 0, 0), ends(at, 0, 0)],
    found: "transactions: P1: a transaction ends once, end of a packet of client in guest",
  },
  { // kmcl.md P1
    fact: "one succeeds that never was in the ring",
    plant: (at) => [queued(at, 0), ends(at, 0, 0)],
    found: "transactions: P1: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md P1
    fact: "one succeeds without the completion that it wanted",
    plant: (at) => [enters(at, 0, true), ends(at, 0, 0)],
    found: "transactions: P1: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md P1
    fact: "one is answered that wanted no completion",
    plant: (at) => [enters(at, 0, false), ends(at, 0, 0, BYTES)],
    found: "transactions: P1: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md S15
    fact: "what was sent is cancelled",
    plant: (at) => [enters(at, 0), ends(at, 0, vmbus.STATUS_CANCELLED)],
    found: "transactions: S15: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md S15
    fact: "the device is removed while the channel stays",
    plant: (at) => [enters(at, 0), ends(at, 0, vmbus.STATUS_DEVICE_REMOVED)],
    found: "transactions: S15: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md P7
    fact: "what was sent was too large",
    plant: (at) => [enters(at, 0), ends(at, 0, vmbus.STATUS_INVALID_BUFFER_SIZE)],
    found: "transactions: P7: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md P1
    fact: "a transaction ends with a status of its own",
    plant: (at) => [enters(at, 0), ends(at, 0, vmbus.STATUS_TIMEOUT)],
    found: "transactions: P1: how a transaction ends, end of a packet of client in guest",
  },
  { // kmcl.md P4
    fact: "a packet in a transaction is sent",
    plant: (at) => [enters(at, 0), enters(at, 0)],
    found: "transactions: P4: one transaction at a time, packet of client in guest",
  },
  { // kmcl.md S11
    fact: "Disable returns before a transaction has ended",
    plant: (at) => {
      const { clientEnd: endpoint } = at;
      endpoint.crashed(); // it is Disabled
      const call = "VmbChannelDisable";
      return [enters(at, 0), { kind: "waitReturns", call, endpoint, wait: 99, status: null }];
    },
    found: "transactions: S11: transactions end before Disable returns, " +
      "VmbChannelDisable of client in guest",
  },
  { // kmcl.md Y1
    fact: "a request without timeout is cancelled",
    plant: ({ clientEnd: endpoint }) => {
      const call = "VmbChannelSendSynchronousRequest";
      const status = vmbus.STATUS_CANCELLED;
      return [
        { kind: "waitBegins", call, endpoint, wait: 99, isTimed: false },
        { kind: "waitReturns", call, endpoint, wait: 99, status },
      ];
    },
    found: "transactions: Y1: how a request ends, " +
      "VmbChannelSendSynchronousRequest of client in guest",
  },
]);

testPlanted(trafficChecker, [
  { // kmcl.md P3
    fact: "a packet overtakes one that waits",
    plant: (at) => {
      at.vsc.VmbPacketAllocate(at.client); // packet 0, which may still enter
      return [queued(at, 0), enters(at, 1)];
    },
    found: "traffic: P3: packets enter the ring as they were sent, packet of client in guest",
  },
  { // kmcl.md P8
    fact: "a packet has other bytes in the ring",
    plant: (at) => [queued(at, 0), enters(at, 0, true, BYTES.toReversed())],
    found: "traffic: P8: a payload is copied, packet of client in guest",
  },
  { // kmcl.md R2
    fact: "packets arrive in another order",
    plant: (at) => [enters(at, 0), enters(at, 1), arrives(at, 1, 1)],
    found: "traffic: R2: packets arrive as they entered the ring, arrival of server in root",
  },
  { // kmcl.md R2
    fact: "a packet arrives that nobody sent",
    plant: (at) => [arrives(at, 1, 0)],
    found: "traffic: R2: packets arrive as they entered the ring, arrival of server in root",
  },
  { // kmcl.md P8
    fact: "a packet arrives with other bytes",
    plant: (at) => [enters(at, 0), arrives(at, 1, 0, { payload: BYTES.toReversed() })],
    found: "traffic: P8: what arrives is what was sent, arrival of server in root",
  },
  { // kmcl.md P8
    fact: "a packet arrives shorter than it was",
    plant: (at) => [enters(at, 0), arrives(at, 1, 0, { payload: BYTES.subarray(4) })],
    found: "traffic: P8: what arrives is what was sent, arrival of server in root",
  },
  { // kmcl.md P1
    fact: "an answer is another one",
    plant: (at) => [
      enters(at, 0),
      arrives(at, 1, 0),
      retired(at, 1),
      { kind: "packetSettled", endpoint: at.serverEnd, packet: 1, isAnswered: true },
      ends(at, 0, 0, BYTES.toReversed()),
    ],
    found: "traffic: P8: what arrives is what was sent, completion of client in guest",
  },
  { // kmcl.md R5
    fact: "completions come in another order",
    plant: (at) => [
      enters(at, 0),
      enters(at, 1),
      arrives(at, 1, 0),
      returns(at, "EvtChannelProcessPacket"),
      retired(at, 1),
      { kind: "packetSettled", endpoint: at.serverEnd, packet: 1, isAnswered: true },
      ends(at, 1, 0, BYTES),
    ],
    found: "traffic: R2: packets arrive as they entered the ring, arrival of client in guest",
  },
]);

testPlanted(boundsChecker, [
  { // kmcl.md P5
    fact: "a packet is larger than it may be",
    plant: (at) => [enters(at, 0, false, new Uint8Array(4097))],
    found: "bounds: P5: packets have their bound, packet of client in guest",
  },
  { // kmcl.md R4
    fact: "more packets are out than the quota lets",
    plant: (at) => {
      at.vsp.VmbChannelSetTransactionQuota(at.server, 1);
      return [arrives(at, 1, 0), arrives(at, 2, 1)];
    },
    found: "bounds: R4: the quota is kept, EvtChannelProcessPacket of server in root",
  },
]);

testPlanted(functionsChecker, [
  { // kmcl.md section 5
    fact: "a function returns a status that is not documented for it",
    plant: ({ serverEnd: endpoint }) => {
      const status = vmbus.STATUS_TIMEOUT;
      return [{
        kind: "functionReturns",
        call: "VmbChannelEnable",
        endpoint,
        status,
        result: status,
      }];
    },
    found: "functions: section 5: statuses, VmbChannelEnable of server in root",
  },
  { // kmcl.md G3
    fact: "a GPADL handle is given twice",
    plant: ({ clientEnd: endpoint }) => {
      const call = "VmbChannelCreateGpadlFromMdl";
      const result = { status: 0, gpadlHandle: 7 };
      const returned: Observation = { kind: "functionReturns", call, endpoint, status: 0, result };
      return [returned, returned];
    },
    found: "functions: G3: GPADL handles, VmbChannelCreateGpadlFromMdl of client in guest",
  },
]);

testPlanted(protocolChecker, [
  { // wire.md 1.9
    fact: "an honest side has a fault",
    plant: ({ serverEnd: endpoint }) => [
      { kind: "channelFaults", endpoint, fault: "invalidWriteIndex" },
    ],
    found: "protocol: wire.md 1.9: an honest side has no fault, server in root",
  },
]);
