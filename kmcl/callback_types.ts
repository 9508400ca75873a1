/**
 * Types of the callbacks and of their structure under the names that the header spells.
 *
 * @module
 */

import type {
  EvtChannelOpened,
  EvtChannelPnpFailure,
  EvtChannelProcessingComplete,
  EvtChannelProcessPacket,
  EvtChannelRestorePacket,
  EvtChannelSavePacket,
  EvtChannelStateChange,
  EvtPacketCompletionRoutine,
  StateChangeCallbacks,
} from "./callbacks.ts";

/** The state change callbacks of a channel. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_vmb_channel_state_change_callbacks | VMB_CHANNEL_STATE_CHANGE_CALLBACKS} */
export type VMB_CHANNEL_STATE_CHANGE_CALLBACKS = StateChangeCallbacks;

/** EvtChannelOpened. */
export type EVT_VMB_CHANNEL_OPENED = EvtChannelOpened;
/** EvtChannelClosed. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_closed | EVT_VMB_CHANNEL_CLOSED} */
export type EVT_VMB_CHANNEL_CLOSED = EvtChannelStateChange;
/** EvtChannelSuspend. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_suspend | EVT_VMB_CHANNEL_SUSPEND} */
export type EVT_VMB_CHANNEL_SUSPEND = EvtChannelStateChange;
/** EvtChannelStarted. */
export type EVT_VMB_CHANNEL_STARTED = EvtChannelStateChange;
/** EvtChannelPostStarted. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_post_started | EVT_VMB_CHANNEL_POST_STARTED} */
export type EVT_VMB_CHANNEL_POST_STARTED = EvtChannelStateChange;
/** EvtChannelProcessPacket. */
export type EVT_VMB_CHANNEL_PROCESS_PACKET = EvtChannelProcessPacket;
/** EvtChannelProcessingComplete. */
export type EVT_VMB_CHANNEL_PROCESSING_COMPLETE = EvtChannelProcessingComplete;
/** EvtChannelSavePacket. */
export type EVT_VMB_CHANNEL_SAVE_PACKET = EvtChannelSavePacket;
/** EvtChannelRestorePacket. */
export type EVT_VMB_CHANNEL_RESTORE_PACKET = EvtChannelRestorePacket;
/** EvtChannelPnpFailure. */
export type EVT_VMB_CHANNEL_PNP_FAILURE = EvtChannelPnpFailure;
/** EvtPacketCompletionRoutine. */
export type EVT_VMB_PACKET_COMPLETION_ROUTINE = EvtPacketCompletionRoutine;
/** Points to EvtChannelOpened. */
export type PFN_VMB_CHANNEL_OPENED = EVT_VMB_CHANNEL_OPENED;
/** Points to EvtChannelClosed. */
export type PFN_VMB_CHANNEL_CLOSED = EVT_VMB_CHANNEL_CLOSED;
/** Points to EvtChannelSuspend. */
export type PFN_VMB_CHANNEL_SUSPEND = EVT_VMB_CHANNEL_SUSPEND;
/** Points to EvtChannelStarted. */
export type PFN_VMB_CHANNEL_STARTED = EVT_VMB_CHANNEL_STARTED;
/** Points to EvtChannelPostStarted. */
export type PFN_VMB_CHANNEL_POST_STARTED = EVT_VMB_CHANNEL_POST_STARTED;
/** Points to EvtChannelProcessPacket. */
export type PFN_VMB_CHANNEL_PROCESS_PACKET = EVT_VMB_CHANNEL_PROCESS_PACKET;
/** Points to EvtChannelProcessingComplete. */
export type PFN_VMB_CHANNEL_PROCESSING_COMPLETE = EVT_VMB_CHANNEL_PROCESSING_COMPLETE;
/** Points to EvtChannelSavePacket. */
export type PFN_VMB_CHANNEL_SAVE_PACKET = EVT_VMB_CHANNEL_SAVE_PACKET;
/** Points to EvtChannelRestorePacket. */
export type PFN_VMB_CHANNEL_RESTORE_PACKET = EVT_VMB_CHANNEL_RESTORE_PACKET;
/** Points to EvtChannelPnpFailure. */
export type PFN_VMB_CHANNEL_PNP_FAILURE = EVT_VMB_CHANNEL_PNP_FAILURE;
/** Points to EvtPacketCompletionRoutine. */
export type PFN_VMB_PACKET_COMPLETION_ROUTINE = EVT_VMB_PACKET_COMPLETION_ROUTINE;
