/**
 * The two tables as types: every documented function as a method that does not use `this`.
 *
 * A handle may be null: that is an invalid handle, like any other value in its place.
 *
 * @module
 */

import type { INTERFACE } from "./interface_header.ts";
import type { KmclChannelFunctions } from "./table_channel.ts";
import type { KmclPacketFunctions } from "./table_packet.ts";
import type { KmclServerOnlyMethods } from "./table_server.ts";

/** The functions for either endpoint and for clients: `KMCL_CLIENT_INTERFACE_V1`. */
export interface KmclClientInterfaceV1
  extends INTERFACE, KmclChannelFunctions, KmclPacketFunctions {}

/** The client's functions and the server's own: `KMCL_SERVER_INTERFACE_V1`. */
export interface KmclServerInterfaceV1 extends KmclClientInterfaceV1, KmclServerOnlyMethods {}

/** The client's table as the header spells it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_kmcl_client_interface_v1 | KMCL_CLIENT_INTERFACE_V1} */
export type KMCL_CLIENT_INTERFACE_V1 = KmclClientInterfaceV1;
/** The server's table as the header spells it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_kmcl_server_interface_v1 | KMCL_SERVER_INTERFACE_V1} */
export type KMCL_SERVER_INTERFACE_V1 = KmclServerInterfaceV1;
/** What the server's table has on top, as the header spells it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_kmcl_server_only_methods | KMCL_SERVER_ONLY_METHODS} */
export type KMCL_SERVER_ONLY_METHODS = KmclServerOnlyMethods;
