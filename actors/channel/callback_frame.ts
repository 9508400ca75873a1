/**
 * The frame of a channel's callback: what runs, for whom, and at which level.
 *
 * @module
 */

import type { Frame, Irql } from "../runtime/irql.ts";
import type { ChannelPlace } from "../runtime/violation_details.ts";
import { CALLBACK_NAMES, type CallbackName } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";

/** A callback of an endpoint; one frame serves all its calls. */
export class CallbackFrame implements Frame {
  /** See {@linkcode Frame.name}. */
  readonly name: CallbackName;
  /** See {@linkcode Frame.code}. */
  readonly code: number;
  /** See {@linkcode Frame.irql}. */
  readonly irql: Irql;
  /** See {@linkcode Frame.owner}. */
  readonly owner: EndpointPort;
  /** See {@linkcode Frame.traceId}. */
  readonly traceId: number;
  /** See {@linkcode Frame.partition}. */
  readonly partition: Frame["partition"];

  /** The frame of callback `name` of `owner`. */
  constructor(owner: EndpointPort, name: CallbackName, irql: Irql) {
    this.name = name;
    this.code = CALLBACK_NAMES.indexOf(name);
    this.irql = irql;
    this.owner = owner;
    this.traceId = owner.id;
    this.partition = owner.partition;
  }

  /** See {@linkcode Frame.channel}. */
  get channel(): ChannelPlace {
    return this.owner.place;
  }

  /** See {@linkcode Frame.ownerName}; it follows the friendly name. */
  get ownerName(): string {
    return this.owner.name;
  }
}
