/**
 * The two tables as types: every documented function as a method that does not use `this`.
 *
 * A handle may be null: that is an invalid handle, like any other value in its place.
 *
 * @module
 */

import type { INTERFACE } from "./interface_header.ts";
import type { KmclChannelFunctions } from "./table_channel.ts";
import type {
  KmclFunctionsV2,
  KmclFunctionsV3,
  KmclFunctionsV4,
  KmclFunctionsV5,
  KmclServerOnlyFunctionsV5,
} from "./table_later.ts";
import type { KmclPacketFunctions } from "./table_packet.ts";
import type { KmclServerOnlyMethods } from "./table_server.ts";

/** The functions for either endpoint and for clients: `KMCL_CLIENT_INTERFACE_V1`. */
export interface KmclClientInterfaceV1
  extends INTERFACE, KmclChannelFunctions, KmclPacketFunctions {}

/** The client's functions and the server's own: `KMCL_SERVER_INTERFACE_V1`. */
export interface KmclServerInterfaceV1 extends KmclClientInterfaceV1, KmclServerOnlyMethods {}

/** `KMCL_CLIENT_INTERFACE_V2`: version 1, and client contexts and device objects. Our reading. */
export interface KmclClientInterfaceV2 extends KmclClientInterfaceV1, KmclFunctionsV2 {}
/** `KMCL_SERVER_INTERFACE_V2`: version 2 of the client's, and the server's own functions. Our reading. */
export interface KmclServerInterfaceV2 extends KmclClientInterfaceV2, KmclServerOnlyMethods {}

/** `KMCL_CLIENT_INTERFACE_V3`: version 2, and bounce buffers. Our reading. */
export interface KmclClientInterfaceV3 extends KmclClientInterfaceV2, KmclFunctionsV3 {}
/** `KMCL_SERVER_INTERFACE_V3`: version 3 of the client's, and the server's own functions. Our reading. */
export interface KmclServerInterfaceV3 extends KmclClientInterfaceV3, KmclServerOnlyMethods {}

/** `KMCL_CLIENT_INTERFACE_V4`: version 3, and the number of packets and GPADLs of PFNs. Our reading. */
export interface KmclClientInterfaceV4 extends KmclClientInterfaceV3, KmclFunctionsV4 {}
/** `KMCL_SERVER_INTERFACE_V4`: version 4 of the client's, and the server's own functions. Our reading. */
export interface KmclServerInterfaceV4 extends KmclClientInterfaceV4, KmclServerOnlyMethods {}

/** `KMCL_CLIENT_INTERFACE_V5`: version 4, and what version 5 adds. Our reading. */
export interface KmclClientInterfaceV5 extends KmclClientInterfaceV4, KmclFunctionsV5 {}
/** The server's own functions of version 5. Our reading. */
export interface KmclServerOnlyMethodsV5 extends KmclServerOnlyMethods, KmclServerOnlyFunctionsV5 {}
/** `KMCL_SERVER_INTERFACE_V5`: version 5 of the client's, and the server's own functions. Our reading. */
export interface KmclServerInterfaceV5 extends KmclClientInterfaceV5, KmclServerOnlyMethodsV5 {}

/** The tables of the client interface by version. */
export interface ClientTables {
  /** Version 1. */
  readonly 1: KmclClientInterfaceV1;
  /** Version 2. */
  readonly 2: KmclClientInterfaceV2;
  /** Version 3. */
  readonly 3: KmclClientInterfaceV3;
  /** Version 4. */
  readonly 4: KmclClientInterfaceV4;
  /** Version 5. */
  readonly 5: KmclClientInterfaceV5;
}

/** The tables of the server interface by version. */
export interface ServerTables {
  /** Version 1. */
  readonly 1: KmclServerInterfaceV1;
  /** Version 2. */
  readonly 2: KmclServerInterfaceV2;
  /** Version 3. */
  readonly 3: KmclServerInterfaceV3;
  /** Version 4. */
  readonly 4: KmclServerInterfaceV4;
  /** Version 5. */
  readonly 5: KmclServerInterfaceV5;
}

/** The client's table as the header spells it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_kmcl_client_interface_v1 | KMCL_CLIENT_INTERFACE_V1} */
export type KMCL_CLIENT_INTERFACE_V1 = KmclClientInterfaceV1;
/** The server's table as the header spells it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_kmcl_server_interface_v1 | KMCL_SERVER_INTERFACE_V1} */
export type KMCL_SERVER_INTERFACE_V1 = KmclServerInterfaceV1;
/** What the server's table has on top, as the header spells it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_kmcl_server_only_methods | KMCL_SERVER_ONLY_METHODS} */
export type KMCL_SERVER_ONLY_METHODS = KmclServerOnlyMethods;
/** The client's table of version 2, under a name as the header's. */
export type KMCL_CLIENT_INTERFACE_V2 = KmclClientInterfaceV2;
/** The server's table of version 2, under a name as the header's. */
export type KMCL_SERVER_INTERFACE_V2 = KmclServerInterfaceV2;
/** The client's table of version 3, under a name as the header's. */
export type KMCL_CLIENT_INTERFACE_V3 = KmclClientInterfaceV3;
/** The server's table of version 3, under a name as the header's. */
export type KMCL_SERVER_INTERFACE_V3 = KmclServerInterfaceV3;
/** The client's table of version 4, under a name as the header's. */
export type KMCL_CLIENT_INTERFACE_V4 = KmclClientInterfaceV4;
/** The server's table of version 4, under a name as the header's. */
export type KMCL_SERVER_INTERFACE_V4 = KmclServerInterfaceV4;
/** The client's table of version 5, under a name as the header's. */
export type KMCL_CLIENT_INTERFACE_V5 = KmclClientInterfaceV5;
/** The server's table of version 5, under a name as the header's. */
export type KMCL_SERVER_INTERFACE_V5 = KmclServerInterfaceV5;
