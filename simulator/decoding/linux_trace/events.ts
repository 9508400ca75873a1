/**
 * The trace events of Linux's VMBus driver, by name: what each prints, and what it tells of. The fields have the names
 * that a control message's own layout has for them.
 *
 * @module
 */

import { formsOf } from "../../../core/control/layouts.ts";
import type { ControlMessageName } from "../../../core/control/messages.ts";
import { type PrintedValue, PrintFormat, type Requirement } from "./print_format.ts";

/** What an event tells of. */
export type LinuxEvent =
  /** A control message that the guest has posted, and what came of that: `ret` is 0, or an error number below it. */
  | { readonly tells: "sent"; readonly message: ControlMessageName; readonly format: PrintFormat }
  /** A control message that the guest deals with. */
  | { readonly tells: "heard"; readonly message: ControlMessageName; readonly format: PrintFormat }
  /** The number of a message that lies in the guest's slot, or that is dealt with in its turn. */
  | { readonly tells: "slot" | "turn"; readonly format: PrintFormat }
  /** A signal. */
  | { readonly tells: "signal"; readonly event: string; readonly format: PrintFormat };

/** A printed value as a message has it: `%d` prints the upper half of the numbers as negative ones, and flags as numbers. */
export function fieldOf(isFlag: boolean, value: PrintedValue): PrintedValue | boolean {
  if (isFlag) return (Number(value) & 1) !== 0;
  return typeof value === "number" && value < 0 && value >= -(2 ** 31) ? value >>> 0 : value;
}

/** The values that fields of a message can have: a trace is written by others, and says what it likes. */
function fieldsOfMessage(message: ControlMessageName): Requirement {
  const { fields } = formsOf(message).at(-1)!;
  return (name, value) => {
    const type = Object.hasOwn(fields, name) ? fields[name]!.type : null;
    return type === null || type.fits(fieldOf(type.kind === "bit", value)) ? null : type.form;
  };
}

const sent = (message: ControlMessageName, fields: string): LinuxEvent => ({
  tells: "sent",
  message,
  format: new PrintFormat(`${fields}ret {ret:d}`, fieldsOfMessage(message)),
});

const heard = (message: ControlMessageName, fields: string): LinuxEvent => ({
  tells: "heard",
  message,
  format: new PrintFormat(fields, fieldsOfMessage(message)),
});

const signal = (event: string): LinuxEvent => ({
  tells: "signal",
  event,
  format: new PrintFormat("relid {channelId:x}"),
});

const NUMBER = new PrintFormat("msgtype={messageType:d}");

/** The events, as `events/hyperv` of tracefs has them: those that are about the bus begin with `vmbus_`. */
export const LINUX_EVENTS: ReadonlyMap<string, LinuxEvent> = new Map<string, LinuxEvent>([
  ["vmbus_on_msg_dpc", { tells: "slot", format: NUMBER }],
  ["vmbus_on_message", { tells: "turn", format: NUMBER }],
  [
    "vmbus_onoffer",
    heard(
      "offerChannel",
      "child_relid {channelId:x}, monitorid {monitorId:x}, is_dedicated {isDedicated:d:is_ddc_int}, connection_id {connectionId:x}, " +
        "if_type {interfaceId:g}, if_instance {instanceId:g}, chn_flags {flags:x}, mmio_megabytes {mmioMegabytes:d:mmio_mb}, " +
        "sub_channel_index {subchannelIndex:d:sub_idx}",
    ),
  ],
  ["vmbus_onoffer_rescind", heard("rescindChannelOffer", "child_relid {channelId:x}")],
  [
    "vmbus_onopen_result",
    heard("openResult", "child_relid {channelId:x}, openid {openId:d}, status {status:d}"),
  ],
  [
    "vmbus_ongpadl_created",
    heard(
      "gpadlCreated",
      "child_relid {channelId:x}, gpadl {gpadlId:x}, creation_status {status:d:status}",
    ),
  ],
  [
    "vmbus_onmodifychannel_response",
    heard("modifyChannelResponse", "child_relid {channelId:x}, status {status:d}"),
  ],
  ["vmbus_ongpadl_torndown", heard("gpadlTorndown", "gpadl {gpadlId:x}")],
  ["vmbus_onversion_response", heard("versionResponse", "version_supported {supported:d:ver}")],
  ["vmbus_request_offers", sent("requestOffers", "sending ")],
  [
    "vmbus_open",
    sent(
      "openChannel",
      "sending child_relid {channelId:x}, openid {openId:d}, gpadlhandle {ringGpadlId:x}, target_vp {targetVp:x}, " +
        "offset {downstreamPageOffset:x}, ",
    ),
  ],
  ["vmbus_close_internal", sent("closeChannel", "sending child_relid {channelId:x}, ")],
  [
    "vmbus_establish_gpadl_header",
    sent(
      "gpadlHeader",
      "sending child_relid {channelId:x}, gpadl {gpadlId:x}, range_buflen {byteLength:d} rangecount {rangeCount:d}, ",
    ),
  ],
  [
    "vmbus_establish_gpadl_body",
    sent("gpadlBody", "sending msgnumber {messageNumber:d}, gpadl {gpadlId:x}, "),
  ],
  [
    "vmbus_teardown_gpadl",
    sent("gpadlTeardown", "sending child_relid {channelId:x}, gpadl {gpadlId:x}, "),
  ],
  [
    "vmbus_negotiate_version",
    sent(
      "initiateContact",
      "sending vmbus_version_requested {version:d:ver}, target_vcpu {targetMessageVp:x}, " +
        "pages {targetInfo:h:int_page}:{parentToChildMonitorGpa:h:mon_page1}:{childToParentMonitorGpa:h:mon_page2}, ",
    ),
  ],
  ["vmbus_release_relid", sent("relIdReleased", "sending child_relid {channelId:x}, ")],
  [
    "vmbus_send_tl_connect_request",
    sent(
      "tlConnectRequest",
      "sending guest_endpoint_id {endpointId:g:guest_id}, host_service_id {serviceId:g:host_id}, ",
    ),
  ],
  [
    "vmbus_send_modifychannel",
    sent("modifyChannel", "binding child_relid {channelId:x} to target_vp {targetVp:x}, "),
  ],
  ["vmbus_setevent", signal("interruptToHost")],
  ["vmbus_chan_sched", signal("interruptToGuest")],
  ["vmbus_channel_isr", signal("interruptToGuest")],
  ["vmbus_on_event", signal("interruptHandled")],
]);

/**
 * Messages to the guest that no event of their own tells of; with each, whether it waits for its turn, which another
 * event tells of, as offers do.
 */
export const UNNAMED: ReadonlyMap<ControlMessageName, "slot" | "turn"> = new Map([
  ["allOffersDelivered", "turn"],
  ["unloadComplete", "slot"],
  ["closeReservedResponse", "slot"],
  ["tlConnectResult", "slot"],
  ["modifyConnectionResponse", "slot"],
  ["pauseResponse", "slot"],
]);
