/**
 * The NTSTATUS values that the documents name (kmcl.md section 10).
 *
 * @module
 */

/** A status as the kernel returns it: an unsigned 32-bit number. */
export type NtStatus = number;

/** `0x00000000`: The call did what it says. */
export const STATUS_SUCCESS = 0x0000_0000 as const;
/** `0x00000102`: The wait ended before what it waited for happened. */
export const STATUS_TIMEOUT = 0x0000_0102 as const;
/** `0x00000103`: Under way: the answer comes later. */
export const STATUS_PENDING = 0x0000_0103 as const;
/** `0x80000005`: Some of the data fits, more remains; for a synchronous request: it did not fit and was not queued. */
export const STATUS_BUFFER_OVERFLOW = 0x8000_0005 as const;
/** `0xC0000001`: Refused, without a more telling reason. */
export const STATUS_UNSUCCESSFUL = 0xC000_0001 as const;
/** `0xC0000008`: The value is not a live handle. */
export const STATUS_INVALID_HANDLE = 0xC000_0008 as const;
/** `0xC000000D`: The arguments do not fit each other. */
export const STATUS_INVALID_PARAMETER = 0xC000_000D as const;
/** `0xC0000010`: The object is not set up for this call. */
export const STATUS_INVALID_DEVICE_REQUEST = 0xC000_0010 as const;
/** `0xC0000011`: The stream has ended: nothing more comes. */
export const STATUS_END_OF_FILE = 0xC000_0011 as const;
/** `0xC0000016`: These chunks were fine, more exist. */
export const STATUS_MORE_PROCESSING_REQUIRED = 0xC000_0016 as const;
/** `0xC0000022`: Write access to memory that is shared for reading. */
export const STATUS_ACCESS_DENIED = 0xC000_0022 as const;
/** `0xC0000023`: The buffer is smaller than what must be written. */
export const STATUS_BUFFER_TOO_SMALL = 0xC000_0023 as const;
/** `0xC0000035`: The name or instance is already in use. */
export const STATUS_OBJECT_NAME_COLLISION = 0xC000_0035 as const;
/** `0xC000003E`: The data is damaged. */
export const STATUS_DATA_ERROR = 0xC000_003E as const;
/** `0xC0000043`: The memory is mapped already. */
export const STATUS_SHARING_VIOLATION = 0xC000_0043 as const;
/** `0xC0000059`: The data has another version or belongs to another configuration. */
export const STATUS_REVISION_MISMATCH = 0xC000_0059 as const;
/** `0xC000009A`: Memory or identifiers have run out. */
export const STATUS_INSUFFICIENT_RESOURCES = 0xC000_009A as const;
/** `0xC00000BB`: This kind of object cannot do this. */
export const STATUS_NOT_SUPPORTED = 0xC000_00BB as const;
/** `0xC00000EF`: The first argument, as a rule the handle, is invalid or in an invalid state. */
export const STATUS_INVALID_PARAMETER_1 = 0xC000_00EF as const;
/** `0xC00000F0`: Argument 2 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_2 = 0xC000_00F0 as const;
/** `0xC00000F1`: Argument 3 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_3 = 0xC000_00F1 as const;
/** `0xC00000F2`: Argument 4 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_4 = 0xC000_00F2 as const;
/** `0xC00000F3`: Argument 5 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_5 = 0xC000_00F3 as const;
/** `0xC00000F4`: Argument 6 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_6 = 0xC000_00F4 as const;
/** `0xC00000F5`: Argument 7 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_7 = 0xC000_00F5 as const;
/** `0xC00000F6`: Argument 8 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_8 = 0xC000_00F6 as const;
/** `0xC00000F7`: Argument 9 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_9 = 0xC000_00F7 as const;
/** `0xC00000F8`: Argument 10 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_10 = 0xC000_00F8 as const;
/** `0xC00000F9`: Argument 11 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_11 = 0xC000_00F9 as const;
/** `0xC00000FA`: Argument 12 is invalid, counted from 1. */
export const STATUS_INVALID_PARAMETER_12 = 0xC000_00FA as const;
/** `0xC0000120`: The transaction was withdrawn before it ended. */
export const STATUS_CANCELLED = 0xC000_0120 as const;
/** `0xC0000184`: The object's state does not allow this. */
export const STATUS_INVALID_DEVICE_STATE = 0xC000_0184 as const;
/** `0xC0000206`: The data exceeds what the channel can carry. */
export const STATUS_INVALID_BUFFER_SIZE = 0xC000_0206 as const;
/** `0xC000020D`: The opposite side has closed, or broke the protocol, before its stream had ended. */
export const STATUS_CONNECTION_RESET = 0xC000_020D as const;
/** `0xC0000225`: There is no such thing. */
export const STATUS_NOT_FOUND = 0xC000_0225 as const;
/** `0xC0000236`: Nobody listens at the other end. */
export const STATUS_CONNECTION_REFUSED = 0xC000_0236 as const;
/** `0xC00002B6`: The channel is gone or going. */
export const STATUS_DEVICE_REMOVED = 0xC000_02B6 as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [STATUS_SUCCESS, "STATUS_SUCCESS"],
  [STATUS_TIMEOUT, "STATUS_TIMEOUT"],
  [STATUS_PENDING, "STATUS_PENDING"],
  [STATUS_BUFFER_OVERFLOW, "STATUS_BUFFER_OVERFLOW"],
  [STATUS_UNSUCCESSFUL, "STATUS_UNSUCCESSFUL"],
  [STATUS_INVALID_HANDLE, "STATUS_INVALID_HANDLE"],
  [STATUS_INVALID_PARAMETER, "STATUS_INVALID_PARAMETER"],
  [STATUS_INVALID_DEVICE_REQUEST, "STATUS_INVALID_DEVICE_REQUEST"],
  [STATUS_END_OF_FILE, "STATUS_END_OF_FILE"],
  [STATUS_MORE_PROCESSING_REQUIRED, "STATUS_MORE_PROCESSING_REQUIRED"],
  [STATUS_ACCESS_DENIED, "STATUS_ACCESS_DENIED"],
  [STATUS_BUFFER_TOO_SMALL, "STATUS_BUFFER_TOO_SMALL"],
  [STATUS_OBJECT_NAME_COLLISION, "STATUS_OBJECT_NAME_COLLISION"],
  [STATUS_DATA_ERROR, "STATUS_DATA_ERROR"],
  [STATUS_SHARING_VIOLATION, "STATUS_SHARING_VIOLATION"],
  [STATUS_REVISION_MISMATCH, "STATUS_REVISION_MISMATCH"],
  [STATUS_INSUFFICIENT_RESOURCES, "STATUS_INSUFFICIENT_RESOURCES"],
  [STATUS_NOT_SUPPORTED, "STATUS_NOT_SUPPORTED"],
  [STATUS_INVALID_PARAMETER_1, "STATUS_INVALID_PARAMETER_1"],
  [STATUS_INVALID_PARAMETER_2, "STATUS_INVALID_PARAMETER_2"],
  [STATUS_INVALID_PARAMETER_3, "STATUS_INVALID_PARAMETER_3"],
  [STATUS_INVALID_PARAMETER_4, "STATUS_INVALID_PARAMETER_4"],
  [STATUS_INVALID_PARAMETER_5, "STATUS_INVALID_PARAMETER_5"],
  [STATUS_INVALID_PARAMETER_6, "STATUS_INVALID_PARAMETER_6"],
  [STATUS_INVALID_PARAMETER_7, "STATUS_INVALID_PARAMETER_7"],
  [STATUS_INVALID_PARAMETER_8, "STATUS_INVALID_PARAMETER_8"],
  [STATUS_INVALID_PARAMETER_9, "STATUS_INVALID_PARAMETER_9"],
  [STATUS_INVALID_PARAMETER_10, "STATUS_INVALID_PARAMETER_10"],
  [STATUS_INVALID_PARAMETER_11, "STATUS_INVALID_PARAMETER_11"],
  [STATUS_INVALID_PARAMETER_12, "STATUS_INVALID_PARAMETER_12"],
  [STATUS_CANCELLED, "STATUS_CANCELLED"],
  [STATUS_INVALID_DEVICE_STATE, "STATUS_INVALID_DEVICE_STATE"],
  [STATUS_INVALID_BUFFER_SIZE, "STATUS_INVALID_BUFFER_SIZE"],
  [STATUS_CONNECTION_RESET, "STATUS_CONNECTION_RESET"],
  [STATUS_NOT_FOUND, "STATUS_NOT_FOUND"],
  [STATUS_CONNECTION_REFUSED, "STATUS_CONNECTION_REFUSED"],
  [STATUS_DEVICE_REMOVED, "STATUS_DEVICE_REMOVED"],
]);

/**
 * Whether `status` is a success: as a signed 32-bit number it is not negative.
 * False for STATUS_BUFFER_OVERFLOW and STATUS_MORE_PROCESSING_REQUIRED.
 */
export function NT_SUCCESS(status: NtStatus): boolean {
  return (status | 0) >= 0;
}

/** The documented name of `status`, such as `"STATUS_SUCCESS"`; undefined where it has none here. */
export function ntStatusName(status: NtStatus): string | undefined {
  return NAMES.get(status);
}

/** The statuses by their documented names: what layouts show of them. */
export const NT_STATUS_NAMES: Readonly<Record<string, NtStatus>> = Object.fromEntries(
  Array.from(NAMES, ([status, name]) => [name, status]),
);
