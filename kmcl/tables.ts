/**
 * The two tables as types: every documented function as a method that does not use `this`.
 *
 * Handles may be null: that is an invalid handle, like anything else in a handle's place.
 *
 * @module
 */

import type { KmclChannelFunctions } from "./table_channel.ts";
import type { KmclPacketFunctions } from "./table_packet.ts";
import type { KmclServerOnlyMethods } from "./table_server.ts";

/** The functions for either endpoint and for clients: `KMCL_CLIENT_INTERFACE_V1`. */
export interface KmclClientInterfaceV1 extends KmclChannelFunctions, KmclPacketFunctions {}

/** The client's functions and the server's own: `KMCL_SERVER_INTERFACE_V1`. */
export interface KmclServerInterfaceV1 extends KmclClientInterfaceV1, KmclServerOnlyMethods {}
